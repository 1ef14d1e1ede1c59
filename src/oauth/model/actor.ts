import type { User } from './account-stores.ts';
import { NotAdministratorError } from './errors.ts';

/** Who manages something: somebody who is logged in, and from where, for the audit log. */
export interface Actor {
  readonly user: Pick<User, 'id' | 'username' | 'role' | 'sandbox'>;
  readonly address: string | null;
}

/** What the audit log says of whoever acts. */
export const auditedActor = ({
  user,
  address,
}: Actor): { readonly userId: string; readonly address: string | null } => ({
  userId: user.id,
  address,
});

/** @throws NotAdministratorError */
export const refuseUnlessAdministrator = ({ user }: Actor): void => {
  if (user.role !== 'admin') throw new NotAdministratorError();
};

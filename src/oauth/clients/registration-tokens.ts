import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { RegistrationToken, RegistrationTokenStore } from '../model/account-stores.ts';
import { type Actor, auditedActor, type AuditLog, refuseUnlessAdministrator } from '../model/audit-log.ts';
import { InvalidAccountError, UnknownAccountError } from '../model/errors.ts';
import { hashSecret, newSecret } from '../model/secrets.ts';

export interface NewRegistrationToken {
  /** A line of text that distinguishes it from others. */
  readonly name: string;
  readonly days: number;
}

/** A registration token that can be seen this once. */
export interface CreatedRegistrationToken {
  readonly token: string;
  readonly registrationToken: RegistrationToken;
}

/** What lets programs register clients (RFC 7591 section 3), for administrators. Everything takes effect at once. */
export interface RegistrationTokens {
  /**
   * @throws NotAdministratorError where the actor is none
   * @throws InvalidAccountError where name or days make no sense
   */
  create(admin: Actor, token: NewRegistrationToken): Promise<CreatedRegistrationToken>;
  /**
   * Those of all administrators that have not expired, the newest first.
   * @throws NotAdministratorError where the actor is none
   */
  list(admin: Actor): Promise<readonly RegistrationToken[]>;
  /**
   * Clients that were registered with it stay.
   * @throws NotAdministratorError where the actor is none
   * @throws UnknownAccountError where there is no such token
   */
  delete(admin: Actor, hash: string): Promise<void>;
}

const DAY_MS = 24 * 3600 * 1000;
const MOST_DAYS = 365;
const NAME = /^(?=.*\S)\P{Cc}{1,100}$/u;

const check = ({ name, days }: NewRegistrationToken): void => {
  if (!NAME.test(name)) throw new InvalidAccountError('name: must be a line of at most 100 characters');
  if (Number.isInteger(days) && days >= 1 && days <= MOST_DAYS) return;
  throw new InvalidAccountError(`days: must be a whole number from 1 to ${MOST_DAYS}`);
};

export const createRegistrationTokens = (deps: {
  readonly registrationTokens: RegistrationTokenStore;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly clock: WallClock;
  readonly ids: IdSource;
}): RegistrationTokens => {
  const { registrationTokens, auditLog, clock, ids } = deps;
  return {
    create: async (admin, wanted) => {
      refuseUnlessAdministrator(admin);
      check(wanted);
      const token = newSecret(ids);
      const createdAt = clock.now();
      const registrationToken = {
        hash: hashSecret(token),
        name: wanted.name,
        createdBy: admin.user.id,
        createdAt,
        expiresAt: createdAt + wanted.days * DAY_MS,
      };
      await registrationTokens.insert(registrationToken);
      auditLog.record('registration_token.created', { ...auditedActor(admin), detail: wanted.name });
      return { token, registrationToken };
    },

    list: async (admin) => {
      refuseUnlessAdministrator(admin);
      return registrationTokens.list(clock.now());
    },

    delete: async (admin, hash) => {
      refuseUnlessAdministrator(admin);
      const known = await registrationTokens.list(clock.now());
      const token = known.find((candidate) => candidate.hash === hash);
      if (token === undefined) throw new UnknownAccountError('There is no such registration token.');
      await registrationTokens.delete(hash);
      auditLog.record('registration_token.deleted', { ...auditedActor(admin), detail: token.name });
    },
  };
};

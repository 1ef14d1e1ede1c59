import type { WallClock } from '../../shared/clock.ts';
import { type Actor, auditedActor, type AuditLog } from '../model/audit-log.ts';
import type { GrantedApplication, TokenStore } from '../model/token-stores.ts';

/** What a person allowed to applications. */
export interface OwnGrants {
  /** By name of the application. */
  list(person: Actor): Promise<readonly GrantedApplication[]>;
  /**
   * Revokes all tokens that the application has for the person, and forgets what was remembered for the next time; of an
   * unknown one, nothing.
   */
  revoke(person: Actor, clientId: string): Promise<void>;
}

export const createOwnGrants = (deps: {
  readonly tokens: TokenStore;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
}): OwnGrants => {
  const list = ({ user }: Actor): Promise<readonly GrantedApplication[]> =>
    deps.tokens.listApplications(user.id, deps.clock.now());

  return {
    list,

    revoke: async (person, clientId) => {
      const isGranted = (await list(person)).some((application) => application.clientId === clientId);
      await deps.tokens.revokeApplication(person.user.id, clientId);
      if (isGranted) deps.auditLog.record('grant.revoked', { ...auditedActor(person), clientId });
    },
  };
};

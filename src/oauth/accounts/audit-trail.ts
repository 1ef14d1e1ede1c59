import type { UserStore } from '../model/account-stores.ts';
import { type Actor, type AuditStore, type RecordedAuditEvent, refuseUnlessAdministrator } from '../model/audit-log.ts';
import { UnknownAccountError } from '../model/errors.ts';

export interface AuditFilter {
  /** Only what this user did. */
  readonly username?: string;
  /** Only what is older than the event of this id. */
  readonly before?: number;
}

/** A part of the audit log, the newest event first. */
export interface AuditPage {
  readonly events: readonly RecordedAuditEvent[];
  /** The `before` of the next page; undefined on the last one. */
  readonly next: number | undefined;
}

/** The audit log, for those who may read it. */
export interface AuditTrail {
  /**
   * @throws NotAdministratorError where the actor is none
   * @throws UnknownAccountError where there is no user of that name
   */
  read(admin: Actor, filter: AuditFilter): Promise<AuditPage>;
  /** A person's own latest events. */
  latestOf(person: Actor): Promise<readonly RecordedAuditEvent[]>;
}

const EVENTS_ON_A_PAGE = 50;
const LATEST_EVENTS = 20;

export const createAuditTrail = (deps: { readonly audit: AuditStore; readonly users: UserStore }): AuditTrail => {
  const userIdOf = async (username: string): Promise<string> => {
    const user = await deps.users.findByUsername(username.normalize('NFC'));
    if (user === undefined) throw new UnknownAccountError(`There is no user ${username}.`);
    return user.id;
  };

  return {
    read: async (admin, { username, before }) => {
      refuseUnlessAdministrator(admin);
      const query = {
        ...(username !== undefined && { userId: await userIdOf(username) }),
        ...(before !== undefined && { before }),
      };
      // One more than is shown tells whether there is a next page.
      const found = await deps.audit.list({ ...query, limit: EVENTS_ON_A_PAGE + 1 });
      const events = found.slice(0, EVENTS_ON_A_PAGE);
      return { events, next: found.length > events.length ? events.at(-1)?.id : undefined };
    },

    latestOf: ({ user }) => deps.audit.list({ userId: user.id, limit: LATEST_EVENTS }),
  };
};

import type { WallClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { User } from './account-stores.ts';
import { NotAdministratorError } from './errors.ts';

/** What is worth knowing afterwards of who came in, and what was given and taken back. In the past tense. */
export type AuditEventName =
  | 'login.succeeded'
  | 'login.failed'
  | 'login.limited'
  | 'logout'
  | 'user.created'
  | 'user.disabled'
  | 'user.enabled'
  | 'user.deleted'
  | 'password.changed'
  | 'session.ended'
  | 'grant.given'
  | 'grant.refused'
  | 'grant.revoked'
  | 'token.issued'
  | 'token.refreshed'
  | 'token.revoked'
  | 'token.replayed'
  | 'client.created'
  | 'client.registered'
  | 'client.changed'
  | 'client.secret_rotated'
  | 'client.deleted'
  | 'key_pair.generated'
  | 'registration_token.created'
  | 'registration_token.deleted'
  | 'signing_key.created'
  | 'key_file.replaced'
  | 'phone.removed'
  | 'user.changed';

/** Never holds a secret, a token, or a password that was typed. */
export interface AuditEvent {
  readonly event: AuditEventName;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly userId: string | null;
  readonly clientId: string | null;
  /** Of the requester, as far as the proxies that we trust tell; null for what the service does by itself. */
  readonly address: string | null;
  /** The grant type, a name, a reason: a few words. */
  readonly detail: string | null;
}

/** An event as it is read back: `id` grows with time. */
export interface RecordedAuditEvent extends AuditEvent {
  readonly id: number;
  readonly username: string | null;
  /** How often it happened since `at`: more than once only for what is counted. */
  readonly count: number;
  /** The last time that it happened; `address` is of then. */
  readonly lastAt: number;
}

export interface AuditQuery {
  readonly userId?: string;
  /** Older than the event of this id. */
  readonly before?: number;
  readonly limit: number;
}

export interface AuditStore {
  append(event: AuditEvent): Promise<void>;
  /** Writes one row for all that is equal but for time and address, on each day in UTC. */
  count(event: AuditEvent): Promise<void>;
  /** The newest first. */
  list(query: AuditQuery): Promise<readonly RecordedAuditEvent[]>;
  deleteBefore(time: number): Promise<void>;
}

/** Records what happened; the time is now. It never fails its caller: an event that cannot be written is logged. */
export interface AuditLog {
  record(event: AuditEventName, about: AuditSubject): void;
  /**
   * The same for what programs do by routine, or strangers as often as they like: one row a day says how often it
   * happened, and nobody can fill the disk with it.
   */
  count(event: AuditEventName, about: AuditSubject): void;
}

/** Whom and what an event is about. */
export type AuditSubject = Partial<Pick<AuditEvent, 'userId' | 'clientId' | 'address' | 'detail'>>;

export const createAuditLog = (deps: {
  readonly audit: AuditStore;
  readonly clock: WallClock;
  readonly log: Log;
}): AuditLog => {
  const write = (how: 'append' | 'count', event: AuditEventName, about: AuditSubject): void => {
    const nothing = { userId: null, clientId: null, address: null, detail: null };
    deps.audit[how]({ event, at: deps.clock.now(), ...nothing, ...about }).catch((error: unknown) => {
      deps.log.error({ err: error, event }, 'an event could not be written to the audit log');
    });
  };
  return {
    record: (event, about) => write('append', event, about),
    count: (event, about) => write('count', event, about),
  };
};

/** A user who is logged in and manages something, and from where, for the audit log. */
export interface Actor {
  readonly user: Pick<User, 'id' | 'username' | 'role' | 'sandbox'>;
  readonly address: string | null;
}

/** What the audit log says of an actor. */
export const auditedActor = ({
  user,
  address,
}: Actor): { readonly userId: string; readonly address: string | null } => ({
  userId: user.id,
  address,
});

/**
 * @throws NotAdministratorError where the actor is none
 */
export const refuseUnlessAdministrator = ({ user }: Actor): void => {
  if (user.role !== 'admin') throw new NotAdministratorError();
};

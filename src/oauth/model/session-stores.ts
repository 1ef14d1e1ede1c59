import type { ResponseType } from './account-stores.ts';
import type { Scope } from './permissions.ts';

/** What a user allowed a client, for the same address and response type. */
export interface RememberedGrant {
  readonly userId: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly responseType: ResponseType;
  readonly scopes: readonly Scope[];
  readonly grantedAt: number;
}

export type RememberedGrantKey = Pick<RememberedGrant, 'userId' | 'clientId' | 'redirectUri' | 'responseType'>;

export interface RememberedGrantStore {
  find(key: RememberedGrantKey): Promise<RememberedGrant | undefined>;
  /** Inserts, or replaces the scopes and the time of the row with the same key. */
  save(grant: RememberedGrant): Promise<void>;
  /** Forgets every grant of the user to the client. */
  forget(userId: string, clientId: string): Promise<void>;
}

/** Which decision a consent answers: the same person, in the same session, about the same request. */
export interface PendingDecisionKey {
  readonly sessionHash: string;
  readonly userId: string;
  /** Of the canonical parameters of the authorization request. */
  readonly requestHash: string;
}

/** A consent that was asked for and not yet answered. */
export interface PendingDecision extends PendingDecisionKey {
  /** The checked request, as JSON. */
  readonly request: string;
  readonly expiresAt: number;
}

export interface PendingDecisionStore {
  /** Inserts, or replaces the row with the same key. Of a session, the latest 50 are kept. */
  arm(decision: PendingDecision): Promise<void>;
  /** Deletes the row and returns it: of many at once, one gets it. An expired row is not returned. */
  take(key: PendingDecisionKey, now: number): Promise<PendingDecision | undefined>;
  deleteExpired(now: number): Promise<void>;
}

export interface Session {
  /** Hash of the session id in the cookie. */
  readonly hash: string;
  /** Who is logged in: so that the end of an account ends its sessions. */
  readonly userId: string | null;
  /** What the session holds, as JSON. */
  readonly data: string;
  readonly expiresAt: number;
}

export interface SessionStore {
  /** Expired sessions are not found. */
  find(hash: string, now: number): Promise<Session | undefined>;
  /** Inserts, or replaces the row with the same hash. */
  save(session: Session): Promise<void>;
  /** Moves the end of a session; of an unknown one, nothing. */
  touch(hash: string, expiresAt: number): Promise<void>;
  /** Deletes the session and the decisions that are pending in it; of an unknown one, nothing. */
  delete(hash: string): Promise<void>;
  /** The user's sessions that have not expired, the one that was used last first. */
  listOf(userId: string, now: number): Promise<readonly Session[]>;
  /** Deletes the user's sessions, one excepted, and what is pending in them. */
  deleteOthers(userId: string, exceptHash: string): Promise<void>;
  deleteExpired(now: number): Promise<void>;
}

import type { Role, Scope } from './permissions.ts';

/** `disabled` refuses logins, tokens and grants, and keeps the row for the history of calls. */
export type AccountStatus = 'active' | 'disabled';

export interface User {
  readonly id: string;
  /** As it was given. Unique, whatever the case of its letters (`usernameKey`). */
  readonly username: string;
  /** argon2id in PHC form. */
  readonly passwordHash: string;
  readonly role: Role;
  readonly status: AccountStatus;
  /** Made by the sandbox, and refused while it is off. */
  readonly sandbox: boolean;
  readonly createdAt: number;
}

export interface UserStore {
  find(id: string): Promise<User | undefined>;
  /**
   * By the name in any case, and with blanks around it. Of users from before that was one name, the one who is written
   * exactly so comes first, then the oldest.
   */
  findByUsername(username: string): Promise<User | undefined>;
  /** All users, by name. */
  list(): Promise<readonly User[]>;
  /** `taken`: the username exists already, perhaps in other letters, and nothing was written. */
  insert(user: User): Promise<'inserted' | 'taken'>;
  /** The same commit deletes the user's sessions, codes, approved device grants, pending decisions and families. */
  changePassword(id: string, passwordHash: string): Promise<void>;
  /** The clients that the user owns get it too; `disabled` deletes the same as a new password, in the same commit. */
  setStatus(id: string, status: AccountStatus): Promise<void>;
  /**
   * Deletes the user with everything that is theirs: sessions, tokens, what they allowed, their applications with the
   * tokens of these, their registration tokens, phones and registrations. Calls and audit entries stay.
   * @returns what went; undefined where there was no such user
   */
  delete(id: string): Promise<DeletedWithUser | undefined>;
}

/** How much went with a user. */
export interface DeletedWithUser {
  readonly sessions: number;
  /** Key pairs too. */
  readonly applications: number;
  /** Decisions to let an application act, of the user or for one of the user's applications: their tokens are over. */
  readonly grants: number;
  readonly phones: number;
}

/** RFC 6749 section 3.1.1. */
export type ResponseType = 'code' | 'token';

/** RFC 8628 section 3.4. */
export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** RFC 6749 sections 4.1, 4.3, 4.4 and 6. The client-side flow is a response type and needs no grant type. */
export type GrantType =
  'authorization_code' | 'refresh_token' | 'password' | 'client_credentials' | typeof DEVICE_CODE_GRANT;

/** The client that the service's own pages and commands act as: no user allowed it anything, or can take that back. */
export const BUILT_IN_CLIENT_ID = 'offhook';

/** A secret that gave way to a new one, and is taken until then: its client can be changed over without an outage. */
export interface FormerSecret {
  readonly hash: string;
  readonly endsAt: number;
}

export interface Client {
  /** The `client_id`. */
  readonly id: string;
  /** What the consent page calls it. Free text: every page escapes it. */
  readonly name: string;
  /** null for a public client (RFC 6749 section 2.1). */
  readonly secretHash: string | null;
  /** The secret before this one, where it is still taken beside it. */
  readonly formerSecret: FormerSecret | null;
  readonly redirectUris: readonly string[];
  readonly responseTypes: readonly ResponseType[];
  readonly grantTypes: readonly GrantType[];
  /** The grants whose token request may also be a GET. */
  readonly grantTypesByGet: readonly GrantType[];
  /** The most it may ask for. */
  readonly scopes: readonly Scope[];
  /** What it gets when it asks for nothing; a subset of `scopes`. */
  readonly defaultScopes: readonly Scope[];
  readonly accessTokenSeconds: number;
  /** A refresh token dies when it is not used for so long. */
  readonly refreshIdleSeconds: number;
  /** A family dies so long after its consent, however often it is refreshed. */
  readonly refreshAbsoluteSeconds: number;
  /** Whether its access tokens are taken as `?access_token=` (RFC 6750 section 2.3). */
  readonly tokenInQuery: 'allowed' | 'refused';
  /** Whether its authorization requests must have a code challenge (RFC 7636); those of a public client always must. */
  readonly codeChallenge: 'required' | 'optional';
  /** `jwt`: access tokens by RFC 9068, and refresh tokens that are JWT too. */
  readonly tokenFormat: 'opaque' | 'jwt';
  /** `dpop`: each of its tokens is bound to a key (RFC 9449 section 5.2); otherwise only when a request brings a proof. */
  readonly tokenBinding: 'on-request' | 'dpop';
  /** `key-pair`: an administrator's, whose client credentials act for its owner; each administrator has one at most. */
  readonly kind: 'application' | 'key-pair';
  /** The user who made it for their own use; it goes with the account. null: it belongs to the service. */
  readonly ownerId: string | null;
  readonly status: AccountStatus;
  readonly sandbox: boolean;
  readonly createdAt: number;
}

/** What may be changed of a client beside its secret; what is left out stays. */
export type ClientChanges = Partial<
  Omit<Client, 'id' | 'secretHash' | 'formerSecret' | 'kind' | 'ownerId' | 'status' | 'sandbox' | 'createdAt'>
>;

export interface ClientStore {
  find(id: string): Promise<Client | undefined>;
  /** All clients, by id. */
  list(): Promise<readonly Client[]>;
  /** `taken`: the id exists already, and nothing was written. */
  insert(client: Client): Promise<'inserted' | 'taken'>;
  /** Inserts or replaces: the clients of the configuration file and of the sandbox are written at each start. */
  save(client: Client): Promise<void>;
  /**
   * Changes what is named; of an unknown one, nothing. With new redirect addresses the same commit deletes codes that are
   * not redeemed and remembered grants for addresses that are registered no more.
   */
  change(id: string, changes: ClientChanges): Promise<void>;
  /** Of kind `application`, by name. */
  listOwnedBy(userId: string): Promise<readonly Client[]>;
  /**
   * Replaces the secret, and whatever was taken beside it.
   * @param former what is taken beside the new one; without it, the same commit deletes the client's codes, device grants
   *   and token families
   */
  rotateSecret(id: string, secretHash: string, former?: FormerSecret): Promise<void>;
  /** Deletes it with its codes, its token families and what was remembered of it; of an unknown one, nothing. */
  delete(id: string): Promise<void>;
  /** Deletes the key pair that its owner has, with its token families, and inserts this one. */
  replaceKeyPair(keyPair: Client): Promise<void>;
  /** The key pair of an administrator. */
  findKeyPair(ownerId: string): Promise<Client | undefined>;
}

/** From where users logged in before: a lock of an account never bars these addresses. */
export interface LoginAddressStore {
  isKnown(userId: string, address: string): Promise<boolean>;
  /** Inserts, or moves the time of the row on. */
  remember(userId: string, address: string, at: number): Promise<void>;
  /** Deletes those from where no user logged in since. */
  deleteBefore(time: number): Promise<void>;
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
  /** Deletes the session, the decisions that are pending and the replies that are kept in it; of an unknown one, nothing. */
  delete(hash: string): Promise<void>;
  /** The user's sessions that have not expired, the one that was used last first. */
  listOf(userId: string, now: number): Promise<readonly Session[]>;
  /** Deletes the user's sessions, one excepted, and what is pending in them. */
  deleteOthers(userId: string, exceptHash: string): Promise<void>;
  deleteExpired(now: number): Promise<void>;
}

/** What lets a program register a client (RFC 7591 section 3, the initial access token). */
export interface RegistrationToken {
  readonly hash: string;
  /** What the administrator calls it. */
  readonly name: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface RegistrationTokenStore {
  insert(token: RegistrationToken): Promise<void>;
  /** Expired ones, and those whose maker's account was disabled or is no administrator's, are not found. */
  find(hash: string, now: number): Promise<RegistrationToken | undefined>;
  /** Those that have not expired, the newest first. */
  list(now: number): Promise<readonly RegistrationToken[]>;
  delete(hash: string): Promise<void>;
  deleteExpired(now: number): Promise<void>;
}

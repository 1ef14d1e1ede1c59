import type { Role, Scope } from './permissions.ts';

/*
 * The ports of the authorization server: everything it remembers. Times are milliseconds since the Unix epoch.
 * Whatever is called a hash is SHA-256 in base64url of a secret that only its holder has (`hashSecret`).
 * Each method is one commit: all of what it promises happens, or none of it, whatever runs beside it.
 */

/** `disabled` refuses logins, tokens and grants, and keeps the row for the history of calls. */
export type AccountStatus = 'active' | 'disabled';

export interface User {
  readonly id: string;
  /** Unique, compared exactly. */
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
  findByUsername(username: string): Promise<User | undefined>;
  /** All users, by name. */
  list(): Promise<readonly User[]>;
  /** `taken`: the username exists already, and nothing was written. */
  insert(user: User): Promise<'inserted' | 'taken'>;
  /** The same commit deletes the user's sessions, codes, pending decisions and token families. */
  changePassword(id: string, passwordHash: string): Promise<void>;
  /** `disabled` deletes, in the same commit, the user's sessions, codes, pending decisions and token families. */
  setStatus(id: string, status: AccountStatus): Promise<void>;
}

/** RFC 6749 section 3.1.1. */
export type ResponseType = 'code' | 'token';

/** RFC 6749 sections 4.1 and 6. The client-side flow is a response type and needs no grant type. */
export type GrantType = 'authorization_code' | 'refresh_token';

export interface Client {
  /** The `client_id`. */
  readonly id: string;
  /** What the consent page calls it. Free text: every page escapes it. */
  readonly name: string;
  /** null for a public client (RFC 6749 section 2.1). */
  readonly secretHash: string | null;
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
  readonly status: AccountStatus;
  readonly sandbox: boolean;
  readonly createdAt: number;
}

export interface ClientStore {
  find(id: string): Promise<Client | undefined>;
  /** All clients, by id. */
  list(): Promise<readonly Client[]>;
  /** `taken`: the id exists already, and nothing was written. */
  insert(client: Client): Promise<'inserted' | 'taken'>;
  /** Inserts or replaces: the clients of the configuration file and of the sandbox are written at each start. */
  save(client: Client): Promise<void>;
  /** The same commit deletes the client's codes and token families. */
  rotateSecret(id: string, secretHash: string): Promise<void>;
}

/** A decision of an owner that gave tokens. Deleting it is revoking: its tokens go in the same commit. */
export interface TokenFamily {
  readonly id: string;
  readonly clientId: string;
  readonly userId: string;
  /** What the owner granted. A refresh may narrow it for one access token, never widen it. */
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  /** The absolute end, after which no refresh is taken. */
  readonly expiresAt: number;
}

export interface AccessToken {
  readonly hash: string;
  readonly familyId: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface RefreshToken {
  readonly hash: string;
  readonly familyId: string;
  readonly createdAt: number;
  /** The idle end. */
  readonly expiresAt: number;
}

/** What one successful token request gives: at most one of each. */
export interface IssuedTokens {
  readonly access: AccessToken;
  readonly refresh: RefreshToken | null;
}

/** As much of an account as a check of a token needs. */
export type TokenUser = Pick<User, 'id' | 'username' | 'role' | 'status' | 'sandbox'>;
export type TokenClient = Pick<Client, 'id' | 'status' | 'sandbox' | 'tokenInQuery'>;

/** An access token with whom it stands for, as it is now. */
export interface AccessTokenView extends AccessToken {
  readonly user: TokenUser;
  readonly client: TokenClient;
}

/** A refresh token as a rotation finds it. */
export interface RefreshTokenView extends RefreshToken {
  readonly family: TokenFamily;
  readonly user: TokenUser;
  /** When it was first exchanged for a successor; null while it is the current one. */
  readonly rotatedAt: number | null;
  /** How many refresh tokens it was exchanged for. */
  readonly successors: number;
}

/** What a rotation does: gives a successor, revokes the family, or changes nothing. */
export type RotationDecision =
  | { readonly action: 'issue'; readonly at: number; readonly tokens: IssuedTokens }
  | { readonly action: 'revoke' }
  | { readonly action: 'refuse' };

export interface TokenStore {
  /** Writes a family with its first tokens (the client-side flow). */
  start(family: TokenFamily, tokens: IssuedTokens): Promise<void>;
  /** One query by primary key: it runs for every call of the API. Expired tokens are found too. */
  findAccess(hash: string): Promise<AccessTokenView | undefined>;
  /**
   * Reads the refresh token and does as `decide` says, with nothing in between. `issue` inserts the tokens, counts a
   * successor and sets `rotatedAt` to `at` where it was null; `revoke` deletes the family; `refuse` writes nothing.
   * `decide` is pure and may run again when the database makes the transaction start over.
   * @returns what was decided; undefined where no such token is known
   */
  rotate<Decision extends RotationDecision>(
    hash: string,
    decide: (token: RefreshTokenView) => Decision,
  ): Promise<Decision | undefined>;
  /** The family of an access or a refresh token, whatever its state. */
  findFamily(tokenHash: string): Promise<TokenFamily | undefined>;
  /** Deletes the family and its tokens; of an unknown one, nothing. */
  revokeFamily(familyId: string): Promise<void>;
  /** Deletes the families that match every given field, and the codes that could still give one. @returns the families */
  revokeMatching(filter: { readonly userId?: string; readonly clientId?: string }): Promise<number>;
  /** Deletes expired tokens, and families that are over or have no token left. */
  deleteExpired(now: number): Promise<void>;
}

/** RFC 6749 section 4.1.2. */
export interface AuthorizationCode {
  readonly hash: string;
  /** The family that its redemption will start: known beforehand, so that a replay finds what to revoke. */
  readonly familyId: string;
  readonly clientId: string;
  readonly userId: string;
  readonly redirectUri: string;
  /** `request`: it was asked for, and the token request must repeat it (RFC 6749 section 4.1.3). */
  readonly redirectUriFrom: 'request' | 'registration';
  readonly scopes: readonly Scope[];
  /** S256 (RFC 7636); null where the request had none. */
  readonly codeChallenge: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A code as a redemption finds it. */
export interface AuthorizationCodeView extends AuthorizationCode {
  readonly user: TokenUser;
  readonly redeemedAt: number | null;
}

/** What a redemption does: gives a family, revokes what the code gave before, or changes nothing. */
export type RedemptionDecision =
  | { readonly action: 'issue'; readonly at: number; readonly family: TokenFamily; readonly tokens: IssuedTokens }
  | { readonly action: 'revoke' }
  | { readonly action: 'refuse' };

export interface CodeStore {
  insert(code: AuthorizationCode): Promise<void>;
  /**
   * Reads the code and does as `decide` says, with nothing in between: of many at once, one sees `redeemedAt` null.
   * `issue` sets `redeemedAt` to `at` and inserts family and tokens; `revoke` deletes the family `familyId`; `refuse`
   * writes nothing. `decide` is pure and may run again when the database makes the transaction start over.
   * @returns what was decided; undefined where no such code is known
   */
  redeem<Decision extends RedemptionDecision>(
    hash: string,
    decide: (code: AuthorizationCodeView) => Decision,
  ): Promise<Decision | undefined>;
  /**
   * Deletes codes that expired before `now`. A code that was redeemed stays as long as its family, so that a replay is
   * still known as one.
   */
  deleteExpired(now: number): Promise<void>;
}

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
  /** Inserts, or replaces the row with the same key. */
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
  deleteExpired(now: number): Promise<void>;
}

/** From where users logged in before: a lock of an account never bars these addresses. */
export interface LoginAddressStore {
  isKnown(userId: string, address: string): Promise<boolean>;
  /** Inserts, or moves the time of the row on. */
  remember(userId: string, address: string, at: number): Promise<void>;
}

/** All ports, as one database gives them. */
export interface OAuthStores {
  readonly users: UserStore;
  readonly clients: ClientStore;
  readonly codes: CodeStore;
  readonly tokens: TokenStore;
  readonly rememberedGrants: RememberedGrantStore;
  readonly pendingDecisions: PendingDecisionStore;
  readonly sessions: SessionStore;
  readonly loginAddresses: LoginAddressStore;
}

import type { Client, User } from './account-stores.ts';
import type { Scope } from './permissions.ts';

/** A decision of an owner that gave tokens. Deleting it is revoking: its tokens go in the same commit. */
export interface TokenFamily {
  readonly id: string;
  readonly clientId: string;
  /** null: it stands for the client itself (RFC 6749 section 4.4). */
  readonly userId: string | null;
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
  /** Thumbprint of the key that it is bound to (RFC 9449 section 6.1); null for a bearer token. */
  readonly dpopKey: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface RefreshToken {
  readonly hash: string;
  readonly familyId: string;
  /** Of a public client's bound token: only a proof of this key rotates it (RFC 9449 section 5). */
  readonly dpopKey: string | null;
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
  /** null: it stands for the client itself. */
  readonly user: TokenUser | null;
  readonly client: TokenClient;
}

/** A refresh token as a rotation finds it. */
export interface RefreshTokenView extends RefreshToken {
  readonly family: TokenFamily;
  readonly user: TokenUser;
  /** When it was exchanged for its successor; null while it is the current one. */
  readonly rotatedAt: number | null;
  /** What it was exchanged for, as long as that is kept. */
  readonly answer: string | null;
}

/** What one user allowed one client, as that user sees it. */
export interface GrantedApplication {
  readonly clientId: string;
  readonly clientName: string;
  /** Of all that is granted now. */
  readonly scopes: readonly Scope[];
  /** The first of what is granted now. */
  readonly grantedAt: number;
  /** The last request with one of its tokens, or refresh; within a minute. */
  readonly lastUsedAt: number;
}

/** What is kept of an answer, so that the same token can be given the same again. */
export interface KeptAnswer {
  /** Sealed: a store cannot read it. */
  readonly sealed: string;
  readonly expiresAt: number;
}

/** What a rotation does: gives the successor, gives it again, revokes the family, or changes nothing. */
export type RotationDecision =
  | { readonly action: 'issue'; readonly at: number; readonly tokens: IssuedTokens; readonly answer: KeptAnswer }
  | { readonly action: 'repeat' }
  | { readonly action: 'revoke' }
  | { readonly action: 'refuse' };

/** A client, and perhaps a user, that has just been authenticated, as it was then. */
export interface Proof {
  readonly client: Pick<Client, 'id' | 'secretHash'>;
  /** null: the tokens stand for the client itself. */
  readonly user: Pick<User, 'id' | 'passwordHash'> | null;
}

export interface TokenStore {
  /**
   * Writes a family with its first tokens.
   * @param proof what the decision stands on: `refused`, and nothing is written, where it does not hold any more. A secret
   *   that gave way to a new one holds until its end
   */
  start(family: TokenFamily, tokens: IssuedTokens, proof?: Proof): Promise<'started' | 'refused'>;
  /** One query by primary key: it runs for every call of the API. Expired tokens are found too. */
  findAccess(hash: string): Promise<AccessTokenView | undefined>;
  /**
   * Reads the refresh token and does as `decide` says, with nothing in between. `issue`, once for each token, inserts the
   * tokens, sets `rotatedAt` to `at` and keeps the answer until it expires or the family dies; `revoke` deletes the family;
   * `repeat` and `refuse` write nothing.
   * `decide` is pure and may run again when the database makes the transaction start over.
   * @returns what was decided; undefined where no such token is known
   */
  rotate<Decision extends RotationDecision>(
    hash: string,
    decide: (token: RefreshTokenView) => Decision,
  ): Promise<Decision | undefined>;
  /** Expired and rotated ones are found too. */
  findRefresh(hash: string): Promise<RefreshTokenView | undefined>;
  /** The family of an access or a refresh token, whatever its state. */
  findFamily(tokenHash: string): Promise<TokenFamily | undefined>;
  /** Deletes the family and its tokens; of an unknown one, nothing. */
  revokeFamily(familyId: string): Promise<void>;
  /**
   * Deletes the families that match every given field, and the codes and device grants that could still give one.
   * @returns the families
   */
  revokeMatching(filter: { readonly userId?: string; readonly clientId?: string }): Promise<number>;
  /** Deletes one access token and leaves its family; of an unknown one, nothing. */
  revokeAccess(hash: string): Promise<void>;
  /**
   * Takes back all that a user allowed a client: families, codes, approved devices and remembered grants.
   * @returns the families
   */
  revokeApplication(userId: string, clientId: string): Promise<number>;
  /** What the user allowed, built-in clients and the user's own key pair excepted, by name of the client. */
  listApplications(userId: string, now: number): Promise<readonly GrantedApplication[]>;
  /** The ids of the users whose grant to a client stands: who have a family of it that is not over. */
  listGrantors(clientId: string, now: number): Promise<readonly string[]>;
  /** Notes when families were last used. Unknown ones are skipped, and no time is moved back. */
  recordUse(uses: ReadonlyMap<string, number>): Promise<void>;
  /** Deletes expired tokens and answers, and families that are over or have no token left. */
  deleteExpired(now: number): Promise<void>;
}

/** A pair of keys that signs JWT (RFC 7517). */
export interface SigningKey {
  /** The `kid`. */
  readonly id: string;
  /** The private JWK as JSON. A store keeps it sealed: a dump of the database signs nothing. */
  readonly privateJwk: string;
  readonly createdAt: number;
}

export interface SigningKeyStore {
  /**
   * The newest first.
   * @throws SealBrokenError when it was sealed with another key
   */
  list(): Promise<readonly SigningKey[]>;
  insert(key: SigningKey): Promise<void>;
  /** Deletes keys made before that time, the newest excepted. */
  deleteBefore(time: number): Promise<void>;
}

/** Which DPoP proofs were seen already (RFC 9449 section 11.1). */
export interface ProofStore {
  /** Of many at once with the same hash, one is `fresh`. */
  take(hash: string, expiresAt: number): Promise<'fresh' | 'seen'>;
  deleteExpired(now: number): Promise<void>;
}

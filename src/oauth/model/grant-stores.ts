import type { ResponseType } from './account-stores.ts';
import type { Scope } from './permissions.ts';
import type { IssuedTokens, TokenFamily, TokenUser } from './token-stores.ts';

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
  /** Thumbprint of the only key that may redeem it (RFC 9449 section 10); null where the request named none. */
  readonly dpopKey: string | null;
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
  /** The client that a code waits for; undefined where it is unknown or was redeemed. */
  findClient(hash: string): Promise<string | undefined>;
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

/** What a device asked for (RFC 8628 section 3.1), until a person answers elsewhere. */
export interface DeviceGrant {
  readonly deviceCodeHash: string;
  readonly userCodeHash: string;
  /** The family that it will start: known beforehand, so that a replay finds what to revoke. */
  readonly familyId: string;
  readonly clientId: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** RFC 8628 section 3.5. */
export type DeviceAnswer =
  | { readonly state: 'pending' }
  | { readonly state: 'refused' }
  | { readonly state: 'approved' | 'redeemed'; readonly user: TokenUser };

/** A device grant as a poll or the person's page finds it. */
export interface DeviceGrantView extends DeviceGrant {
  readonly answer: DeviceAnswer;
  /** The least time between two polls; each `slow_down` makes it longer. */
  readonly intervalSeconds: number;
  /** Of a grant that was redeemed, when it was. */
  readonly lastPolledAt: number | null;
}

/** What a poll does: gives a family, tells the device to wait, revokes what was given, or changes nothing. */
export type PollDecision =
  | { readonly action: 'issue'; readonly at: number; readonly family: TokenFamily; readonly tokens: IssuedTokens }
  | { readonly action: 'wait'; readonly at: number; readonly intervalSeconds: number }
  | { readonly action: 'revoke' }
  | { readonly action: 'refuse' };

export interface DeviceGrantStore {
  /**
   * Starts pending; `intervalSeconds` is 5. `taken`: another device waits with this user code, `full`: as many wait as may be
   * stored. Then nothing was written.
   */
  insert(grant: DeviceGrant): Promise<'inserted' | 'taken' | 'full'>;
  /** The client that a person approved, and that has not polled since; undefined where there is none. */
  findApproved(deviceCodeHash: string): Promise<string | undefined>;
  /** One that is pending and has not expired. */
  findPending(userCodeHash: string, now: number): Promise<DeviceGrantView | undefined>;
  /** Writes the person's answer; of many at once, one is written. `gone`: none is pending under this code. */
  answer(
    userCodeHash: string,
    answer: { readonly userId: string; readonly verdict: 'approved' | 'refused'; readonly now: number },
  ): Promise<'answered' | 'gone'>;
  /**
   * Reads the grant and does as `decide` says, with nothing in between. `issue` makes it redeemed and inserts family and
   * tokens; `wait` sets `lastPolledAt` and `intervalSeconds`; `revoke` deletes the family; `refuse` writes nothing.
   * `decide` is pure and may run again when the database makes the transaction start over.
   * @returns what was decided; undefined where no such code is known
   */
  poll<Decision extends PollDecision>(
    deviceCodeHash: string,
    decide: (grant: DeviceGrantView) => Decision,
  ): Promise<Decision | undefined>;
  /** A grant that was redeemed stays as long as its family, so that a replay is still known as one. */
  deleteExpired(now: number): Promise<void>;
}

import type { Scope } from './permissions.ts';
import type { IssuedTokens, TokenFamily, TokenUser } from './token-stores.ts';

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
  readonly lastPolledAt: number | null;
}

/** What a poll does: gives a family, tells the device to wait, revokes what was given, or changes nothing. */
export type PollDecision =
  | { readonly action: 'issue'; readonly at: number; readonly family: TokenFamily; readonly tokens: IssuedTokens }
  | { readonly action: 'wait'; readonly at: number; readonly intervalSeconds: number }
  | { readonly action: 'revoke' }
  | { readonly action: 'refuse' };

export interface DeviceGrantStore {
  /** `taken`: another device waits with this user code, and nothing was written. Starts pending, `intervalSeconds` is 5. */
  insert(grant: DeviceGrant): Promise<'inserted' | 'taken'>;
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

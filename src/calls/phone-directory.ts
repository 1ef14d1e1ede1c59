import type { PhoneEndpoint } from './call-engine.ts';

/** One of a user's phones. */
export interface Phone {
  readonly id: string;
  /** How the user names it in `from`: the SIP name, the address or the number. */
  readonly name: string;
  readonly endpoint: PhoneEndpoint;
}

/** What the call domain needs to know of a user. */
export interface CallUser {
  readonly userId: string;
  readonly username: string;
  /** Digits, dialled as they are; null where the user has none. */
  readonly extension: string | null;
  /** ISO 3166-1 alpha-2; null: the policy's home country. */
  readonly homeCountry: string | null;
  /** Numbers in E.164 that this user may show. */
  readonly callerIds: readonly string[];
}

/** PORT: who has which phones. */
export interface PhoneDirectory {
  user(userId: string): Promise<CallUser | undefined>;
  userByExtension(extension: string): Promise<CallUser | undefined>;
  /** Best first: the order in which they were added. */
  phonesOf(user: Pick<CallUser, 'userId' | 'username'>): Promise<readonly Phone[]>;
}

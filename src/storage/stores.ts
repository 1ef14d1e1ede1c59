import type { CallStore } from '../calls/call-store.ts';
import type { PhoneDirectory } from '../calls/phone-directory.ts';
import type { OAuthStores } from '../oauth/stores.ts';
import type { Clock } from '../shared/clock.ts';
import type { BindingStore } from '../sip/registrar/binding-store.ts';
import type { CredentialStore } from '../sip/auth/credential-store.ts';
import type { Database } from './database.ts';
import type { SandboxAccounts } from './sandbox-accounts.ts';
import { SqliteBindingStore } from './sqlite-binding-store.ts';
import { SqliteCallStore } from './sqlite-call-store.ts';
import { SqliteClientStore } from './sqlite-client-store.ts';
import { SqliteCodeStore } from './sqlite-code-store.ts';
import { SqliteCredentialStore } from './sqlite-credential-store.ts';
import { SqliteLoginAddressStore } from './sqlite-login-address-store.ts';
import { SqlitePendingDecisionStore } from './sqlite-pending-decision-store.ts';
import { SqlitePhoneBook } from './sqlite-phone-book.ts';
import { SqlitePhoneDirectory } from './sqlite-phone-directory.ts';
import { SqliteRememberedGrantStore } from './sqlite-remembered-grant-store.ts';
import { SqliteSessionStore } from './sqlite-session-store.ts';
import { SqliteTokenStore } from './sqlite-token-store.ts';
import { SqliteUserStore } from './sqlite-user-store.ts';

/** Every port, over one database. */
export interface Stores extends OAuthStores {
  readonly calls: CallStore;
  readonly phones: PhoneDirectory;
  readonly phoneBook: SqlitePhoneBook;
  readonly bindings: BindingStore;
  readonly credentials: CredentialStore;
  /** Forgets what is over; to be called now and then. Its commits are small: calls go on between them. */
  sweep(now: number): Promise<void>;
}

export interface StoresOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** See `loadSecretKey`. */
  readonly secretKey: Buffer;
  readonly sandboxAccounts: SandboxAccounts;
}

export const createStores = ({ database, clock, secretKey, sandboxAccounts }: StoresOptions): Stores => {
  const bindings = new SqliteBindingStore(database);
  const calls = new SqliteCallStore(database, clock);
  const codes = new SqliteCodeStore(database);
  const tokens = new SqliteTokenStore(database);
  const pendingDecisions = new SqlitePendingDecisionStore(database);
  const sessions = new SqliteSessionStore(database);
  return {
    calls,
    phones: new SqlitePhoneDirectory(database, sandboxAccounts),
    phoneBook: new SqlitePhoneBook(database, secretKey),
    bindings,
    credentials: new SqliteCredentialStore({ database, secretKey, sandboxAccounts }),
    users: new SqliteUserStore(database),
    clients: new SqliteClientStore(database),
    codes,
    tokens,
    rememberedGrants: new SqliteRememberedGrantStore(database),
    pendingDecisions,
    sessions,
    loginAddresses: new SqliteLoginAddressStore(database),
    sweep: async (now) => {
      // Tokens before codes: a redeemed code stays as long as its family.
      for (const store of [tokens, codes, pendingDecisions, sessions, bindings, calls]) await store.deleteExpired(now);
    },
  };
};

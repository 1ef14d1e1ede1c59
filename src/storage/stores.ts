import type { CallStore } from '../calls/call-store.ts';
import type { PhoneDirectory } from '../calls/phone-directory.ts';
import type { OAuthStores } from '../oauth/model/stores.ts';
import type { Clock } from '../shared/clock.ts';
import type { BindingStore } from '../sip/registrar/binding-store.ts';
import type { CredentialStore } from '../sip/auth/credential-store.ts';
import type { Database } from './database.ts';
import type { SandboxAccounts } from './sandbox-accounts.ts';
import { SqliteAuditStore } from './oauth/sqlite-audit-store.ts';
import { SqliteBindingStore } from './phones/sqlite-binding-store.ts';
import { SqliteCallStore } from './calls/sqlite-call-store.ts';
import { SqliteClientStore } from './oauth/sqlite-client-store.ts';
import { SqliteCodeStore } from './oauth/sqlite-code-store.ts';
import { SqliteCredentialStore } from './phones/sqlite-credential-store.ts';
import { SqliteDeviceGrantStore } from './oauth/sqlite-device-grant-store.ts';
import { SqliteLoginAddressStore } from './oauth/sqlite-login-address-store.ts';
import { SqlitePendingDecisionStore } from './oauth/sqlite-pending-decision-store.ts';
import { SqlitePhoneBook } from './phones/sqlite-phone-book.ts';
import { SqlitePhoneDirectory } from './phones/sqlite-phone-directory.ts';
import { SqliteProofStore } from './oauth/sqlite-proof-store.ts';
import { SqliteRegistrationTokenStore } from './oauth/sqlite-registration-token-store.ts';
import { SqliteRememberedGrantStore } from './oauth/sqlite-remembered-grant-store.ts';
import { SqliteSessionStore } from './oauth/sqlite-session-store.ts';
import { SqliteSigningKeyStore } from './oauth/sqlite-signing-key-store.ts';
import { SqliteTokenStore } from './oauth/sqlite-token-store.ts';
import { SqliteUserStore } from './oauth/sqlite-user-store.ts';

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

const DAY_MS = 24 * 60 * 60 * 1000;
const AUDIT_KEPT_MS = 90 * DAY_MS;
const LOGIN_ADDRESS_KEPT_MS = 180 * DAY_MS;
/** So long a device still hears that its code has expired: until then it may well ask. */
const DEVICE_GRANT_KEPT_MS = 10 * 60 * 1000;

export const createStores = (options: StoresOptions): Stores => {
  const stores = createSqliteStores(options);
  return { ...stores, sweep: (now) => sweep(stores, now) };
};

const createSqliteStores = ({ database, clock, secretKey, sandboxAccounts }: StoresOptions) => ({
  calls: new SqliteCallStore(database, clock),
  phones: new SqlitePhoneDirectory(database, sandboxAccounts),
  phoneBook: new SqlitePhoneBook(database, secretKey),
  bindings: new SqliteBindingStore(database),
  credentials: new SqliteCredentialStore({ database, secretKey, sandboxAccounts }),
  users: new SqliteUserStore(database),
  clients: new SqliteClientStore(database),
  codes: new SqliteCodeStore(database),
  tokens: new SqliteTokenStore(database),
  rememberedGrants: new SqliteRememberedGrantStore(database),
  pendingDecisions: new SqlitePendingDecisionStore(database),
  sessions: new SqliteSessionStore(database),
  loginAddresses: new SqliteLoginAddressStore(database),
  devices: new SqliteDeviceGrantStore(database),
  signingKeys: new SqliteSigningKeyStore(database, secretKey),
  registrationTokens: new SqliteRegistrationTokenStore(database, sandboxAccounts),
  proofs: new SqliteProofStore(database),
  audit: new SqliteAuditStore(database),
});

const sweep = async (stores: ReturnType<typeof createSqliteStores>, now: number): Promise<void> => {
  // Tokens first: a redeemed code and a redeemed device grant stay as long as their family.
  await stores.tokens.deleteExpired(now);
  const { codes, devices, pendingDecisions, sessions, registrationTokens, proofs, bindings, calls } = stores;
  const others = [codes, pendingDecisions, sessions, registrationTokens, proofs, bindings, calls];
  for (const store of others) await store.deleteExpired(now);
  await devices.deleteExpired(now - DEVICE_GRANT_KEPT_MS);
  await stores.audit.deleteBefore(now - AUDIT_KEPT_MS);
  await stores.loginAddresses.deleteBefore(now - LOGIN_ADDRESS_KEPT_MS);
};

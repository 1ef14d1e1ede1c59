import type { CallStore } from '../calls/call-store.ts';
import type { NodeStore } from '../calls/ownership/node-store.ts';
import type { PhoneDirectory } from '../calls/phone-directory.ts';
import type { HistoryStore } from '../features/history/history-store.ts';
import type { JobStore } from '../features/jobs/job-store.ts';
import type { WebhookStore } from '../features/webhooks/webhook-store.ts';
import type { OAuthStores } from '../oauth/model/stores.ts';
import type { Clock } from '../shared/clock.ts';
import type { CredentialStore } from '../sip/auth/credential-store.ts';
import type { BindingStore } from '../sip/registrar/binding-store.ts';
import { deleteOldCalls } from './calls/call-retention.ts';
import { KyselyCallStore } from './calls/kysely-call-store.ts';
import { KyselyFeedStore } from './calls/kysely-feed-store.ts';
import { KyselyHistoryStore } from './calls/kysely-history-store.ts';
import { KyselyNodeStore } from './calls/kysely-node-store.ts';
import type { Database, DatabaseHealth } from './database.ts';
import { deleteOldJobs } from './jobs/job-retention.ts';
import { KyselyJobStore } from './jobs/kysely-job-store.ts';
import { KyselyServiceAddresses } from './kysely-service-addresses.ts';
import { KyselyAuditStore } from './oauth/kysely-audit-store.ts';
import { KyselyClientStore } from './oauth/kysely-client-store.ts';
import { KyselyCodeStore } from './oauth/kysely-code-store.ts';
import { KyselyDeviceGrantStore } from './oauth/kysely-device-grant-store.ts';
import { KyselyKeptReplyStore } from './oauth/kysely-kept-reply-store.ts';
import { KyselyLoginAddressStore } from './oauth/kysely-login-address-store.ts';
import { KyselyPendingDecisionStore } from './oauth/kysely-pending-decision-store.ts';
import { KyselyProofStore } from './oauth/kysely-proof-store.ts';
import { KyselyRegistrationTokenStore } from './oauth/kysely-registration-token-store.ts';
import { KyselyRememberedGrantStore } from './oauth/kysely-remembered-grant-store.ts';
import { KyselySessionStore } from './oauth/kysely-session-store.ts';
import { KyselySigningKeyStore } from './oauth/kysely-signing-key-store.ts';
import { KyselyTokenStore } from './oauth/kysely-token-store.ts';
import { KyselyUserChanges } from './oauth/kysely-user-changes.ts';
import { KyselyUserStore } from './oauth/kysely-user-store.ts';
import { KyselyBindingStore } from './phones/kysely-binding-store.ts';
import { KyselyCredentialStore } from './phones/kysely-credential-store.ts';
import { KyselyPhoneBook } from './phones/kysely-phone-book.ts';
import { KyselyPhoneDirectory } from './phones/kysely-phone-directory.ts';
import type { SandboxAccounts } from './sandbox-accounts.ts';
import { KyselyWebhookStore } from './webhooks/kysely-webhook-store.ts';

/** Every port, over one database. */
export interface Stores extends OAuthStores {
  readonly calls: CallStore;
  readonly nodes: NodeStore;
  readonly feed: KyselyFeedStore;
  readonly history: HistoryStore;
  readonly phones: PhoneDirectory;
  readonly phoneBook: KyselyPhoneBook;
  readonly bindings: BindingStore;
  readonly credentials: CredentialStore;
  readonly userChanges: KyselyUserChanges;
  readonly jobs: JobStore;
  readonly webhooks: WebhookStore;
  readonly serviceAddresses: KyselyServiceAddresses;
  /** Whether anything can be stored now. */
  readonly health: DatabaseHealth;
  /**
   * Deletes what has expired, and what is kept no longer; to be called now and then. Its commits are small: calls are journalled between them.
   * @param steadyNow - by which registrations of phones are dated
   */
  sweep(now: number, steadyNow?: number): Promise<void>;
}

export interface StoresOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** See `openSecretKey`. */
  readonly secretKey: Buffer;
  readonly sandboxAccounts: SandboxAccounts;
  /** How long calls and audit entries are kept; 365 and 90 days by default. */
  readonly retention?: Retention;
}

export interface Retention {
  readonly callDays: number;
  readonly auditDays: number;
  readonly jobDays: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const LOGIN_ADDRESS_KEPT_MS = 180 * DAY_MS;
/** What came of a webhook's deliveries can be read, and sent again, for so long. */
const DELIVERED_KEPT_MS = 7 * DAY_MS;
const DEAD_KEPT_MS = 30 * DAY_MS;
/** So long a device that still polls gets `expired_token` (RFC 8628 section 3.5). */
const DEVICE_GRANT_KEPT_MS = 10 * 60 * 1000;

export const createStores = (options: StoresOptions): Stores => {
  const stores = createKyselyStores(options);
  const { database, retention = { callDays: 365, auditDays: 90, jobDays: 365 } } = options;
  return {
    ...stores,
    health: database.health,
    sweep: async (now, steadyNow = now) => {
      await deleteExpired(stores, { now, steadyNow });
      await stores.audit.deleteBefore(now - retention.auditDays * DAY_MS);
      await deleteOldCalls(database, now - retention.callDays * DAY_MS);
      await deleteOldJobs(database, now - retention.jobDays * DAY_MS);
      await stores.webhooks.deleteOld({ delivered: now - DELIVERED_KEPT_MS, dead: now - DEAD_KEPT_MS });
    },
  };
};

const createKyselyStores = ({ database, clock, secretKey, sandboxAccounts }: StoresOptions) => ({
  calls: new KyselyCallStore(database, clock),
  nodes: new KyselyNodeStore(database),
  feed: new KyselyFeedStore(database),
  history: new KyselyHistoryStore(database),
  phones: new KyselyPhoneDirectory(database, sandboxAccounts),
  phoneBook: new KyselyPhoneBook(database, secretKey),
  bindings: new KyselyBindingStore(database),
  credentials: new KyselyCredentialStore({ database, secretKey, sandboxAccounts }),
  userChanges: new KyselyUserChanges(database),
  jobs: new KyselyJobStore(database),
  webhooks: new KyselyWebhookStore({ database, secretKey, sandboxAccounts }),
  serviceAddresses: new KyselyServiceAddresses(database),
  users: new KyselyUserStore(database),
  clients: new KyselyClientStore(database),
  codes: new KyselyCodeStore(database),
  tokens: new KyselyTokenStore(database),
  rememberedGrants: new KyselyRememberedGrantStore(database),
  pendingDecisions: new KyselyPendingDecisionStore(database),
  keptReplies: new KyselyKeptReplyStore(database, secretKey),
  sessions: new KyselySessionStore(database),
  loginAddresses: new KyselyLoginAddressStore(database),
  devices: new KyselyDeviceGrantStore(database),
  signingKeys: new KyselySigningKeyStore(database, secretKey),
  registrationTokens: new KyselyRegistrationTokenStore(database, sandboxAccounts),
  proofs: new KyselyProofStore(database),
  audit: new KyselyAuditStore(database),
});

interface SweepDates {
  readonly now: number;
  readonly steadyNow: number;
}

const deleteExpired = async (
  stores: ReturnType<typeof createKyselyStores>,
  { now, steadyNow }: SweepDates,
): Promise<void> => {
  // Tokens first: a redeemed code and a redeemed device grant stay as long as their family.
  await stores.tokens.deleteExpired(now);
  const { codes, devices, pendingDecisions, keptReplies, sessions, registrationTokens, proofs, bindings, calls } =
    stores;
  const others = [codes, pendingDecisions, keptReplies, sessions, registrationTokens, proofs, calls];
  for (const store of others) await store.deleteExpired(now);
  await bindings.deleteExpired(steadyNow);
  await devices.deleteExpired(now - DEVICE_GRANT_KEPT_MS);
  await stores.loginAddresses.deleteBefore(now - LOGIN_ADDRESS_KEPT_MS);
};

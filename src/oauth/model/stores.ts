import type {
  ClientStore,
  LoginAddressStore,
  RegistrationTokenStore,
  SessionStore,
  UserStore,
} from './account-stores.ts';
import type { AuditStore } from './audit-log.ts';
import type { CodeStore, DeviceGrantStore, PendingDecisionStore, RememberedGrantStore } from './grant-stores.ts';
import type { KeptReplyStore } from './kept-reply-store.ts';
import type { ProofStore, SigningKeyStore, TokenStore } from './token-stores.ts';

/*
 * The ports of the authorization server: everything it remembers. Times are milliseconds since the Unix epoch.
 * Whatever is called a hash is SHA-256 in base64url of a secret that only its holder has (`hashSecret`).
 * Each method is one commit: all of what it promises happens, or none of it, whatever runs beside it.
 */

/** All ports, as one database gives them. */
export interface OAuthStores {
  readonly users: UserStore;
  readonly clients: ClientStore;
  readonly codes: CodeStore;
  readonly tokens: TokenStore;
  readonly rememberedGrants: RememberedGrantStore;
  readonly pendingDecisions: PendingDecisionStore;
  readonly keptReplies: KeptReplyStore;
  readonly sessions: SessionStore;
  readonly loginAddresses: LoginAddressStore;
  readonly devices: DeviceGrantStore;
  readonly signingKeys: SigningKeyStore;
  readonly registrationTokens: RegistrationTokenStore;
  readonly proofs: ProofStore;
  readonly audit: AuditStore;
}

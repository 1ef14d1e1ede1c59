import type { Generated } from 'kysely';
import type { AccountStatus, Client, ResponseType } from '../../oauth/model/account-stores.ts';
import type { AuditEventName } from '../../oauth/model/audit-log.ts';
import type { AuthorizationCode, DeviceAnswer } from '../../oauth/model/grant-stores.ts';

export interface ClientsTable {
  id: string;
  name: string;
  secret_hash: string | null;
  former_secret_hash: string | null;
  former_secret_ends_at: number | null;
  redirect_uris: string;
  response_types: string;
  grant_types: string;
  grant_types_by_get: string;
  scopes: string;
  default_scopes: string;
  access_token_seconds: number;
  refresh_idle_seconds: number;
  refresh_absolute_seconds: number;
  token_in_query: Client['tokenInQuery'];
  code_challenge: Client['codeChallenge'];
  token_format: Client['tokenFormat'];
  token_binding: Client['tokenBinding'];
  kind: Client['kind'];
  owner_id: string | null;
  status: AccountStatus;
  sandbox: 0 | 1;
  created_at: number;
}

interface TokenFamiliesTable {
  id: string;
  client_id: string;
  user_id: string | null;
  scopes: string;
  created_at: number;
  last_used_at: number;
  expires_at: number;
}

interface AccessTokensTable {
  hash: string;
  family_id: string;
  scopes: string;
  dpop_key: string | null;
  created_at: number;
  expires_at: number;
}

interface RefreshTokensTable {
  hash: string;
  family_id: string;
  dpop_key: string | null;
  created_at: number;
  expires_at: number;
  rotated_at: number | null;
  successors: number;
}

interface RefreshAnswersTable {
  hash: string;
  sealed_answer: string;
  expires_at: number;
}

interface AuthorizationCodesTable {
  hash: string;
  family_id: string;
  client_id: string;
  user_id: string;
  redirect_uri: string;
  redirect_uri_from: AuthorizationCode['redirectUriFrom'];
  scopes: string;
  code_challenge: string | null;
  dpop_key: string | null;
  created_at: number;
  expires_at: number;
  redeemed_at: number | null;
}

interface RememberedGrantsTable {
  user_id: string;
  client_id: string;
  redirect_uri: string;
  response_type: ResponseType;
  scopes: string;
  granted_at: number;
}

interface SessionsTable {
  hash: string;
  user_id: string | null;
  data: string;
  expires_at: number;
}

interface PendingDecisionsTable {
  session_hash: string;
  user_id: string;
  request_hash: string;
  request: string;
  expires_at: number;
}

interface LoginAddressesTable {
  user_id: string;
  address: string;
  last_login_at: number;
}

interface DeviceGrantsTable {
  device_code_hash: string;
  user_code_hash: string;
  family_id: string;
  client_id: string;
  scopes: string;
  state: DeviceAnswer['state'];
  user_id: string | null;
  interval_seconds: number;
  last_polled_at: number | null;
  created_at: number;
  expires_at: number;
}

interface SigningKeysTable {
  id: string;
  sealed_private_jwk: string;
  created_at: number;
}

interface RegistrationTokensTable {
  hash: string;
  name: string;
  created_by: string;
  created_at: number;
  expires_at: number;
}

interface DpopProofsTable {
  hash: string;
  expires_at: number;
}

interface AuditEventsTable {
  id: Generated<number>;
  event: AuditEventName;
  at: number;
  user_id: string | null;
  client_id: string | null;
  address: string | null;
  detail: string | null;
  count: Generated<number>;
  last_at: number | null;
  count_key: string | null;
}

/** The tables of the authorization server and its pages. */
export interface OAuthTables {
  clients: ClientsTable;
  token_families: TokenFamiliesTable;
  access_tokens: AccessTokensTable;
  refresh_tokens: RefreshTokensTable;
  refresh_answers: RefreshAnswersTable;
  authorization_codes: AuthorizationCodesTable;
  remembered_grants: RememberedGrantsTable;
  sessions: SessionsTable;
  pending_decisions: PendingDecisionsTable;
  login_addresses: LoginAddressesTable;
  device_grants: DeviceGrantsTable;
  signing_keys: SigningKeysTable;
  registration_tokens: RegistrationTokensTable;
  dpop_proofs: DpopProofsTable;
  audit_events: AuditEventsTable;
}

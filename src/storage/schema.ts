import type { Generated } from 'kysely';
import type { CallState, EndedBy, LegRole, LegState, Outcome } from '../calls/call-state.ts';
import type { Endpoint } from '../calls/call-engine.ts';
import type { AccountStatus, Client, ResponseType } from '../oauth/model/account-stores.ts';
import type { AuditEventName } from '../oauth/model/audit-log.ts';
import type { AuthorizationCode, DeviceAnswer } from '../oauth/model/grant-stores.ts';
import type { Role } from '../oauth/model/permissions.ts';

/*
 * The tables as db/migrations makes them. Times are milliseconds since the Unix epoch; yes and no are 1 and 0; lists are
 * JSON, scopes words between spaces (RFC 6749 section 3.3).
 */

type Bit = 0 | 1;

export interface UsersTable {
  id: string;
  username: string;
  password_hash: string;
  role: Role;
  status: AccountStatus;
  sandbox: Bit;
  created_at: number;
  extension: string | null;
  home_country: string | null;
  caller_ids: Generated<string>;
}

export interface CallsTable {
  id: Generated<number>;
  token_call: string;
  user_id: string;
  username: string;
  client_id: string;
  number: string;
  state: CallState;
  outcome: Outcome | null;
  ended_by: EndedBy | null;
  ended_leg: LegRole | null;
  created_at: number;
  answered_at: number | null;
  connected_at: number | null;
  ended_at: number | null;
}

interface LegsTable {
  call_id: number;
  role: LegRole;
  address: string;
  state: LegState;
  sip_status: number | null;
  q850_cause: number | null;
  reason: string | null;
  ringing_at: number | null;
  answered_at: number | null;
  ended_at: number | null;
}

interface CallEventsTable {
  id: Generated<number>;
  call_id: number;
  sequence: number;
  name: string;
  at: number;
  payload: string;
}

interface IdempotencyKeysTable {
  user_id: string;
  client_id: string;
  key: string;
  fingerprint: string;
  token_call: string;
  expires_at: number;
}

export interface ClientsTable {
  id: string;
  name: string;
  secret_hash: string | null;
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
  sandbox: Bit;
  created_at: number;
}

export interface TokenFamiliesTable {
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

interface AuthorizationCodesTable {
  hash: string;
  family_id: string;
  client_id: string;
  user_id: string;
  redirect_uri: string;
  redirect_uri_from: AuthorizationCode['redirectUriFrom'];
  scopes: string;
  code_challenge: string | null;
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

interface SipAccountsTable {
  account: string;
  user_id: string;
  realm: string;
  ha1_md5: string;
  ha1_sha256: string;
}

export interface PhonesTable {
  id: Generated<number>;
  user_id: string;
  kind: Endpoint['kind'];
  name: string;
  target: string;
}

export interface BindingsTable {
  account: string;
  position: number;
  contact: string;
  flow: string;
  path: string;
  q: number;
  registered_at: number;
  expires_at: number;
  call_id: string;
  cseq: number;
  user_agent: string | null;
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
}

export interface Schema {
  users: UsersTable;
  calls: CallsTable;
  legs: LegsTable;
  call_events: CallEventsTable;
  idempotency_keys: IdempotencyKeysTable;
  clients: ClientsTable;
  token_families: TokenFamiliesTable;
  access_tokens: AccessTokensTable;
  refresh_tokens: RefreshTokensTable;
  authorization_codes: AuthorizationCodesTable;
  remembered_grants: RememberedGrantsTable;
  sessions: SessionsTable;
  pending_decisions: PendingDecisionsTable;
  login_addresses: LoginAddressesTable;
  sip_accounts: SipAccountsTable;
  phones: PhonesTable;
  bindings: BindingsTable;
  device_grants: DeviceGrantsTable;
  signing_keys: SigningKeysTable;
  registration_tokens: RegistrationTokensTable;
  dpop_proofs: DpopProofsTable;
  audit_events: AuditEventsTable;
}

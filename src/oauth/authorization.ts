import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { type Accounts, createAccounts } from './accounts/accounts.ts';
import { type Consents, createConsents } from './authorize/consents.ts';
import { type Clients, createClients } from './clients/clients.ts';
import { createDeviceFlow, type DeviceFlow } from './device/device-flow.ts';
import { createGrants, type Grants } from './grants/grants.ts';
import { createKeys, type Keys } from './keys/keys.ts';
import type { ConcurrencyLimitOptions } from './limits/concurrency-limit.ts';
import { type RequestRate, RequestRateLimit } from './limits/request-rate-limit.ts';
import { createAdmission } from './model/admission.ts';
import { type AuditLog, createAuditLog } from './model/audit-log.ts';
import type { PasswordHasher } from './model/secrets.ts';
import type { OAuthStores } from './model/stores.ts';
import { type BasicLogin, createBasicLogin } from './server/basic-login.ts';
import { createTokenRequestCheck, type TokenRequestCheck } from './server/token-request.ts';
import { createTokens, type Tokens } from './tokens/tokens.ts';

/* What the services take and give beyond what model/ names. */
export type { ConsentQuestion, ConsentRefusal } from './authorize/consents.ts';
export type { TokenRequest } from './server/token-request.ts';
export type { TokenResponse } from './tokens/token-minter.ts';

/** The services of the authorization server, for the routes and pages around them: each takes those that it needs. */
export interface Authorization
  extends
    Pick<Keys, 'signingKeys'>,
    Pick<Tokens, 'tokenUses' | 'tokenVerifier' | 'introspection' | 'revocation' | 'ownGrants'>,
    Accounts,
    Clients,
    DeviceFlow {
  readonly auditLog: AuditLog;
  readonly consents: Consents;
  readonly grants: Grants;
  readonly tokenRequests: TokenRequestCheck;
  /** undefined: nobody logs in so. */
  readonly basicLogin: BasicLogin | undefined;
}

export interface AuthorizationParts {
  readonly stores: OAuthStores;
  readonly hasher: PasswordHasher;
  /** The issuer, and the base of every address that is handed out; no slash at its end. */
  readonly publicUrl: string;
  /** Whether the well-known accounts are taken. */
  readonly sandbox: 'on' | 'off';
  /** Whose password grant needs no client (RFC 6749 section 4.3 asks for one); undefined: no client's. */
  readonly firstPartyClientId: string | undefined;
  /** Whether a program gets tokens for a person's name and password by Basic. */
  readonly basicLogin: 'on' | 'off';
  /** How many passwords are checked at once, and how many wait. */
  readonly loginLimit: ConcurrencyLimitOptions;
  /** How often each client may ask for tokens; undefined: as often as it likes. */
  readonly tokenRequestRate: RequestRate | undefined;
  /** How often each client, and each address, may introspect. */
  readonly introspectionRate: RequestRate;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** Builds the authorization server, room by room. */
export const createAuthorization = (parts: AuthorizationParts): Authorization => {
  const { stores, hasher, publicUrl, firstPartyClientId, clock, ids, log } = parts;
  const { loginLimit, tokenRequestRate, introspectionRate } = parts;
  const auditLog = createAuditLog({ audit: stores.audit, clock, log });
  const admission = createAdmission({ sandbox: parts.sandbox });
  const keys = createKeys({ stores, publicUrl, auditLog, clock });
  const accounts = createAccounts({ stores, admission, auditLog, hasher, loginLimit, clock, ids });
  const clients = createClients({ stores, admission, auditLog, clock, ids });
  const issued = createTokens({ stores, keys, publicUrl, admission, auditLog, introspectionRate, clock, ids });
  const { tokenMinter, tokenReader, ...tokens } = issued;
  const { logins } = accounts;
  const { clientAuthenticator } = clients;
  const grants = createGrants({
    stores,
    logins,
    admission,
    auditLog,
    tokens: { tokenMinter, tokenReader },
    clock,
    ids,
  });
  const { rememberedGrants, pendingDecisions } = stores;
  const login = { clients: stores.clients, logins, grants, jwt: keys.jwt, auditLog, clock };
  return {
    ...tokens,
    ...accounts,
    ...clients,
    ...createDeviceFlow({ stores, clientAuthenticator, publicUrl, admission, auditLog, clock, ids }),
    auditLog,
    grants,
    signingKeys: keys.signingKeys,
    consents: createConsents({
      clients: stores.clients,
      rememberedGrants,
      pendingDecisions,
      admission,
      auditLog,
      clock,
    }),
    tokenRequests: createTokenRequestCheck({
      clientAuthenticator,
      clients: stores.clients,
      admission,
      proofs: keys.proofs,
      firstPartyClientId,
      clientRate: tokenRequestRate && new RequestRateLimit(tokenRequestRate, clock),
    }),
    basicLogin: parts.basicLogin === 'on' ? createBasicLogin(login) : undefined,
  };
};

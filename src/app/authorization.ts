import { createAccountService } from '../oauth/accounts/account-service.ts';
import { createAdmission } from '../oauth/model/admission.ts';
import { createApplicationAdmin } from '../oauth/clients/application-admin.ts';
import { type AuditLog, createAuditLog } from '../oauth/model/audit-log.ts';
import { createAuditTrail } from '../oauth/accounts/audit-trail.ts';
import { createAuditedLogins, createLoginRefusals, type LoginRefusals } from '../oauth/accounts/audited-logins.ts';
import { createAuthenticators } from '../http/oauth/password-authenticator.ts';
import { createAuthorizationCheck } from '../oauth/authorize/authorization-check.ts';
import { createAuthorizationServer } from '../http/oauth/authorization-server.ts';
import { createBasicLogin } from '../oauth/server/basic-login.ts';
import { createClientAuthenticator } from '../oauth/clients/client-authenticator.ts';
import { createClientBrake } from '../oauth/limits/client-brake.ts';
import { createClientRegistration } from '../oauth/clients/client-registration.ts';
import { createConcurrencyLimit } from '../oauth/limits/concurrency-limit.ts';
import { createCurrentUser } from '../oauth/accounts/current-user.ts';
import { createDeviceAuthorization } from '../oauth/device/device-authorization.ts';
import { createDeviceConsent } from '../oauth/device/device-consent.ts';
import { createDpopProofs } from '../oauth/keys/dpop-proofs.ts';
import { createAuthorizationCodeGrant } from '../oauth/grants/authorization-code.ts';
import { createClientCredentialsGrant } from '../oauth/grants/client-credentials.ts';
import { createDeviceCodeGrant } from '../oauth/grants/device-code.ts';
import { createDirectIssue } from '../oauth/grants/direct-issue.ts';
import { createImplicitGrant } from '../oauth/grants/implicit.ts';
import { createPasswordGrant } from '../oauth/grants/password.ts';
import { createRefreshTokenGrant } from '../oauth/grants/refresh-token.ts';
import { createIntrospection } from '../oauth/tokens/introspection.ts';
import { createJwtTokens } from '../oauth/keys/jwt-tokens.ts';
import { createKeyPairs } from '../oauth/clients/key-pairs.ts';
import { createLoginBrake } from '../oauth/limits/login-brake.ts';
import { createLoginService, type LoginService } from '../oauth/accounts/login-service.ts';
import { createOwnGrants } from '../oauth/tokens/own-grants.ts';
import type { PasswordHasher } from '../oauth/accounts/password-hasher.ts';
import { createPendingDecisions } from '../oauth/authorize/pending-decisions.ts';
import { createRegistrationTokens } from '../oauth/clients/registration-tokens.ts';
import { createRememberedGrants } from '../oauth/authorize/remembered-grants.ts';
import { createRequestBrake, type RequestBrake } from '../oauth/limits/request-brake.ts';
import { createRevocation } from '../oauth/tokens/revocation.ts';
import { resourceOf } from '../oauth/model/resource.ts';
import type { OAuthStores } from '../oauth/model/stores.ts';
import { SigningKeys } from '../oauth/keys/signing-keys.ts';
import { createTokenMinter } from '../oauth/tokens/token-minter.ts';
import { createTokenReader } from '../oauth/tokens/token-reader.ts';
import { createTokenRequestCheck } from '../oauth/server/token-request.ts';
import { TokenUses } from '../oauth/tokens/token-uses.ts';
import { createTokenVerifier } from '../oauth/tokens/token-verifier.ts';
import { createUserAdmin } from '../oauth/accounts/user-admin.ts';
import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';

export interface AuthorizationParts {
  readonly stores: OAuthStores;
  readonly hasher: PasswordHasher;
  /** The issuer, and the base of every address that is handed out. */
  readonly publicUrl: string;
  readonly sandbox: boolean;
  /** Whose password grant needs no client (RFC 6749 section 4.3 asks for one); undefined: nobody's. */
  readonly firstPartyClientId: string | undefined;
  /** How often each client may ask for tokens; 0: as often as it likes. */
  readonly tokenRequestsPerSecondPerClient: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** argon2 keeps a core busy: two at once would leave none to the calls on a small machine. 100 wait some 2 seconds. */
const LOGINS = { atOnce: 1, mostWaiting: 100 };

/**
 * Each costs a query and a line of JSON: 50 a second leave the core to the calls, and whoever has more requests of its own
 * to check than that should take JWT.
 */
const INTROSPECTIONS = { most: 500, windowSeconds: 10 };

const clientRateOf = ({ tokenRequestsPerSecondPerClient: most }: AuthorizationParts): RequestBrake | undefined =>
  most === 0 ? undefined : createRequestBrake({ most, windowSeconds: 1 });

/** What every service stands on. */
const composeFoundation = (parts: AuthorizationParts) => {
  const { stores, sandbox } = parts;
  const auditLog = createAuditLog({ ...parts, audit: stores.audit });
  const keys = new SigningKeys({ ...parts, ...stores, auditLog });
  const jwt = createJwtTokens({ ...parts, keys });
  const proofs = createDpopProofs({ ...parts, ...stores });
  const tokenUses = new TokenUses(stores.tokens);
  return {
    ...stores,
    ...parts,
    ...{ auditLog, keys, jwt, proofs, tokenUses },
    loginRefusals: createLoginRefusals({ auditLog }),
    admission: createAdmission({ sandbox: sandbox ? 'on' : 'off' }),
    tokenMinter: createTokenMinter({ ids: parts.ids, jwt }),
    tokenReader: createTokenReader({ jwt }),
    limit: createConcurrencyLimit(LOGINS),
    brake: createLoginBrake(),
    clientBrake: createClientBrake(),
  };
};

/** The services of the authorization server, for the routes and pages around them. */
export type Authorization = ReturnType<typeof composeAuthorization>;

export const composeAuthorization = (parts: AuthorizationParts) => {
  const { publicUrl } = parts;
  const foundation = composeFoundation(parts);
  const { auditLog, keys, tokenUses } = foundation;
  const passwords = createLoginService(foundation);
  const logins = createAuditedLogins({ ...foundation, logins: passwords });
  const clientAuthenticator = createClientAuthenticator(foundation);
  const directIssue = createDirectIssue(foundation);
  const pendingDecisions = createPendingDecisions(foundation);
  const refreshTokens = createRefreshTokenGrant(foundation);
  const authorizationServer = createAuthorizationServer({
    issuer: publicUrl,
    authorizationCode: createAuthorizationCodeGrant(foundation),
    implicit: createImplicitGrant(foundation),
    refreshToken: refreshTokens,
    password: createPasswordGrant({ ...foundation, logins, directIssue }),
    clientCredentials: createClientCredentialsGrant({ ...foundation, directIssue }),
    deviceCode: createDeviceCodeGrant(foundation),
    pendingDecisions,
    rememberedGrants: createRememberedGrants(foundation),
    auditLog,
  });
  return {
    ...{ authorizationServer, pendingDecisions, tokenUses, auditLog },
    ...composeManagement({ ...foundation, passwords }),
    authorizationCheck: createAuthorizationCheck(foundation),
    authenticators: createAuthenticators({ logins }),
    clientAuthenticator,
    logins,
    basicLogin: createBasicLogin({ ...foundation, logins, directIssue, refreshTokens }),
    deviceAuthorization: createDeviceAuthorization({ ...foundation, clientAuthenticator }),
    deviceConsent: createDeviceConsent(foundation),
    currentUser: createCurrentUser(foundation),
    clientRegistration: createClientRegistration(foundation),
    revocation: createRevocation(foundation),
    introspection: createIntrospection({
      ...foundation,
      ...{ brake: createRequestBrake(INTROSPECTIONS), issuer: publicUrl, audience: resourceOf(publicUrl) },
    }),
    keys,
    tokenRequests: createTokenRequestCheck({ ...foundation, clientAuthenticator, clientRate: clientRateOf(parts) }),
    tokenVerifier: createTokenVerifier(foundation),
  };
};

interface ManagementParts extends AuthorizationParts, Omit<OAuthStores, 'proofs'> {
  readonly auditLog: AuditLog;
  readonly loginRefusals: LoginRefusals;
  /** Whose checks are no logins, and not recorded as such. */
  readonly passwords: LoginService;
}

/** What people manage by the pages. */
const composeManagement = (parts: ManagementParts) => ({
  accountService: createAccountService({ ...parts, logins: parts.passwords, userAdmin: createUserAdmin(parts) }),
  applicationAdmin: createApplicationAdmin(parts),
  auditTrail: createAuditTrail(parts),
  keyPairs: createKeyPairs(parts),
  ownGrants: createOwnGrants(parts),
  registrationTokenAdmin: createRegistrationTokens(parts),
});

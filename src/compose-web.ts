import { type RequestHandler, Router } from 'express';
import type { Config } from './config.ts';
import { createOAuthRouter } from './http/routes/oauth.ts';
import { createAdmission } from './oauth/admission.ts';
import { createAuthenticators } from './oauth/authenticators.ts';
import { createAuthorizationCheck } from './oauth/authorization-check.ts';
import { createAuthorizationServer } from './oauth/authorization-server.ts';
import { createClientAuthenticator } from './oauth/client-authenticator.ts';
import { createConcurrencyLimit } from './oauth/concurrency-limit.ts';
import { createCurrentUser } from './oauth/current-user.ts';
import { createAuthorizationCodeGrant } from './oauth/grants/authorization-code.ts';
import { createImplicitGrant } from './oauth/grants/implicit.ts';
import { createRefreshTokenGrant } from './oauth/grants/refresh-token.ts';
import { createLoginBrake } from './oauth/login-brake.ts';
import { createLoginService } from './oauth/login-service.ts';
import type { PasswordHasher } from './oauth/password-hasher.ts';
import { createPendingDecisions } from './oauth/pending-decisions.ts';
import type { TokenVerifier } from './oauth/principal.ts';
import { createRememberedGrants } from './oauth/remembered-grants.ts';
import { createTokenVerifier } from './oauth/token-verifier.ts';
import type { Clock } from './shared/clock.ts';
import type { IdSource } from './shared/ids.ts';
import type { Log } from './shared/log.ts';
import { deriveKey } from './storage/secret-key.ts';
import type { Stores } from './storage/stores.ts';
import { createAssetsRouter } from './web/assets.ts';
import { createGrantRouter } from './web/grant.ts';
import { createHomeRouter } from './web/home.ts';
import { createLoginRouter } from './web/login.ts';
import { createLogoutRouter } from './web/logout.ts';
import { createPageErrorHandler } from './web/page-errors.ts';
import { createPageRenderer } from './web/page-renderer.ts';
import { createSessionMiddleware } from './web/session.ts';
import { createTestPageRouter } from './web/test-page.ts';

export interface WebParts {
  readonly config: Config;
  readonly publicUrl: string;
  readonly stores: Stores;
  readonly hasher: PasswordHasher;
  readonly secretKey: Buffer;
  readonly viewsDirectory: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

export interface Web {
  readonly verifier: TokenVerifier;
  /** Authorization and pages, in the order in which they are asked. */
  readonly routers: readonly RequestHandler[];
}

/** argon2 keeps a core busy: two at once would leave none to the calls on a small machine. */
const LOGINS_AT_ONCE = 1;

/** The paths of people, and nothing else, have a session. */
const SESSION_PATHS = ['/auth', '/test', '/'];

/** The authorization server and the pages around it. */
export const composeWeb = (parts: WebParts): Web => {
  const { config, publicUrl, secretKey, stores, viewsDirectory, log } = parts;
  const sandbox = config.sandbox;
  const base = { ...stores, ...parts, admission: createAdmission({ sandbox: sandbox ? 'on' : 'off' }) };
  const pendingDecisions = createPendingDecisions(base);
  const authorizationCheck = createAuthorizationCheck(base);
  const tokenVerifier = createTokenVerifier(base);
  const renderPage = createPageRenderer({ viewsDirectory });
  const pageErrors = createPageErrorHandler({ renderPage, publicUrl });
  const authorizationServer = createAuthorizationServer({
    issuer: publicUrl,
    authorizationCode: createAuthorizationCodeGrant(base),
    implicit: createImplicitGrant(base),
    refreshToken: createRefreshTokenGrant(base),
    pendingDecisions,
    rememberedGrants: createRememberedGrants(base),
  });
  const limit = createConcurrencyLimit(LOGINS_AT_ONCE);
  const authenticators = createAuthenticators({
    logins: createLoginService({ ...base, brake: createLoginBrake(), limit }),
  });
  const clientAuthenticator = createClientAuthenticator(base);
  const currentUser = createCurrentUser(base);
  const pages = {
    ...{ authorizationServer, authorizationCheck, authenticators, currentUser, pendingDecisions, tokenVerifier },
    ...{ renderPage, publicUrl, sandbox, tokens: stores.tokens },
  };
  const secret = deriveKey(secretKey, 'session cookie').toString('base64url');
  const routers = [
    createAssetsRouter({ viewsDirectory }),
    createOAuthRouter({ authorizationServer, authorizationCheck, clientAuthenticator, pageErrors, log }),
    Router()
      .use(SESSION_PATHS, createSessionMiddleware({ ...parts, sessions: stores.sessions, secret }))
      .use(createLoginRouter(pages), createGrantRouter(pages), createLogoutRouter(pages))
      .use(createHomeRouter(pages), createTestPageRouter(pages))
      .use(pageErrors),
  ];
  return { verifier: tokenVerifier, routers };
};

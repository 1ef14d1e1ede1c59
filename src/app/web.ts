import { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import type { DirectRoute } from '../http/direct-route.ts';
import { type AuthorizationServer, createAuthorizationServer } from '../http/oauth/authorization-server.ts';
import { createPasswordAuthenticator } from '../http/oauth/password-authenticator.ts';
import { createProblemTypesRouter } from '../http/problem-types/problem-types-router.ts';
import { standUnderPublicPath } from '../http/public-path.ts';
import { createOAuthRouter } from '../http/routes/oauth/router.ts';
import { TokenRoute } from '../http/routes/oauth/token.ts';
import type { Authorization } from '../oauth/authorization.ts';
import type { OAuthStores } from '../oauth/model/stores.ts';
import type { TokenReview, TokenVerifier } from '../oauth/request/principal.ts';
import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { createHomeRouter } from '../web/home/home.ts';
import { createProblemPage } from '../web/home/problem-page.ts';
import { createTestPageRouter } from '../web/home/test-page.ts';
import { createDevicePageRouter } from '../web/login/device.ts';
import { createGrantRouter } from '../web/login/grant.ts';
import { createLoginRouter } from '../web/login/login.ts';
import { createLogoutRouter } from '../web/login/logout.ts';
import { createPageTokenRouter } from '../web/login/page-token.ts';
import { PageTokens, type PageTokenSeal } from '../web/login/page-tokens.ts';
import { createSessionMiddleware } from '../web/login/session.ts';
import { createManagementRouter } from '../web/management/management.ts';
import { createOwnSessions } from '../web/management/own-sessions.ts';
import { createAssetsRouter } from '../web/page/assets.ts';
import { createPageErrorHandler } from '../web/page/page-errors.ts';
import { createPageRenderer, type RenderPage } from '../web/page/page-renderer.ts';

export interface WebParts {
  readonly authorization: Authorization;
  readonly stores: Pick<OAuthStores, 'users' | 'sessions'>;
  readonly publicUrl: string;
  readonly sandbox: boolean;
  /** Signs the session cookies. */
  readonly cookieSecret: string;
  readonly pageTokenSeal: PageTokenSeal;
  readonly viewsDirectory: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** The pages of a feature, for users who are logged in. */
  readonly featurePages?: (parts: FeaturePageParts) => Router;
}

/** What the pages of a feature stand on. */
export interface FeaturePageParts
  extends
    Pick<Authorization, 'currentUser' | 'keptReplies' | 'applicationAdmin'>,
    Pick<WebParts, 'publicUrl' | 'clock' | 'ids'> {
  readonly renderPage: RenderPage;
}

export interface Web {
  /** To be asked before Express. */
  readonly directRoutes: readonly DirectRoute[];
  /** In the order in which they are asked. */
  readonly routers: readonly RequestHandler[];
  /** Shows a browser what was refused elsewhere. */
  readonly pageErrors: ErrorRequestHandler;
  /** Checks the tokens of applications, and those of the pages. */
  readonly verifier: TokenVerifier & TokenReview;
}

/** The paths of people, and nothing else, have a session. */
const SESSION_PATHS = [
  ...['/', '/auth/login', '/auth/grant', '/auth/logout', '/auth/page-token'],
  ...['/device', '/test', '/management{/*page}'],
];

interface PageParts extends WebParts {
  readonly authorizationServer: AuthorizationServer;
  readonly pageTokens: PageTokens;
  readonly renderPage: RenderPage;
}

/** In and out, and what a person allows on the way. */
const composeLoginPages = (parts: PageParts) => {
  const { authorization, authorizationServer, pageTokens, stores, publicUrl, clock, renderPage } = parts;
  const { users } = stores;
  const { logins, consents, keptReplies, currentUser, deviceConsent, tokenVerifier, revocation, auditLog } =
    authorization;
  const authenticateByPassword = createPasswordAuthenticator({ logins });
  return Router()
    .use(createLoginRouter({ authenticateByPassword, consents, currentUser, users, clock, renderPage, publicUrl }))
    .use(createGrantRouter({ authorizationServer, consents, currentUser, renderPage, publicUrl }))
    .use(createDevicePageRouter({ deviceConsent, currentUser, keptReplies, renderPage, publicUrl }))
    .use(createLogoutRouter({ tokenVerifier, revocation, auditLog, renderPage, publicUrl }))
    .use(createPageTokenRouter({ pageTokens, currentUser, renderPage, publicUrl }));
};

const composeManagement = (parts: WebParts & Pick<PageParts, 'renderPage'>): Router => {
  const { authorization, stores, publicUrl, clock, ids, renderPage } = parts;
  const { users, sessions } = stores;
  const { applicationAdmin, keyPairs, registrationTokenAdmin, ownGrants, auditLog } = authorization;
  const { accountService, auditTrail, currentUser, keptReplies } = authorization;
  return createManagementRouter({
    applicationAdmin,
    keyPairs,
    registrationTokenAdmin,
    ownGrants,
    accountService,
    auditTrail,
    currentUser,
    keptReplies,
    users,
    clock,
    ids,
    renderPage,
    publicUrl,
    ownSessions: createOwnSessions({ sessions, auditLog, clock }),
  });
};

/** The addresses of the authorization server, and the pages around it. */
export const composeWeb = (parts: WebParts): Web => {
  const { authorization, stores, publicUrl, sandbox, viewsDirectory, clock, ids, log } = parts;
  const { featurePages = () => Router() } = parts;
  const { consents, grants, tokenRequests, currentUser, keptReplies, applicationAdmin } = authorization;
  const renderPage = createPageRenderer({ viewsDirectory, publicUrl });
  const pageErrors = createPageErrorHandler({ renderPage, publicUrl, log });
  const authorizationServer = createAuthorizationServer({ issuer: publicUrl, consents, grants });
  const { sessions } = stores;
  const { tokenVerifier } = authorization;
  const pageTokens = new PageTokens({ tokenVerifier, currentUser, sessions, seal: parts.pageTokenSeal, clock });
  const session = { sessions, secret: parts.cookieSecret, publicUrl, clock, ids };
  const pages = Router()
    .all(SESSION_PATHS, createSessionMiddleware(session))
    .use(composeLoginPages({ ...parts, authorizationServer, pageTokens, renderPage }))
    .use(createHomeRouter({ currentUser, renderPage, publicUrl, sandbox }))
    .use(createTestPageRouter({ currentUser, renderPage, publicUrl, sandbox }))
    .use(composeManagement({ ...parts, renderPage }))
    .use(featurePages({ ...parts, currentUser, keptReplies, applicationAdmin, renderPage }))
    .use(pageErrors);
  return {
    directRoutes: [new TokenRoute({ authorizationServer, tokenRequests, publicUrl, log })],
    routers: [
      standUnderPublicPath(publicUrl),
      createAssetsRouter({ viewsDirectory }),
      createProblemTypesRouter({ publicUrl, showPage: createProblemPage({ renderPage, publicUrl }) }),
      createOAuthRouter({ authorization, publicUrl, pageErrors, log }),
      pages,
    ],
    pageErrors,
    verifier: pageTokens,
  };
};

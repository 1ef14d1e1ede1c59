import { type RequestHandler, Router } from 'express';
import type { Authorization } from './authorization.ts';
import { createBasicLoginRouter } from '../http/routes/oauth/auth-basic.ts';
import type { DirectRoute } from '../http/direct-route.ts';
import { createOAuthRouter } from '../http/routes/oauth/router.ts';
import { TokenRoute } from '../http/routes/oauth/token.ts';
import type { OAuthStores } from '../oauth/model/stores.ts';
import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { createAssetsRouter } from '../web/page/assets.ts';
import { createDevicePageRouter } from '../web/login/device.ts';
import { createGrantRouter } from '../web/login/grant.ts';
import { createHomeRouter } from '../web/home/home.ts';
import { createLoginRouter } from '../web/login/login.ts';
import { createLogoutRouter } from '../web/login/logout.ts';
import { createManagementRouter } from '../web/management/management.ts';
import { createOwnSessions } from '../web/management/own-sessions.ts';
import { createPageErrorHandler } from '../web/page/page-errors.ts';
import { createPageRenderer } from '../web/page/page-renderer.ts';
import { createSessionMiddleware } from '../web/login/session.ts';
import { createTestPageRouter } from '../web/home/test-page.ts';

export interface WebParts {
  readonly authorization: Authorization;
  readonly stores: OAuthStores;
  readonly publicUrl: string;
  readonly sandbox: boolean;
  /** Signs the session cookies. */
  readonly cookieSecret: string;
  readonly viewsDirectory: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

export interface Web {
  /** To be asked before Express. */
  readonly directRoutes: readonly DirectRoute[];
  /** In the order in which they are asked. */
  readonly routers: readonly RequestHandler[];
}

/** The paths of people, and nothing else, have a session. */
const SESSION_PATHS = ['/', '/auth/login', '/auth/grant', '/auth/logout', '/device', '/test', '/management{/*page}'];

/** The addresses of the authorization server, and the pages around it. */
export const composeWeb = (parts: WebParts): Web => {
  const { authorization, publicUrl, stores, viewsDirectory } = parts;
  const renderPage = createPageRenderer({ viewsDirectory });
  const pageErrors = createPageErrorHandler({ renderPage, publicUrl });
  const base = { ...stores, ...parts, ...authorization, renderPage, pageErrors };
  const routers = [
    createAssetsRouter({ viewsDirectory }),
    createOAuthRouter(base),
    createBasicLoginRouter(base),
    Router()
      .all(SESSION_PATHS, createSessionMiddleware({ ...base, secret: parts.cookieSecret }))
      .use(createLoginRouter(base), createGrantRouter(base), createDevicePageRouter(base), createLogoutRouter(base))
      .use(createHomeRouter(base), createTestPageRouter(base))
      .use(createManagementRouter({ ...base, ownSessions: createOwnSessions(base) }))
      .use(pageErrors),
  ];
  return { directRoutes: [new TokenRoute(base)], routers };
};

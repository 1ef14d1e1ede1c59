import { type Request, type Response, Router } from 'express';
import { prefersHtml } from '../http/negotiate.ts';
import { routeOf } from '../oauth/admission.ts';
import type { TokenVerifier } from '../oauth/principal.ts';
import type { TokenStore } from '../oauth/token-stores.ts';
import { createCsrfGuard } from './csrf.ts';
import { createPageErrorHandler } from './page-errors.ts';
import type { RenderPage } from './page-renderer.ts';
import { createPageSecurityHeaders } from './security-headers.ts';
import { logOut } from './session.ts';

export interface LogoutRouterDeps {
  readonly tokenVerifier: TokenVerifier;
  readonly tokens: TokenStore;
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
}

const path = '/auth/logout';

const bearerOf = (request: Request): string | undefined =>
  /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];

/**
 * `POST /auth/logout`: a program ends the family of its token, a person his session. Logging out twice is no error. Needs
 * the session middleware before it.
 */
export const createLogoutRouter = (deps: LogoutRouterDeps): Router => {
  const endFamily = async (token: string, request: Request): Promise<void> => {
    const { familyId } = await deps.tokenVerifier.verify(token, 'header', routeOf(request.headers));
    await deps.tokens.revokeFamily(familyId);
  };

  const post = async (request: Request, response: Response): Promise<void> => {
    const token = bearerOf(request);
    if (token === undefined) await logOut(request, response);
    else await endFamily(token, request);
    if (prefersHtml(request)) response.status(303).set('Location', '/').end();
    else response.status(204).end();
  };

  const router = Router();
  router.use(path, createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'own-pages' }));
  router.use(path, createCsrfGuard(deps));
  router.post(path, post);
  router.use(path, createPageErrorHandler(deps));
  return router;
};

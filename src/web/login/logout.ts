import { type Request, type Response, Router } from 'express';
import { prefersHtml } from '../../http/negotiate.ts';
import { presentedToken } from '../../http/oauth/presented-token.ts';
import type { Authorization } from '../../oauth/authorization.ts';
import { createCsrfGuard } from '../page/csrf.ts';
import { createPageErrorHandler } from '../page/page-errors.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { createPageSecurityHeaders } from '../page/security-headers.ts';
import { seeOther } from './page-request.ts';
import { logOut, sessionUser } from './session.ts';

export interface LogoutRouterDeps extends Pick<Authorization, 'tokenVerifier' | 'revocation' | 'auditLog'> {
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
}

const path = '/auth/logout';

/**
 * `POST /auth/logout`: a program ends the family of its token, a browser its session. Logging out twice is no error. Needs
 * the session middleware before it.
 */
export const createLogoutRouter = (deps: LogoutRouterDeps): Router => {
  const { auditLog } = deps;

  const endFamily = async (request: Request): Promise<void> => {
    const principal = await deps.tokenVerifier.verify(presentedToken(request));
    await deps.revocation.logOut(principal, request.ip ?? null);
  };

  const endSession = async (request: Request, response: Response): Promise<void> => {
    const userId = sessionUser(request)?.id;
    await logOut(request, response);
    if (userId !== undefined) auditLog.record('logout', { userId, address: request.ip ?? null });
  };

  const post = async (request: Request, response: Response): Promise<void> => {
    if (request.headers.authorization === undefined) await endSession(request, response);
    else await endFamily(request);
    if (prefersHtml(request)) seeOther(response, '/');
    else response.status(204).end();
  };

  const router = Router();
  router.use(path, createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'own-pages' }));
  router.use(path, createCsrfGuard(deps));
  router.post(path, post);
  router.use(path, createPageErrorHandler(deps));
  return router;
};

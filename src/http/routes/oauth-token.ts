import { type Request, type Response, Router } from 'express';
import { routeOf } from '../../oauth/admission.ts';
import type { AuthorizationServer } from '../../oauth/authorization-server.ts';
import type { ClientAuthenticator } from '../../oauth/client-authenticator.ts';
import { formOf, queryParametersOf, readForm } from '../../oauth/form.ts';
import { checkTokenRequest, isForBrowsers } from '../../oauth/token-request.ts';
import type { Log } from '../../shared/log.ts';
import { createTokenErrorHandler } from './oauth-token-error.ts';

export interface TokenRouterDeps {
  readonly authorizationServer: AuthorizationServer;
  readonly clientAuthenticator: ClientAuthenticator;
  readonly log: Log;
}

const METHODS = 'GET, POST';
const path = '/oauth/token';

const allowAnyOrigin = (response: Response): void => {
  response.set({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After',
  });
};

/** The token endpoint (RFC 6749 section 3.2). It knows no session: whoever asks is a client, never a person. */
export const createTokenRouter = (deps: TokenRouterDeps): Router => {
  const grant = async (request: Request, response: Response, next: (error?: unknown) => void): Promise<void> => {
    const method = request.method === 'GET' ? 'GET' : 'POST';
    const parameters = method === 'GET' ? queryParametersOf(request) : formOf(request);
    if (isForBrowsers(parameters)) allowAnyOrigin(response);
    const { authorization } = request.headers;
    const asked = { parameters, authorization, method, route: routeOf(request.headers) } as const;
    const tokenRequest = await checkTokenRequest(deps.clientAuthenticator, asked);
    deps.authorizationServer.grantTokens(tokenRequest, { request, response, next });
  };

  const router = Router();
  router.use(path, (_request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
    next();
  });
  router.head(path, (_request, response) => void response.status(405).set('Allow', METHODS).end());
  router.get(path, grant);
  router.post(path, readForm, grant);
  router.options(path, (_request, response) => {
    allowAnyOrigin(response);
    response.set('Access-Control-Allow-Methods', METHODS);
    response.set('Access-Control-Allow-Headers', 'Authorization, Content-Type, DPoP');
    response.status(204).end();
  });
  router.all(path, (_request, response) => void response.status(405).set('Allow', METHODS).end());
  router.use(path, createTokenErrorHandler(deps));
  return router;
};

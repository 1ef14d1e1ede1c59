import { type Request, type RequestHandler, type Response, Router } from 'express';
import { routeOf } from '../../oauth/admission.ts';
import type { AuthorizationServer } from '../../oauth/authorization-server.ts';
import { ForeignOriginError } from '../../oauth/errors.ts';
import { formOf, queryParametersOf, readForm } from '../../oauth/form.ts';
import { sentProof } from '../../oauth/presented-token.ts';
import {
  carriesCredentials,
  type CodeAnswer,
  type IncomingTokenRequest,
  isForBrowsers,
  type TokenRequestCheck,
} from '../../oauth/token-request.ts';
import type { Log } from '../../shared/log.ts';
import { createTokenErrorHandler } from './oauth-token-error.ts';

export interface TokenRouterDeps {
  readonly authorizationServer: AuthorizationServer;
  readonly tokenRequests: TokenRequestCheck;
  /** Whose pages are our own. */
  readonly publicUrl: string;
  readonly log: Log;
}

const METHODS = 'GET, POST';

/** Each address of the endpoint, and what a code gets there by GET. */
const codeAnswerByGet: Readonly<Record<string, CodeAnswer>> = {
  '/oauth/token': 'redirect',
  '/api/oauth/token': 'json',
  '/oauth2/token': 'json',
};

const allowAnyOrigin = (response: Response): void => {
  response.set({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After',
  });
};

const setNoStore: RequestHandler = (_request, response, next) => {
  response.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
  next();
};

const refuseMethod: RequestHandler = (_request, response) => void response.status(405).set('Allow', METHODS).end();

const answerPreflight: RequestHandler = (_request, response) => {
  allowAnyOrigin(response);
  response.set('Access-Control-Allow-Methods', METHODS);
  response.set('Access-Control-Allow-Headers', 'Authorization, Content-Type, DPoP');
  response.status(204).end();
};

/** A browser says where a request comes from, in headers that no page can forge; a program sends neither. */
const isForeign = (request: Request, ownOrigin: string): boolean => {
  const { origin } = request.headers;
  const site = request.get('Sec-Fetch-Site') ?? 'none';
  return (origin !== undefined && origin !== ownOrigin) || site === 'cross-site' || site === 'same-site';
};

/** The token endpoint (RFC 6749 section 3.2). It knows no session: whoever asks is a client, never a person. */
export const createTokenRouter = (deps: TokenRouterDeps): Router => {
  const ownOrigin = new URL(deps.publicUrl).origin;

  const grant =
    (read: Pick<IncomingTokenRequest, 'method' | 'codeAnswer'>): RequestHandler =>
    async (request, response, next) => {
      const parameters = read.method === 'GET' ? queryParametersOf(request) : formOf(request);
      if (carriesCredentials(parameters) && isForeign(request, ownOrigin)) throw new ForeignOriginError();
      if (isForBrowsers(parameters)) allowAnyOrigin(response);
      const tokenRequest = await deps.tokenRequests.check({
        ...read,
        parameters,
        authorization: request.headers.authorization,
        route: routeOf(request.headers),
        address: request.ip ?? '',
        proof: sentProof(request),
      });
      deps.authorizationServer.grantTokens(tokenRequest, { request, response, next });
    };

  const router = Router();
  const addAddress = (path: string, answerByGet: CodeAnswer): void => {
    router.use(path, setNoStore);
    router.head(path, refuseMethod);
    router.get(path, grant({ method: 'GET', codeAnswer: answerByGet }));
    router.post(path, readForm, grant({ method: 'POST', codeAnswer: 'json' }));
    router.options(path, answerPreflight);
    router.all(path, refuseMethod);
    router.use(path, createTokenErrorHandler(deps));
  };
  for (const [path, answerByGet] of Object.entries(codeAnswerByGet)) addAddress(path, answerByGet);
  return router;
};

import { type Request, Router } from 'express';
import type { Client } from '../../../oauth/model/account-stores.ts';
import type { RequestRoute } from '../../../oauth/model/admission.ts';
import { routeOf } from '../../oauth/presented-token.ts';
import type { ClientAuthenticator } from '../../../oauth/clients/client-authenticator.ts';
import { OAuthError } from '../../../oauth/model/errors.ts';
import { formOf, readForm } from '../../oauth/form.ts';
import type { Log } from '../../../shared/log.ts';
import { tokenNoStore } from '../../reply.ts';
import { createTokenErrorHandler } from './token-error.ts';

export interface ClientEndpointDeps {
  readonly clientAuthenticator: ClientAuthenticator;
  readonly log: Log;
}

/** What an authenticated client says about one of its tokens. */
export interface TokenQuestion {
  readonly client: Client;
  readonly token: string;
  readonly route: RequestRoute;
  readonly address: string;
}

export interface ClientEndpoint {
  readonly path: string;
  /** The JSON of a 200. */
  readonly answer: (question: TokenQuestion) => Promise<object>;
}

/**
 * An endpoint at which a client sends one of its tokens, authenticated as at the token endpoint: RFC 7009 section 2.1,
 * RFC 7662 section 2.1. It knows no session.
 */
export const createClientEndpoint = (deps: ClientEndpointDeps, { path, answer }: ClientEndpoint): Router => {
  const questionOf = async (request: Request): Promise<TokenQuestion> => {
    const parameters = formOf(request);
    if (parameters.hasRepetition) throw new OAuthError('invalid_request', 'A parameter was given more than once.');
    const { authorization } = request.headers;
    const route = routeOf(request.headers);
    const address = request.ip ?? '';
    const client = await deps.clientAuthenticator.authenticate({ authorization, parameters, route, address });
    const token = parameters.get('token');
    if (token === undefined) throw new OAuthError('invalid_request', 'The token is missing.');
    return { client, token, route, address };
  };

  const router = Router();
  router.use(path, (_request, response, next) => {
    response.set(tokenNoStore);
    next();
  });
  router.post(path, readForm, async (request, response) => {
    response.json(await answer(await questionOf(request)));
  });
  router.all(path, (_request, response) => void response.status(405).set('Allow', 'POST').end());
  router.use(path, createTokenErrorHandler(deps));
  return router;
};

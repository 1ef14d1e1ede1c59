import { type Request, Router } from 'express';
import type { Authorization } from '../../../oauth/authorization.ts';
import type { Client } from '../../../oauth/model/account-stores.ts';
import { OAuthError } from '../../../oauth/model/errors.ts';
import type { Log } from '../../../shared/log.ts';
import { formOf, readForm } from '../../oauth/form.ts';
import { routeOf } from '../../oauth/presented-token.ts';
import { refuseMethod } from '../../refuse-method.ts';
import { tokenNoStore } from '../../reply.ts';
import { createTokenErrorHandler } from './token-error.ts';

interface ClientEndpointParts extends Pick<Authorization, 'clientAuthenticator'> {
  readonly log: Log;
}

/** What an authenticated client says about one of its tokens. */
interface TokenQuestion {
  readonly client: Client;
  readonly token: string;
  readonly route: ReturnType<typeof routeOf>;
  readonly address: string;
}

interface ClientEndpoint {
  readonly path: string;
  /** The JSON of a 200. */
  readonly answer: (question: TokenQuestion) => Promise<object>;
}

/**
 * An endpoint at which a client sends one of its tokens, authenticated as at the token endpoint: RFC 7009 section 2.1,
 * RFC 7662 section 2.1. It knows no session.
 */
const createClientEndpoint = (parts: ClientEndpointParts, { path, answer }: ClientEndpoint): Router => {
  const questionOf = async (request: Request): Promise<TokenQuestion> => {
    const parameters = formOf(request);
    if (parameters.hasRepetition) throw new OAuthError('invalid_request', 'A parameter was given more than once.');
    const { authorization } = request.headers;
    const route = routeOf(request.headers);
    const address = request.ip ?? '';
    const client = await parts.clientAuthenticator.authenticate({ authorization, parameters, route, address });
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
  router.all(path, refuseMethod('POST'));
  router.use(path, createTokenErrorHandler(parts));
  return router;
};

/** The revocation endpoint (RFC 7009). */
export const createRevokeRouter = (parts: ClientEndpointParts & Pick<Authorization, 'revocation'>): Router =>
  createClientEndpoint(parts, {
    path: '/oauth/revoke',
    answer: async (question) => {
      await parts.revocation.revoke(question);
      return {};
    },
  });

/** The introspection endpoint (RFC 7662). Without a secret any caller could try tokens: section 2.1. */
export const createIntrospectRouter = (parts: ClientEndpointParts & Pick<Authorization, 'introspection'>): Router =>
  createClientEndpoint(parts, {
    path: '/oauth/introspect',
    answer: (question) => {
      if (question.client.secretHash === null) {
        throw new OAuthError('invalid_client', 'A public client cannot ask for tokens.');
      }
      return parts.introspection.introspect(question);
    },
  });

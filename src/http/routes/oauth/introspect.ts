import type { Router } from 'express';
import { OAuthError } from '../../../oauth/model/errors.ts';
import type { Introspection } from '../../../oauth/tokens/introspection.ts';
import { type ClientEndpointDeps, createClientEndpoint } from './client-endpoint.ts';

export interface IntrospectRouterDeps extends ClientEndpointDeps {
  readonly introspection: Introspection;
}

/** The introspection endpoint (RFC 7662). Without a secret anybody could try tokens: section 2.1. */
export const createIntrospectRouter = (deps: IntrospectRouterDeps): Router =>
  createClientEndpoint(deps, {
    path: '/oauth/introspect',
    answer: (question) => {
      if (question.client.secretHash === null) {
        throw new OAuthError('invalid_client', 'A public client cannot ask for tokens.');
      }
      return deps.introspection.introspect(question);
    },
  });

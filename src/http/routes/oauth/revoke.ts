import type { Router } from 'express';
import type { Revocation } from '../../../oauth/tokens/revocation.ts';
import { type ClientEndpointDeps, createClientEndpoint } from './client-endpoint.ts';

export interface RevokeRouterDeps extends ClientEndpointDeps {
  readonly revocation: Revocation;
}

/** The revocation endpoint (RFC 7009). */
export const createRevokeRouter = (deps: RevokeRouterDeps): Router =>
  createClientEndpoint(deps, {
    path: '/oauth/revoke',
    answer: async (question) => {
      await deps.revocation.revoke(question);
      return {};
    },
  });

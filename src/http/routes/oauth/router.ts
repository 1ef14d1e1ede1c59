import { type ErrorRequestHandler, Router } from 'express';
import type { Authorization } from '../../../oauth/authorization.ts';
import type { Log } from '../../../shared/log.ts';
import { createBasicLoginRouter } from './auth-basic.ts';
import { createAuthorizeRouter } from './authorize.ts';
import { createIntrospectRouter, createRevokeRouter } from './client-endpoints.ts';
import { createDeviceAuthorizationRouter } from './device.ts';
import { createJwksRouter, createMetadataRouter } from './metadata.ts';
import { createRegisterRouter } from './register.ts';

export interface OAuthRouterParts {
  readonly authorization: Authorization;
  readonly publicUrl: string;
  /** Shows a person what is wrong with the application that sent them here. */
  readonly pageErrors: ErrorRequestHandler;
  readonly log: Log;
}

/** The protocol endpoints but the token endpoint, and the Basic login where it is on. No session middleware may come before it. */
export const createOAuthRouter = ({ authorization, publicUrl, pageErrors, log }: OAuthRouterParts): Router => {
  const { consents, deviceAuthorization, clientAuthenticator, clientRegistration, signingKeys } = authorization;
  const { revocation, introspection, basicLogin, tokenVerifier } = authorization;
  const router = Router()
    .use(createAuthorizeRouter({ consents, pageErrors }))
    .use(createDeviceAuthorizationRouter({ deviceAuthorization, log }))
    .use(createRevokeRouter({ clientAuthenticator, revocation, log }))
    .use(createIntrospectRouter({ clientAuthenticator, introspection, log }))
    .use(createRegisterRouter({ clientRegistration, log }))
    .use(createMetadataRouter({ publicUrl }), createJwksRouter({ signingKeys }));
  if (basicLogin !== undefined) router.use(createBasicLoginRouter({ basicLogin, tokenVerifier, revocation }));
  return router;
};

import { Router } from 'express';
import { type AuthorizeRouterDeps, createAuthorizeRouter } from './oauth-authorize.ts';
import { createDeviceAuthorizationRouter, type DeviceAuthorizationRouterDeps } from './oauth-device.ts';
import { createIntrospectRouter, type IntrospectRouterDeps } from './oauth-introspect.ts';
import { createJwksRouter, type JwksRouterDeps } from './oauth-jwks.ts';
import { createMetadataRouter, type MetadataRouterDeps } from './oauth-metadata.ts';
import { createRegisterRouter, type RegisterRouterDeps } from './oauth-register.ts';
import { createRevokeRouter, type RevokeRouterDeps } from './oauth-revoke.ts';

export interface OAuthRouterDeps
  extends
    AuthorizeRouterDeps,
    DeviceAuthorizationRouterDeps,
    RevokeRouterDeps,
    IntrospectRouterDeps,
    RegisterRouterDeps,
    MetadataRouterDeps,
    JwksRouterDeps {}

/** The protocol endpoints under `/oauth` but the token endpoint, and what tells of them. No session middleware may come before it. */
export const createOAuthRouter = (deps: OAuthRouterDeps): Router =>
  Router()
    .use(createAuthorizeRouter(deps), createDeviceAuthorizationRouter(deps))
    .use(createRevokeRouter(deps), createIntrospectRouter(deps), createRegisterRouter(deps))
    .use(createMetadataRouter(deps), createJwksRouter(deps));

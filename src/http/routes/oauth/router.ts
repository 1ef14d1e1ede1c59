import { Router } from 'express';
import { type AuthorizeRouterDeps, createAuthorizeRouter } from './authorize.ts';
import { createDeviceAuthorizationRouter, type DeviceAuthorizationRouterDeps } from './device.ts';
import { createIntrospectRouter, type IntrospectRouterDeps } from './introspect.ts';
import { createJwksRouter, type JwksRouterDeps } from './jwks.ts';
import { createMetadataRouter, type MetadataRouterDeps } from './metadata.ts';
import { createRegisterRouter, type RegisterRouterDeps } from './register.ts';
import { createRevokeRouter, type RevokeRouterDeps } from './revoke.ts';

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

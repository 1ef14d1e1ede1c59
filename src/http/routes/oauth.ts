import { Router } from 'express';
import { type AuthorizeRouterDeps, createAuthorizeRouter } from './oauth-authorize.ts';
import { createTokenRouter, type TokenRouterDeps } from './oauth-token.ts';

export interface OAuthRouterDeps extends AuthorizeRouterDeps, TokenRouterDeps {}

/** The protocol endpoints under `/oauth`. No session middleware may come before it. */
export const createOAuthRouter = (deps: OAuthRouterDeps): Router =>
  Router().use(createAuthorizeRouter(deps)).use(createTokenRouter(deps));

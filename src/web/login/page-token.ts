import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { InsufficientScopeError } from '../../oauth/model/errors.ts';
import { formatScopes, mayGrant } from '../../oauth/model/permissions.ts';
import { createCsrfGuard } from '../page/csrf.ts';
import { NotLoggedInError } from '../page/errors.ts';
import { fieldsOf, readBody } from '../page/page-body.ts';
import { createPageErrorHandler } from '../page/page-errors.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { createPageSecurityHeaders } from '../page/security-headers.ts';
import { type PageRequestDeps, pageRequestOf } from './page-request.ts';
import { PAGE_TOKEN_SECONDS, pageScopes, type PageTokens } from './page-tokens.ts';
import { sessionHash } from './session.ts';

export interface PageTokenRouterDeps extends PageRequestDeps {
  readonly pageTokens: PageTokens;
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
}

const path = '/auth/page-token';

const schema = z.strictObject({ scope: z.enum(['read', 'operator']).default('read') });

/**
 * `POST /auth/page-token`: a page of ours, whose user is logged in, gets a token of some minutes for `/rest/call` and its
 * events. Needs the session middleware before it.
 */
export const createPageTokenRouter = (deps: PageTokenRouterDeps): Router => {
  const post = async (request: Request, response: Response): Promise<void> => {
    const pageRequest = await pageRequestOf(deps, request, response);
    if (pageRequest === undefined) throw new NotLoggedInError();
    const scopes = pageScopes[fieldsOf(request, schema).scope];
    if (!scopes.every((scope) => mayGrant(scope, pageRequest.user.role))) {
      throw new InsufficientScopeError('Your role does not allow this.', { details: { scope: formatScopes(scopes) } });
    }
    response.json({
      access_token: deps.pageTokens.make(sessionHash(request), scopes),
      token_type: 'Bearer',
      expires_in: PAGE_TOKEN_SECONDS,
      scope: formatScopes(scopes),
    });
  };

  const router = Router();
  router.use(path, createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'own-pages' }));
  router.use(path, createCsrfGuard(deps));
  router.post(path, readBody, post);
  router.use(path, createPageErrorHandler(deps));
  return router;
};

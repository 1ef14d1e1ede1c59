import { Router } from 'express';
import { prefersHtml } from '../http/negotiate.ts';
import type { RenderPage } from './page-renderer.ts';
import { createPageSecurityHeaders } from './security-headers.ts';
import { sessionUser } from './session.ts';

export interface HomeOptions {
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
  readonly sandbox: boolean;
}

/** `GET /`: what this is, who is logged in, and where to go. Needs the session middleware before it. */
export const createHomeRouter = (options: HomeOptions): Router => {
  const { publicUrl, sandbox } = options;
  const router = Router();
  router.get('/', createPageSecurityHeaders({ publicUrl, formTargets: 'own-pages' }), (request, response) => {
    const username = sessionUser(request)?.username;
    if (prefersHtml(request)) {
      options.renderPage(response, { view: 'home', status: 200, data: { publicUrl, sandbox, username } });
    } else {
      response.vary('Accept').json({ name: 'Offhook', username: username ?? null, links: linksFrom(publicUrl) });
    }
  });
  return router;
};

const linksFrom = (publicUrl: string) => ({
  authorization: `${publicUrl}/oauth/auth`,
  token: `${publicUrl}/oauth/token`,
  calls: `${publicUrl}/rest/call`,
  metadata: `${publicUrl}/.well-known/oauth-authorization-server`,
  test: `${publicUrl}/test`,
});

import { type Request, type Response, Router } from 'express';
import { prefersHtml } from '../../http/negotiate.ts';
import { type PageRequestDeps, pageRequestOf } from '../login/page-request.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { createPageSecurityHeaders } from '../page/security-headers.ts';

export interface HomeOptions extends PageRequestDeps {
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
  readonly sandbox: boolean;
}

/** `GET /`: what this is, which user is logged in, and where to go. Needs the session middleware before it. */
export const createHomeRouter = (options: HomeOptions): Router => {
  const { publicUrl, sandbox } = options;

  const show = async (request: Request, response: Response): Promise<void> => {
    const visitor = (await pageRequestOf(options, request, response))?.user;
    if (prefersHtml(request)) {
      options.renderPage(response, { view: 'home', status: 200, data: { publicUrl, sandbox }, visitor });
    } else {
      const username = visitor?.username ?? null;
      response.vary('Accept').json({ name: 'Offhook', username, links: linksFrom(publicUrl) });
    }
  };

  const router = Router();
  router.get('/', createPageSecurityHeaders({ publicUrl, formTargets: 'own-pages' }), show);
  return router;
};

const linksFrom = (publicUrl: string) => ({
  authorization: `${publicUrl}/oauth/auth`,
  token: `${publicUrl}/oauth/token`,
  calls: `${publicUrl}/rest/call`,
  metadata: `${publicUrl}/.well-known/oauth-authorization-server`,
  test: `${publicUrl}/test`,
});

import { Router } from 'express';
import { prefersHtml } from '../../http/negotiate.ts';
import { type PageRequestDeps, pageRequestOf } from '../login/page-request.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { createPageSecurityHeaders } from '../page/security-headers.ts';

/** The carrier of the sandbox: what each of its numbers does. */
const sandboxNumbers = [
  { number: '+12025550100', behaviour: 'answers' },
  { number: '+12025550101', behaviour: 'is busy' },
  { number: '+12025550102', behaviour: 'rings and never answers' },
  { number: '+12025550103', behaviour: 'declines' },
  { number: '+12025550104', behaviour: 'does not exist' },
  { number: '+12025550105', behaviour: 'fails' },
  { number: '+12025550106', behaviour: 'answers and hangs up after 5 seconds' },
  { number: '+12025550107', behaviour: 'answers and echoes what you say' },
  { number: '+12025550108', behaviour: 'plays an announcement, then answers' },
];

export interface TestPageOptions extends PageRequestDeps {
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
  readonly sandbox: boolean;
}

/**
 * `GET /test`, the redirect URI to try things with. A browser gets the page that walks through every flow and places a
 * call; a program gets what arrived in the query, as JSON. Needs the session middleware before it.
 */
export const createTestPageRouter = (options: TestPageOptions): Router => {
  const { publicUrl, sandbox } = options;
  const numbers = sandbox ? sandboxNumbers : [];
  const router = Router();
  router.get('/test', createPageSecurityHeaders({ publicUrl, formTargets: 'own-pages' }), async (request, response) => {
    if (prefersHtml(request)) {
      const visitor = (await pageRequestOf(options, request, response))?.user;
      options.renderPage(response, { view: 'test', status: 200, data: { publicUrl, sandbox, numbers }, visitor });
    } else {
      response.vary('Accept').json(request.query);
    }
  });
  return router;
};

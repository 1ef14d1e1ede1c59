import { type ErrorRequestHandler, Router } from 'express';
import type { Authorization } from '../../../oauth/authorization.ts';
import { queryParametersOf } from '../../oauth/form.ts';
import { routeOf } from '../../oauth/presented-token.ts';
import { setLocation } from '../../public-path.ts';
import { refuseMethod } from '../../refuse-method.ts';
import { queryOf } from '../../request-target.ts';

export interface AuthorizeRouterParts extends Pick<Authorization, 'consents'> {
  /** Shows a person what is wrong with the application that sent them here. */
  readonly pageErrors: ErrorRequestHandler;
}

const path = '/oauth/auth';

/**
 * The authorization endpoint (RFC 6749 section 3.1). It only finds out whether the client and its address are good, and
 * sends the browser on to the login: whatever else is wrong goes to the client after that, so that no client can make a
 * redirector of us (RFC 9700 section 4.11.2).
 */
export const createAuthorizeRouter = ({ consents, pageErrors }: AuthorizeRouterParts): Router => {
  const router = Router();
  router.get(path, async (request, response) => {
    response.set('Cache-Control', 'no-store');
    await consents.trust(queryParametersOf(request), routeOf(request.headers));
    setLocation(response.status(302), `/auth/login?${queryOf(request.originalUrl)}`).end();
  });
  router.all(path, refuseMethod('GET, HEAD'));
  router.use(path, pageErrors);
  return router;
};

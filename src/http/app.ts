import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { createAccessLog } from './access-log.ts';
import { openToOrigins } from './cors.ts';
import { NotFoundError } from './errors.ts';
import { refuseForeignHost } from './host-guard.ts';
import { asAppError, sendProblem } from './problem.ts';
import { CallRoute, type CallRouteDeps } from './routes/call.ts';
import { health } from './routes/health.ts';

export interface AppDeps extends CallRouteDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Addresses and networks whose X-Forwarded-For counts, for the client's address only. */
  readonly trustedProxies: readonly string[];
  /** `loopback` while the sandbox is on. */
  readonly hosts: 'any' | 'loopback';
  /** Whether calls can be placed now. */
  readonly isReady: () => boolean;
  /** What comes after the API: authorization, pages. They bring sessions and headers of their own. */
  readonly routers: readonly RequestHandler[];
}

const notFound: RequestHandler = () => {
  throw new NotFoundError();
};

/** What nobody handled. Where the reply has begun, nothing can be said any more: the connection is cut. */
const errorHandler =
  (log: Log): ErrorRequestHandler =>
  (error: unknown, request, response, _next) => {
    if (asAppError(error) === undefined)
      log.error({ err: error, method: request.method, path: request.path }, 'failed');
    if (response.headersSent) response.destroy();
    else sendProblem(request, response, error);
  };

const CALL_PATH = /^\/rest\/call\/?(?:\?|$)/i;

/** What every request passes, and the API, in one layer: each layer of the router costs more than all of these. */
const createFront = (deps: AppDeps): RequestHandler => {
  const recordAccess = createAccessLog(deps.log, deps.clock);
  const calls = new CallRoute(deps);
  return (request, response, next) => {
    recordAccess(request, response);
    if (deps.hosts === 'loopback') refuseForeignHost(request);
    if (openToOrigins(request, response) === 'answered') return undefined;
    if (CALL_PATH.test(request.url)) return calls.handle(request, response);
    next();
    return undefined;
  };
};

/** The whole HTTP face. The API comes first, before anything that only pages need: it is asked the most. */
export const createApp = (deps: AppDeps): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...deps.trustedProxies]);
  app.use(createFront(deps));
  app.get('/healthz', health(deps.isReady));
  for (const router of deps.routers) app.use(router);
  app.use(notFound);
  app.use(errorHandler(deps.log));
  return app;
};

import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { accessLog } from './access-log.ts';
import { cors } from './cors.ts';
import { NotFoundError } from './errors.ts';
import { loopbackHostOnly } from './host-guard.ts';
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

/** The whole HTTP face. The API comes first, before anything that only pages need: it is asked the most. */
export const createApp = (deps: AppDeps): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...deps.trustedProxies]);
  app.use(accessLog(deps.log, deps.clock));
  if (deps.hosts === 'loopback') app.use(loopbackHostOnly);
  app.use(cors);
  app.all('/rest/call', new CallRoute(deps).handle);
  app.get('/healthz', health(deps.isReady));
  for (const router of deps.routers) app.use(router);
  app.use(notFound);
  app.use(errorHandler(deps.log));
  return app;
};

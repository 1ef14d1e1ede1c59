import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import proxyAddress from 'proxy-addr';
import type { CallAdmission } from '../calls/call-admission.ts';
import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { isLoopbackHost } from '../shared/loopback.ts';
import { createAccessLog } from './access-log.ts';
import { canonicalize } from './canonical-request.ts';
import { openToOrigins } from './cors.ts';
import type { DirectRoute } from './direct-route.ts';
import { MisdirectedRequestError, NotFoundError } from './errors.ts';
import { asAppError, sendProblem } from './problem.ts';
import { publicPathOf, withoutPublicPath } from './public-path.ts';
import { createCallRefusal } from './refuse-call.ts';
import { send } from './reply.ts';
import { contextOf, idsOf, noteProblem, openContext } from './request-context.ts';
import { type Lane, RequestQueue } from './request-queue.ts';
import { pathOf } from './request-target.ts';
import { CallRoute, type CallRouteDeps, isCallPath } from './routes/call/call.ts';

/** What `/healthz` says. The reason is a few words, for a person. */
export type Readiness =
  | { readonly status: 'ready' }
  | { readonly status: 'overloaded'; readonly reason: string }
  | { readonly status: 'not ready'; readonly reason?: string };

export interface AppDeps extends CallRouteDeps {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** Addresses and networks whose X-Forwarded-For counts, for the client's address only. */
  readonly trustedProxies: readonly string[];
  /** `loopback` while the sandbox is on. */
  readonly hosts: 'any' | 'loopback';
  /** Asked of each new call before anything else. */
  readonly admission: Pick<CallAdmission, 'refusal'>;
  /** Whether calls can be placed now. */
  readonly readiness: () => Readiness;
  /** The busiest addresses beside the API itself. */
  readonly directRoutes: readonly DirectRoute[];
  /** What comes after the API: authorization, pages. They bring sessions and headers of their own. */
  readonly routers: readonly RequestHandler[];
  /** Shows a browser what was refused; what is for a program, it passes on. */
  readonly pageErrors: ErrorRequestHandler;
}

/** Express answers OPTIONS itself, once all who know the address have told their methods. */
const notFound: RequestHandler = (request, _response, next) => {
  if (request.method === 'OPTIONS') next();
  else throw new NotFoundError();
};

/** What programs alone ask for: a browser that comes here is shown the JSON that a program gets. */
const FOR_PROGRAMS = /^\/(?:rest|api)(?:\/|$)/i;

/** `OPTIONS *` asks for the server as a whole: RFC 9110 section 9.3.7. */
const answerForServer = (request: IncomingMessage, response: ServerResponse): void => {
  if (request.method !== 'OPTIONS') throw new NotFoundError();
  response.writeHead(204, { Allow: 'GET, HEAD, POST, PUT, DELETE, OPTIONS' }).end();
};

/**
 * `GET /healthz`: 200 once calls can be placed, 503 before, while nothing can be stored and while shutting down. 200 under
 * overload too: a balancer that turned away would keep people from hanging up.
 */
const health =
  (readiness: () => Readiness): RequestHandler =>
  (_request, response) => {
    const body = readiness();
    const status = body.status === 'not ready' ? 503 : 200;
    send(response, { status, contentType: 'application/json', body: JSON.stringify(body) });
  };

/**
 * Keeps the sandbox, whose passwords are well known, to this machine: a name that an attacker's DNS rebinds to
 * 127.0.0.1 arrives in Host.
 */
const refuseForeignHost = ({ headers }: IncomingMessage): void => {
  if (!isLoopbackHost((headers.host ?? '').replace(/:\d*$/, ''))) throw new MisdirectedRequestError();
};

/** Replies with an error, and logs it where the fault is ours. Where the reply has begun, the connection is cut. */
const createFailureReply =
  ({ log, publicUrl }: AppDeps) =>
  (request: IncomingMessage, response: ServerResponse, error: unknown): void => {
    const known = asAppError(error);
    noteProblem(request, known?.code ?? 'internal_error');
    if (known === undefined) {
      const { method, url = '/' } = request;
      log.error({ err: error, method, path: pathOf(url), ...idsOf(contextOf(request)) }, 'failed');
    }
    if (response.headersSent) response.destroy();
    else sendProblem(request, response, error, publicUrl);
  };

type FailureReply = ReturnType<typeof createFailureReply>;

type Admit = (request: IncomingMessage, response: ServerResponse) => 'answered' | 'to-be-answered';

/** What every request passes first; a preflight has its reply by then. */
const createAdmission =
  ({ hosts }: AppDeps): Admit =>
  (request, response) => {
    if (hosts === 'loopback') refuseForeignHost(request);
    return openToOrigins(request, response);
  };

/** The way of a request through the queue. */
const laneOf = ({ method, url = '' }: IncomingMessage): Lane => {
  if (method !== 'POST' && method !== 'PUT') return 'other';
  if (!isCallPath(pathOf(url))) return 'other';
  return method === 'PUT' ? 'hang-up' : 'call';
};

/** Express, on bare requests. */
type Pages = (request: IncomingMessage, response: ServerResponse, unanswered: (error?: unknown) => void) => void;

/** Authorization, pages and health. */
const createPages = (deps: AppDeps, admit: Admit, fail: FailureReply): Pages => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...deps.trustedProxies]);
  app.use((request, response, next) => {
    if (admit(request, response) === 'to-be-answered') next();
  });
  app.get('/healthz', health(deps.readiness));
  for (const router of deps.routers) app.use(router);
  app.use(notFound);
  const shown: ErrorRequestHandler = (error, request, response, next) => {
    if (FOR_PROGRAMS.test(request.path)) next(error);
    else deps.pageErrors(error, request, response, next);
  };
  app.use(shown);
  const failed: ErrorRequestHandler = (error, request, response, _next) => fail(request, response, error);
  app.use(failed);
  return app;
};

/** The client's address: without proxies that we trust, that of the connection. */
const createAddressOf = (trustedProxies: readonly string[]): ((request: IncomingMessage) => string) => {
  if (trustedProxies.length === 0) return ({ socket }) => socket.remoteAddress ?? '';
  const trusts = proxyAddress.compile([...trustedProxies]);
  return (request) => proxyAddress(request, trusts);
};

/**
 * The whole HTTP face. The API and the token endpoint are the busiest addresses and come before Express.
 */
export const createApp = (deps: AppDeps): RequestListener => {
  const fail = createFailureReply(deps);
  const admit = createAdmission(deps);
  const pages = createPages(deps, admit, fail);
  const direct: readonly DirectRoute[] = [new CallRoute(deps), ...deps.directRoutes];
  const addressOf = createAddressOf(deps.trustedProxies);
  const publicPath = publicPathOf(deps.publicUrl);
  const queue = new RequestQueue(deps.clock);
  const refuseCall = createCallRefusal(deps.publicUrl, deps.ids);
  const recordAccess = createAccessLog({ log: deps.log, clock: deps.clock, addressOf });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request.url ?? '/');
    const route = direct.find((candidate) => candidate.matches(path));
    if (route !== undefined) {
      if (admit(request, response) === 'answered') return;
      await route.handle(request, response, () => addressOf(request));
    } else if (path === '*') answerForServer(request, response);
    else pages(request, response, (error) => fail(request, response, error ?? new NotFoundError()));
  };

  return (request, response) => {
    const refusal = canonicalize(request);
    request.url = withoutPublicPath(request.url ?? '/', publicPath);
    const lane = laneOf(request);
    // The log has one line for all of them.
    const overload = lane === 'call' ? deps.admission.refusal(queue.oldestCallMs) : undefined;
    if (overload !== undefined) {
      refuseCall(request, response, overload);
      return;
    }
    recordAccess(request, response, openContext(request, response, deps.ids));
    if (refusal !== undefined) {
      fail(request, response, refusal);
      return;
    }
    queue.add(lane, () => {
      // Who has gone meanwhile would never learn of a call that was placed; a hang-up is meant all the same.
      if (request.socket.destroyed && lane !== 'hang-up') return;
      answer(request, response).catch((error: unknown) => fail(request, response, error));
    });
  };
};

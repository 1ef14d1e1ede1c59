import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { Log } from '../shared/log.ts';
import { isLoopbackHost } from '../shared/loopback.ts';
import { type AddressOf } from './client-address.ts';
import { openToOrigins } from './cors.ts';
import type { DirectRoute } from './direct-route.ts';
import { MisdirectedRequestError, NotFoundError } from './errors.ts';
import { asAppError, sendProblem } from './problem.ts';
import { send } from './reply.ts';
import { contextOf, idsOf, noteProblem } from './request-context.ts';
import { pathOf } from './request-target.ts';
import { CallRoute, type CallRouteDeps } from './routes/call/call.ts';

/** What `/healthz` says. The reason is a few words, for a person. */
export type Readiness =
  | { readonly status: 'ready' }
  | { readonly status: 'overloaded'; readonly reason: string }
  | { readonly status: 'not ready'; readonly reason?: string };

export interface DispatcherDeps extends CallRouteDeps {
  readonly log: Log;
  /** Addresses and networks whose X-Forwarded-For counts, for the client's address only. */
  readonly trustedProxies: readonly string[];
  /** `loopback` while the sandbox is on. */
  readonly hosts: 'any' | 'loopback';
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
 * `GET /health/ready`, and `/healthz`: 200 once calls can be placed, 503 before, while nothing can be stored and while shutting down. 200 under
 * overload too: a balancer that turned away would keep people from hanging up.
 */
const health =
  (readiness: () => Readiness): RequestHandler =>
  (_request, response) => {
    const body = readiness();
    const status = body.status === 'not ready' ? 503 : 200;
    send(response, { status, contentType: 'application/json', body: JSON.stringify(body) });
  };

/** `GET /health/live`: that the event loop turns. Who restarts a process for less ends its calls. */
const alive: RequestHandler = (_request, response) =>
  send(response, { status: 200, contentType: 'application/json', body: JSON.stringify({ status: 'alive' }) });

/**
 * Keeps the sandbox, whose passwords are well known, to this machine: a name that an attacker's DNS rebinds to
 * 127.0.0.1 arrives in Host.
 */
const refuseForeignHost = ({ headers }: IncomingMessage): void => {
  if (!isLoopbackHost((headers.host ?? '').replace(/:\d*$/, ''))) throw new MisdirectedRequestError();
};

/** Replies with an error, and logs it where the fault is ours. Where the reply has begun, the connection is cut. */
const createFailureReply =
  ({ log, publicUrl }: DispatcherDeps) =>
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
  ({ hosts }: DispatcherDeps): Admit =>
  (request, response) => {
    if (hosts === 'loopback') refuseForeignHost(request);
    return openToOrigins(request, response);
  };

/** Express, on bare requests. */
type Pages = (request: IncomingMessage, response: ServerResponse, unanswered: (error?: unknown) => void) => void;

/** Authorization, pages and health. */
const createPages = (deps: DispatcherDeps, admit: Admit, fail: FailureReply): Pages => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...deps.trustedProxies]);
  app.use((request, response, next) => {
    if (admit(request, response) === 'to-be-answered') next();
  });
  app.get(['/healthz', '/health/ready'], health(deps.readiness));
  app.get('/health/live', alive);
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

/** Brings each request to who answers it. The API and the token endpoint are the busiest addresses and come before Express. */
export class Dispatcher {
  /** Replies with an error, and logs it where the fault is ours. */
  readonly fail: FailureReply;
  readonly #admit: Admit;
  readonly #pages: Pages;
  readonly #direct: readonly DirectRoute[];
  readonly #addressOf: AddressOf;

  constructor(deps: DispatcherDeps, addressOf: AddressOf) {
    this.fail = createFailureReply(deps);
    this.#admit = createAdmission(deps);
    this.#pages = createPages(deps, this.#admit, this.fail);
    this.#direct = [new CallRoute(deps), ...deps.directRoutes];
    this.#addressOf = addressOf;
  }

  /** The answering of a request in its canonical form, to be begun in its turn. Whatever fails is the reply. */
  answering(request: IncomingMessage, response: ServerResponse): () => void {
    return () => {
      // Who has gone meanwhile would never learn of a call that was placed; a hang-up is meant all the same.
      if (request.socket.destroyed && request.method !== 'PUT') return;
      this.#answer(request, response).catch((error: unknown) => this.fail(request, response, error));
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = pathOf(request.url ?? '/');
    const route = this.#direct.find((candidate) => candidate.matches(path));
    if (route !== undefined) {
      if (this.#admit(request, response) === 'answered') return;
      await route.handle(request, response, () => this.#addressOf(request));
    } else if (path === '*') answerForServer(request, response);
    else this.#pages(request, response, (error) => this.fail(request, response, error ?? new NotFoundError()));
  }
}

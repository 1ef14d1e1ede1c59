import type { IncomingMessage, RequestListener } from 'node:http';
import { Counter, Histogram, type Registry } from 'prom-client';
import { pathOf } from '../../http/request-target.ts';
import type { MonotonicClock } from '../../shared/clock.ts';

/** Addresses that are worth a label of their own; what is below one counts with it. The longest come first. */
const ROUTES = [
  ...['/rest/calls', '/rest/call', '/rest/events', '/rest/webhooks', '/rest/me', '/api/v1'],
  ...['/oauth/token', '/oauth/authorize', '/oauth', '/auth', '/management', '/test', '/assets', '/healthz', '/health'],
] as const;

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What strangers ask for is `other`: they choose no label. */
export const routeOf = (path: string): string =>
  ROUTES.find((route) => path === route || path.startsWith(`${route}/`)) ?? 'other';

/** Streams and long polls last as long as their clients like: they say nothing of how quick we are. */
const isLong = ({ headers, url = '' }: IncomingMessage): boolean =>
  headers.accept === 'text/event-stream' || url.includes('wait=') || url.startsWith('/rest/events');

/** Counts replies by address, method and class of status, and measures how long they take. */
export class HttpMetrics {
  readonly #clock: MonotonicClock;
  readonly #replies: Counter<'route' | 'method' | 'class'>;
  readonly #seconds: Histogram<'route'>;

  constructor(registry: Registry, clock: MonotonicClock) {
    this.#clock = clock;
    const registers = [registry];
    this.#replies = new Counter({
      name: 'offhook_http_replies_total',
      help: 'Replies by address, method and class of status ("cut": the connection ended before there was one)',
      ...{ labelNames: ['route', 'method', 'class'], registers },
    });
    this.#seconds = new Histogram({
      ...{ name: 'offhook_http_reply_seconds', help: 'From the head of a request to the end of its reply', registers },
      ...{ labelNames: ['route'], buckets: SECONDS },
    });
  }

  /** The same listener, counted. */
  watch(listener: RequestListener): RequestListener {
    return (request, response) => {
      const begun = this.#clock.elapsed();
      response.once('close', () => {
        const { method = '' } = request;
        const route = routeOf(pathOf(request.url ?? '/'));
        const status = response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : 'cut';
        this.#replies.inc({ route, method: METHODS.has(method) ? method : 'other', class: status });
        if (!isLong(request)) this.#seconds.observe({ route }, (this.#clock.elapsed() - begun) / 1000);
      });
      listener(request, response);
    };
  }
}

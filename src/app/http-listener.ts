import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import { type ConnectionLimits, defaultLimits } from '../http/connections/connection-limits.ts';
import { Connections } from '../http/connections/connections.ts';
import type { MonotonicClock } from '../shared/clock.ts';
import { AppError, type ErrorKind } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';

/** How long a client may take to send a request. A reply may take as long as it needs. */
export interface RequestBounds {
  readonly headersMs: number;
  /** With the body. */
  readonly wholeMs: number;
  readonly checkEveryMs: number;
}

export interface HttpListenerOptions {
  /** Undefined: both loopbacks, that of IPv6 where there is one. */
  readonly hosts: readonly string[] | undefined;
  /** The same on every host; 0 picks a free one. */
  readonly port: number;
  readonly clock: MonotonicClock;
  readonly log: Log;
  readonly bounds?: RequestBounds;
  readonly limits?: ConnectionLimits;
}

/** How long a reply that has begun may take once the service ends. */
const GRACE_MS = 1000;

/** No body of ours is above 64 kB. What is slower than this keeps a connection for nothing, and gets 408. */
const BOUNDS: RequestBounds = { headersMs: 15_000, wholeMs: 30_000, checkEveryMs: 5000 };

/**
 * Proxies keep a connection for a minute (nginx, load balancers of clouds): it is they who end it, never we while they send
 * the next request. Where connections get short, those that are idle go first.
 */
const KEPT_ALIVE_MS = 65_000;
/** Clients that connect at once, as far as the system lets them wait (net.core.somaxconn): Node asks for 511. */
const BACKLOG = 4096;

const LOOPBACK = '127.0.0.1';
const LOOPBACK_OF_IPV6 = '::1';

/** A free port of one host may be taken on the next: then another one is tried. */
const MOST_TRIES = 20;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

interface Place {
  readonly host: string;
  readonly port: number;
}

/** What the system says in capitals, and what an operator can do about it. */
const sentenceFor = (code: string, { host, port }: Place): string => {
  const place = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return `HTTP cannot listen on ${place}: another process has this port. Stop that one, or choose another port with PORT; 0 picks a free one.`;
    case 'EACCES':
      return `HTTP cannot listen on ${place}: this user may not take the port. Choose one from 1024 on with PORT.`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return `HTTP cannot listen on ${place}: this machine has no such address. Name one of its own in OFFHOOK_HOST.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HTTP cannot listen on ${place}: the name is not known. Write an address in OFFHOOK_HOST.`;
    default:
      return `HTTP cannot listen on ${place}.`;
  }
};

/** The port cannot be taken. The message says which, why, and what to do; the cause is Node's own. */
export class HttpAddressError extends AppError {
  readonly code = 'http_address';
  readonly kind: ErrorKind = 'unavailable';
  constructor(place: Place, cause: unknown) {
    super(sentenceFor(codeOf(cause), place), { cause });
  }
}

const refuseWhileStarting: RequestListener = (_request, response) => {
  response.writeHead(503, { 'retry-after': '1' }).end();
};

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

interface Clients {
  readonly bounds: RequestBounds;
  readonly connections: Connections;
}

const listen = async (place: Place, { bounds, connections }: Clients): Promise<Server> => {
  const server = createServer(
    {
      headersTimeout: bounds.headersMs,
      keepAliveTimeout: KEPT_ALIVE_MS,
      requestTimeout: bounds.wholeMs,
      connectionsCheckingInterval: bounds.checkEveryMs,
    },
    refuseWhileStarting,
  );
  connections.watch(server);
  server.listen({ ...place, backlog: BACKLOG });
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new HttpAddressError(place, cause);
  }
  return server;
};

const isMissing = ({ cause }: HttpAddressError): boolean => ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(cause));

/** Of the default, which names no address, what the machine lacks is left out. */
const listenOnLoopbacks = async (port: number, clients: Clients): Promise<Server[]> => {
  const first = await listen({ host: LOOPBACK, port }, clients);
  try {
    return [first, await listen({ host: LOOPBACK_OF_IPV6, port: portOf(first) }, clients)];
  } catch (error) {
    if (error instanceof HttpAddressError && isMissing(error)) return [first];
    first.close();
    throw error;
  }
};

const listenOnAll = async (hosts: readonly string[], port: number, clients: Clients): Promise<Server[]> => {
  const servers: Server[] = [];
  // Beside 0.0.0.0, the wildcard of IPv6 must not take the port of IPv4 too.
  const ipv6Only = hosts.length > 1;
  try {
    for (const host of hosts) {
      const place = { host, port: servers[0] === undefined ? port : portOf(servers[0]), ipv6Only };
      servers.push(await listen(place, clients));
    }
    return servers;
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
};

const isTaken = (error: unknown): boolean => error instanceof HttpAddressError && codeOf(error.cause) === 'EADDRINUSE';

/** The HTTP port of the service, on each of its hosts. It answers 503 until `serve` gives it the application. */
export class HttpListener {
  readonly #servers: readonly Server[];
  readonly #connections: Connections;
  readonly #clock: MonotonicClock;

  private constructor(servers: readonly Server[], connections: Connections, clock: MonotonicClock) {
    this.#servers = servers;
    this.#connections = connections;
    this.#clock = clock;
  }

  /**
   * Takes the port.
   * @throws HttpAddressError when it cannot be taken on one of the hosts; the others are given back
   */
  static async open(options: HttpListenerOptions): Promise<HttpListener> {
    const { hosts, port, clock, log, bounds = BOUNDS, limits = defaultLimits() } = options;
    const connections = new Connections({ limits, clock, log });
    const clients = { bounds, connections };
    const take = (): Promise<Server[]> =>
      hosts === undefined ? listenOnLoopbacks(port, clients) : listenOnAll(hosts, port, clients);
    for (let tries = 1; ; tries += 1) {
      try {
        const servers = await take();
        for (const server of servers) {
          server.on('error', (error) => log.error({ err: error }, 'the HTTP listener has a fault'));
        }
        return new HttpListener(servers, connections, clock);
      } catch (error) {
        if (port === 0 && tries < MOST_TRIES && isTaken(error)) continue;
        connections.close();
        throw error;
      }
    }
  }

  /** As bound: 0 has become a real port. */
  get port(): number {
    const [first] = this.#servers;
    if (first === undefined) throw new TypeError('a listener has at least one server');
    return portOf(first);
  }

  /** @param publicUrl - base of the address that says what a refusal means */
  serve(application: RequestListener, publicUrl: string): void {
    const guarded = this.#connections.guard(application, publicUrl);
    for (const server of this.#servers) server.off('request', refuseWhileStarting).on('request', guarded);
  }

  /** Takes no more connections, and gives the replies that have begun a second to end. */
  async close(): Promise<void> {
    const closed = this.#servers.map((server) => {
      const end = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      return end;
    });
    const limit = this.#clock.setTimer(GRACE_MS, () => {
      for (const server of this.#servers) server.closeAllConnections();
    });
    await Promise.all(closed);
    limit.cancel();
    this.#connections.close();
  }
}

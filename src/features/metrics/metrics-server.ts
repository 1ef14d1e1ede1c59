import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, type Registry } from 'prom-client';
import type { Log } from '../../shared/log.ts';

export interface MetricsAddress {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

const HEADERS_MS = 5000;
/** Prometheus has one connection or two. */
const MOST_CONNECTIONS = 16;

/** `GET /metrics` in the text format of Prometheus, on an address of its own: who may see them is a matter of networks. */
export class MetricsServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Listens.
   * @throws Error when the address cannot be taken: that of the system
   */
  static async open({ host, port }: MetricsAddress, registry: Registry, log: Log): Promise<MetricsServer> {
    const read = readerOf(registry);
    const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: HEADERS_MS }, (request, response) => {
      const { method = '', url = '' } = request;
      if (url.split('?')[0] !== '/metrics') response.writeHead(404).end();
      else if (method !== 'GET' && method !== 'HEAD') response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      else {
        read().then(
          (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
          (error: unknown) => {
            log.error({ err: error }, 'the metrics could not be collected');
            response.writeHead(500).end();
          },
        );
      }
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.listen({ host, port });
    await once(server, 'listening');
    return new MetricsServer(server);
  }

  /** As bound. */
  get address(): MetricsAddress {
    const { address: host, port } = this.#server.address() as AddressInfo;
    return { host, port };
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/**
 * What the runtime tells of itself is watched from the first reading on: the delay of the event loop takes a timer that wakes
 * the process all the time, and where nobody looks it is for nothing.
 */
const readerOf = (registry: Registry): (() => Promise<string>) => {
  let runtime: 'unwatched' | 'watched' = 'unwatched';
  return () => {
    if (runtime === 'unwatched') collectDefaultMetrics({ register: registry });
    runtime = 'watched';
    return registry.metrics();
  };
};

import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MonotonicClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

export interface HttpListenerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly clock: MonotonicClock;
  readonly log: Log;
}

/** How long a reply that has begun may take once the service ends. */
const GRACE_MS = 1000;

const refuseWhileStarting: RequestListener = (_request, response) => {
  response.writeHead(503, { 'retry-after': '1' }).end();
};

/** The HTTP port of the service. It answers 503 until `serve` gives it the application. */
export class HttpListener {
  readonly #server: Server;
  readonly #clock: MonotonicClock;

  private constructor(server: Server, clock: MonotonicClock) {
    this.#server = server;
    this.#clock = clock;
  }

  /**
   * Takes the port.
   * @throws Error of Node's own, with its `code`, when the port cannot be taken
   */
  static async open({ host, port, clock, log }: HttpListenerOptions): Promise<HttpListener> {
    const server = createServer(refuseWhileStarting);
    server.listen(port, host);
    await once(server, 'listening');
    server.on('error', (error) => log.error({ err: error }, 'the HTTP listener has a fault'));
    return new HttpListener(server, clock);
  }

  /** As bound: 0 has become a real port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  serve(application: RequestListener): void {
    this.#server.off('request', refuseWhileStarting).on('request', application);
  }

  /** Takes no more connections, and gives the replies that have begun a second to end. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const limit = this.#clock.setTimer(GRACE_MS, () => this.#server.closeAllConnections());
    await closed;
    limit.cancel();
  }
}

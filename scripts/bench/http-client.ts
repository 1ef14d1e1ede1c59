import { Agent, request } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly location: string | undefined;
}

/** A client that costs little: one pool of kept connections, bodies read and dropped. */
export class HttpClient {
  readonly #agent: Agent;
  readonly #base: URL;

  constructor(baseUrl: string, maxSockets = 64) {
    this.#base = new URL(baseUrl);
    this.#agent = new Agent({ keepAlive: true, maxSockets });
  }

  send(method: string, path: string, headers: Readonly<Record<string, string>>, body = ''): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent: this.#agent,
          host: this.#base.hostname,
          port: this.#base.port,
          method,
          path,
          headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        },
        (incoming) => {
          incoming.resume();
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, location: incoming.headers.location }));
          incoming.on('error', reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as a receiver got it. */
export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly type: string;
  readonly tokenCall: string | undefined;
  readonly sequence: number | undefined;
}

export type Answer = (received: Received, response: ServerResponse) => void;

export const accept: Answer = (_received, response) => void response.writeHead(204).end();

export const answerWith =
  (status: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_received, response) =>
    void response.writeHead(status, headers).end('x');

/** A receiver of webhooks on loopback, which answers as it is told. */
export class TestReceiver {
  readonly received: Received[] = [];
  /** What it answered 2xx. */
  readonly accepted: Received[] = [];
  answer: Answer = accept;
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On the port that it had, where it was open before. */
  async open(): Promise<this> {
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { type, data } = JSON.parse(body) as {
      readonly type: string;
      readonly data: { readonly sequence?: number; readonly call?: { readonly token_call: string } };
    };
    const headers = request.headers as Record<string, string>;
    const { sequence, call } = data;
    const received = { path: request.url ?? '', headers, body, type, sequence, tokenCall: call?.token_call };
    this.received.push(received);
    response.on('finish', () => {
      if (response.statusCode < 300) this.accepted.push(received);
    });
    this.answer(received, response);
  }
}

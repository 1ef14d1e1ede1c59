import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * An address that is answered on Node's own request and response, before Express: its way to a route and its body parser
 * cost more than the answers that are asked for the most.
 */
export interface DirectRoute {
  /** @param path without the query */
  matches(path: string): boolean;
  /** @param address of whoever asks, as far as the proxies that we trust tell */
  handle(request: IncomingMessage, response: ServerResponse, address: () => string): Promise<void>;
}

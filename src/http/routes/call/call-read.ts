import type { IncomingMessage, ServerResponse } from 'node:http';

/** Another way to read `/rest/call`, that of a feature: a GET with its parameter is asked for it. */
export interface CallRead {
  /** Only a GET with this parameter. */
  readonly parameter: string;
  handle(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void>;
}

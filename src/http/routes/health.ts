import type { IncomingMessage, ServerResponse } from 'node:http';
import { send } from '../reply.ts';

/** `GET /healthz`: 200 once calls can be placed, 503 before and while shutting down. */
export const health =
  (isReady: () => boolean) =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    const [status, word] = isReady() ? [200, 'ready'] : [503, 'not ready'];
    send(response, { status, contentType: 'application/json', body: JSON.stringify({ status: word }) });
  };

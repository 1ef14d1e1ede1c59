import type { ServerResponse } from 'node:http';

/** A whole reply. It is written in one go, past Express: its ETag and type detection cost more than the call. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Nothing of the API may be stored: calls change by the second, and the token may be in the address (RFC 6750 5.3). */
export const noStore = { 'Cache-Control': 'no-store' } as const;

/** RFC 6749 section 5.1: a reply with tokens says so to old caches too. */
export const tokenNoStore = { ...noStore, Pragma: 'no-cache' } as const;

export const send = (response: ServerResponse, { status, contentType, body, headers }: Reply): void => {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    ...noStore,
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(body);
};

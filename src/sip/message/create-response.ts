import { SipParseError } from './errors.ts';
import type { SipHeaders } from './headers.ts';
import { type SipRequest, SipResponse } from './message.ts';
import { statusPhrase } from './status-phrases.ts';

export interface ResponseOptions {
  /** Instead of the usual one. */
  readonly reasonPhrase?: string | undefined;
  /** Put into To where it has no tag yet; never into a 100 (RFC 3261 section 8.2.6.2). */
  readonly toTag?: string | undefined;
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
  /** A body of type `application/sdp`. */
  readonly sdp?: string | undefined;
  readonly body?: string | Buffer | undefined;
  readonly contentType?: string | undefined;
}

const COPIED = ['via', 'from', 'to', 'call-id', 'cseq'];

const hasToTag = (request: SipRequest): boolean => {
  try {
    return request.to.tag !== undefined;
  } catch (error) {
    // A To that cannot be read is given back as it came.
    if (error instanceof SipParseError) return true;
    throw error;
  }
};

const copyHeaders = (request: SipRequest, status: number, headers: SipHeaders): void => {
  // A response that makes a dialog carries the route set (RFC 3261 section 12.1.1), a 100 the Timestamp (8.2.6.1).
  const alsoCopied = status === 100 ? 'timestamp' : 'record-route';
  const copiesMore = status < 300;
  request.headers.forEach((name, value) => {
    if (COPIED.includes(name) || (copiesMore && name === alsoCopied)) headers.append(name, value);
  });
};

const addToTag = (request: SipRequest, headers: SipHeaders, toTag: string): void => {
  const to = headers.get('to');
  if (to !== undefined && !hasToTag(request)) headers.set('to', `${to};tag=${toTag}`);
};

const setContent = (response: SipResponse, { sdp, body, contentType }: ResponseOptions): void => {
  const content = sdp ?? body ?? '';
  response.body = typeof content === 'string' ? Buffer.from(content) : content;
  const type = contentType ?? (sdp === undefined ? undefined : 'application/sdp');
  if (type !== undefined) response.headers.set('content-type', type);
};

/**
 * A response to the request (RFC 3261 section 8.2.6.2). Works for malformed requests too: what they lack is left out.
 */
export const createResponse = (request: SipRequest, status: number, options: ResponseOptions = {}): SipResponse => {
  const response = new SipResponse(status, options.reasonPhrase ?? statusPhrase(status));
  copyHeaders(request, status, response.headers);
  if (options.toTag !== undefined && status > 100) addToTag(request, response.headers, options.toTag);
  for (const [name, value] of options.headers ?? []) response.headers.append(name.toLowerCase(), value);
  setContent(response, options);
  return response;
};

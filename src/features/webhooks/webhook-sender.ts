import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import { bracketless } from '../../shared/loopback.ts';
import { resultOfError, resultOfReply } from './attempt-result.ts';
import { type AddressGuard, portOf } from './guard/address-guard.ts';
import { createCheckedLookup, isConnectable, type Resolve, resolveBySystem } from './guard/checked-lookup.ts';
import type { AttemptResult } from './model.ts';

export interface WebhookSenderOptions {
  readonly guard: AddressGuard;
  readonly clock: Clock;
  readonly userAgent: string;
  /** That of the system, unless said otherwise. */
  readonly resolve?: Resolve;
  /** Certificates that are trusted instead of the usual ones. */
  readonly ca?: string;
}

/** A signed message on its way. */
export interface OutgoingMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const TIMEOUT_MS = 10_000;
const MAX_REPLY_BYTES = 64 * 1024;
const IDLE_SOCKET_MS = 5000;

/** The time is over. */
class AttemptTimeoutError extends Error {
  readonly code = 'TIMEOUT';
}

/**
 * Sends messages to receivers: to addresses that the guard lets through, without a proxy, without following redirects.
 * Of the reply it takes the status and `Retry-After`; the body is read up to a bound, for the connection's sake, and
 * thrown away.
 */
export class WebhookSender {
  readonly #options: WebhookSenderOptions;
  readonly #agents: { readonly 'http:': HttpAgent; readonly 'https:': HttpsAgent };

  constructor(options: WebhookSenderOptions) {
    this.#options = options;
    const pool = { keepAlive: true, timeout: IDLE_SOCKET_MS, maxFreeSockets: 16 };
    this.#agents = {
      'http:': new HttpAgent(pool),
      'https:': new HttpsAgent({ ...pool, ...(options.ca !== undefined && { ca: options.ca }) }),
    };
  }

  /** Never rejects: what went wrong is a result. Takes 10 seconds at the most. */
  async send({ url: text, headers, body }: OutgoingMessage): Promise<AttemptResult> {
    let url: URL;
    try {
      url = this.#options.guard.check(text);
    } catch {
      // The settings allowed it when it was made.
      return { kind: 'failed', why: 'barred', error: 'address refused' };
    }
    return new Promise((resolve) => {
      const request = this.#open(url, { headers, body });
      const timer = this.#options.clock.setTimer(TIMEOUT_MS, () => request.destroy(new AttemptTimeoutError('timeout')));
      let replied: AttemptResult | undefined;
      const end = (fault: Error): void => {
        timer.cancel();
        resolve(replied ?? resultOfError(fault));
      };
      const closed = (): void => end(new Error('closed without a reply'));
      request.on('response', (response) => {
        // The status decides. Yet it is over when the connection is free: replies without an end hold no more of them.
        replied = resultOfReply(response, this.#options.clock.now());
        drain(response, closed);
      });
      request.on('error', end);
      request.on('close', closed);
      request.end(body);
    });
  }

  /** Cuts every connection. Idempotent. */
  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #open(url: URL, { headers, body }: Pick<OutgoingMessage, 'headers' | 'body'>): ClientRequest {
    const { guard, userAgent, resolve = resolveBySystem } = this.#options;
    const protocol = url.protocol === 'https:' ? 'https:' : 'http:';
    const host = bracketless(url.hostname);
    const options = {
      method: 'POST',
      host,
      port: portOf(url),
      path: `${url.pathname}${url.search}`,
      agent: this.#agents[protocol],
      // A socket asks no lookup for a literal: it was checked with the address.
      lookup: createCheckedLookup({ guard, resolve, protocol }),
      headers: {
        Host: url.host,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'User-Agent': userAgent,
        ...headers,
      },
    };
    if (isIP(host) !== 0 && !isConnectable(guard.classify(host), protocol)) throw new Error('unchecked literal');
    return protocol === 'https:' ? requestHttps(options) : requestHttp(options);
  }
}

const drain = (response: IncomingMessage, done: () => void): void => {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) response.destroy();
  });
  response.on('error', done);
  response.on('close', done);
};

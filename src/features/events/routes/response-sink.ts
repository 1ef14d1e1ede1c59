import type { IncomingMessage, ServerResponse } from 'node:http';
import { noStore } from '../../../http/reply.ts';
import type { MonotonicClock } from '../../../shared/clock.ts';
import type { Sink } from '../subscription.ts';

/** A proxy is told to pass each event on at once, and to leave the bytes as they are. */
export const streamHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': `${noStore['Cache-Control']}, no-transform`,
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** A response that is written bit by bit. */
export class ResponseSink implements Sink {
  readonly #response: ServerResponse;
  readonly #clock: MonotonicClock;

  constructor(response: ServerResponse, clock: MonotonicClock) {
    this.#response = response;
    this.#clock = clock;
    response.writeHead(200, streamHeaders);
  }

  write(bytes: Buffer | string): 'taken' | 'full' {
    return this.#response.write(bytes) ? 'taken' : 'full';
  }

  drained(then: () => void): void {
    this.#response.once('drain', then);
  }

  /** Who does not read does not read the last words either: the connection is cut. */
  end(words: string, unreadMs: number): void {
    this.#response.end(words);
    const limit = this.#clock.setTimer(unreadMs, () => this.#response.destroy());
    this.#response.once('close', () => limit.cancel());
  }
}

/** Runs once the other side has gone, also where it went already. */
export const whenGone = ({ socket }: IncomingMessage, response: ServerResponse, then: () => void): void => {
  response.once('close', then);
  if (response.destroyed || socket.destroyed) then();
};

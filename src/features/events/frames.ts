import { namesOf } from '../../calls/advance.ts';
import type { FeedChange } from '../../calls/feed/call-feed.ts';
import { beforeChange } from '../../calls/feed/cursor.ts';
import { representCall } from '../../http/routes/call/call-representation.ts';
import type { Snapshot } from './snapshot.ts';

/** Why a stream ends. */
export type CloseReason = 'token_expired' | 'token_revoked' | 'stopping' | 'too_slow';

/** Where a stream goes on: after a cursor, and of the change that comes next, so many events were told already. */
export interface ResumePoint {
  readonly cursor: string;
  readonly told: number;
}

/** In the id of an event that is not the last one of its change. No cursor has it. */
const MARK = '~';

/** Reads the id of an event. What cannot be read is for the feed to refuse. */
export const readEventId = (id: string): ResumePoint => {
  const [, cursor, told] = /^([\w-]+)~(\d)$/.exec(id) ?? [];
  return cursor === undefined ? { cursor: id, told: 0 } : { cursor, told: Number(told) };
};

const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Writes events as `text/event-stream` has them (HTML Standard, section 9.2). */
export class Frames {
  readonly #publicUrl: string;

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl;
  }

  snapshot({ calls, cursor }: Snapshot, how: 'first' | 'reset'): string {
    const shown = calls.map((call) => representCall(call, this.#publicUrl));
    const body = { total: shown.length, ...(how === 'reset' && { reset: true }), calls: shown };
    return `event: snapshot\nid: ${cursor}\ndata: ${JSON.stringify(body)}\n\n`;
  }

  /**
   * A change under each of its names. An id says what has come with it: of two events of one change, the first one's leads
   * back to the change.
   * @param told - so many of them were told already
   */
  change(change: FeedChange, told = 0): string {
    const { call, event, cursor } = change;
    const names = namesOf(change);
    const facts = { sequence: event.sequence, at: isoTime(event.at), call: representCall(call, this.#publicUrl) };
    let text = '';
    names.forEach((name, index) => {
      if (index < told) return;
      const id = index === names.length - 1 ? cursor : `${beforeChange(cursor)}${MARK}${index + 1}`;
      text += `event: ${name}\nid: ${id}\ndata: ${JSON.stringify({ event: name, ...facts })}\n\n`;
    });
    return text;
  }
}

/** After how many milliseconds a client comes back. */
export const retryFrame = (milliseconds: number): string => `retry: ${milliseconds}\n\n`;

/** Keeps proxies from ending a silent stream. A reader that sees few of the calls moves on with it, and has less to make up for. */
export const aliveFrame = (cursor: string | undefined): string =>
  cursor === undefined ? ':\n\n' : `id: ${cursor}\n:\n\n`;

export const closedFrame = (reason: CloseReason): string => `event: closed\ndata: ${JSON.stringify({ reason })}\n\n`;

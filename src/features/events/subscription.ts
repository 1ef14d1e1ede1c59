import type { FeedChange } from '../../calls/feed/call-feed.ts';
import { isAfter } from '../../calls/feed/cursor.ts';
import { viewerOf } from '../../http/routes/call/viewer.ts';
import type { Principal } from '../../oauth/request/principal.ts';
import type { MonotonicClock, Timer } from '../../shared/clock.ts';
import { aliveFrame, closedFrame, type CloseReason, type Frames, type ResumePoint, retryFrame } from './frames.ts';
import type { LivePage } from './live-page.ts';
import { type Audience, audienceOf } from './selection.ts';
import type { Snapshot } from './snapshot.ts';
import type { TokenWatcher } from './token-reviews.ts';

/** The way to a reader. */
export interface Sink {
  /** `full`: nothing more before `drained`. */
  write(bytes: Buffer | string): 'taken' | 'full';
  /** Called once, when all that was written is gone. */
  drained(then: () => void): void;
  /** The last that is written: the connection is cut when it was not read for so long. */
  end(words: string, unreadMs: number): void;
}

export interface SubscriptionOptions {
  readonly sink: Sink;
  readonly audience: Audience;
  /** The grant of its token. */
  readonly familyId: string;
  readonly frames: Frames;
  readonly clock: MonotonicClock;
  /** Asks for what it has missed. */
  readonly lagged: (subscription: Subscription) => void;
  readonly closed: (subscription: Subscription) => void;
}

/** After how long a reader comes back that was cut off. */
const COME_BACK_MS = 2000;
const ALIVE_EVERY_MS = 15_000;
/** How long a reader may take nothing of what waits for it. */
const UNREAD_MS = 10_000;
/** How long the last words may stay unread. Who was too slow still has to read what was before them. */
const LAST_WORDS_MS: Readonly<Record<CloseReason, number>> = {
  ...{ token_expired: 500, token_revoked: 500, stopping: 500 },
  too_slow: 10_000,
};

/**
 * One reader of the stream. It is `behind` until it has read from the feed what it missed, then `live`, and gets what the
 * tail brings. What a reader does not take, nothing keeps for it: it is behind again, and reads on from the feed. So a
 * connection holds a page at the most.
 *
 *     behind -> live -> full -> behind; over from each of them
 */
export class Subscription implements TokenWatcher {
  readonly #options: SubscriptionOptions;
  #audience: Audience;
  #state: 'behind' | 'live' | 'full' | 'over' = 'behind';
  #at: ResumePoint = { cursor: '', told: 0 };
  /** Of the tail's pages, what is not after this was read already. */
  #ahead: string | undefined;
  #alive: Timer;
  #unread: Timer | undefined;
  #later: Timer | undefined;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#audience = options.audience;
    this.#alive = options.clock.setTimer(ALIVE_EVERY_MS, this.#keepAlive);
  }

  get audience(): Audience {
    return this.#audience;
  }

  get familyId(): string {
    return this.#options.familyId;
  }

  get at(): ResumePoint {
    return this.#at;
  }

  /** Whether it waits for `catchUp`. */
  isBehind(): boolean {
    return this.#state === 'behind';
  }

  /** Begins where its reader stopped. */
  resume(at: ResumePoint): void {
    this.#at = at;
    this.#write(retryFrame(COME_BACK_MS));
  }

  /** Begins, or begins anew, with what there is. */
  show(snapshot: Snapshot, how: 'first' | 'reset'): void {
    this.#at = { cursor: snapshot.cursor, told: 0 };
    const words = this.#options.frames.snapshot(snapshot, how);
    this.#write(how === 'first' ? retryFrame(COME_BACK_MS) + words : words);
  }

  /** It asks again for what it missed after that time, and its reader comes back no sooner, should it go meanwhile. */
  putOff(milliseconds: number): void {
    this.#write(retryFrame(Math.max(milliseconds, COME_BACK_MS)));
    this.#later?.cancel();
    this.#later = this.#options.clock.setTimer(milliseconds, () => {
      if (this.#state === 'behind') this.#options.lagged(this);
    });
  }

  /** Takes what comes next in the feed, up to a cursor. */
  catchUp(changes: readonly FeedChange[], cursor: string): void {
    if (this.#state !== 'behind') return;
    let { told } = this.#at;
    let text = '';
    for (const change of changes) {
      if (this.#audience.sees(change.call)) text += this.#options.frames.change(change, told);
      told = 0;
    }
    this.#at = { cursor, told: changes.length === 0 ? told : 0 };
    if (text !== '') this.#write(text);
  }

  /** It has read what the tail has read, or more. */
  join(tail: string): void {
    if (this.#state !== 'behind') return;
    this.#state = 'live';
    this.#ahead = isAfter(this.#at.cursor, tail) ? this.#at.cursor : undefined;
  }

  /** What the tail brings. */
  take(page: LivePage): void {
    if (this.#state !== 'live') return;
    const ahead = this.#ahead;
    const isNew = (change: FeedChange): boolean =>
      this.#audience.sees(change.call) && isAfter(change.cursor, ahead ?? '');
    const bytes = ahead === undefined ? page.bytesFor(this.#audience) : page.write(isNew);
    if (ahead === undefined || !isAfter(ahead, page.cursor)) {
      this.#ahead = undefined;
      this.#at = { cursor: page.cursor, told: 0 };
    }
    if (bytes.length > 0) this.#write(bytes);
  }

  /** The feed cannot be read on where the tail was: what comes next is for `catchUp`. */
  fallBehind(): void {
    if (this.#state === 'live') this.#lag();
  }

  renewed(principal: Principal): void {
    this.#audience = audienceOf(this.#audience.selection, viewerOf(principal));
  }

  over(reason: CloseReason): void {
    if (this.#state === 'over') return;
    this.#stop();
    this.#options.sink.end(closedFrame(reason), LAST_WORDS_MS[reason]);
  }

  /** The reader has gone. */
  abandon(): void {
    if (this.#state !== 'over') this.#stop();
  }

  #stop(): void {
    this.#state = 'over';
    this.#alive.cancel();
    this.#unread?.cancel();
    this.#later?.cancel();
    this.#options.closed(this);
  }

  #write(bytes: Buffer | string): void {
    if (this.#state === 'over') return;
    const { sink, clock } = this.#options;
    if (sink.write(bytes) === 'taken') return;
    this.#state = 'full';
    this.#unread = clock.setTimer(UNREAD_MS, () => this.over('too_slow'));
    sink.drained(() => {
      this.#unread?.cancel();
      if (this.#state === 'full') this.#lag();
    });
  }

  #lag(): void {
    this.#state = 'behind';
    this.#ahead = undefined;
    this.#options.lagged(this);
  }

  /** What waits for a reader keeps its connection alive as well. */
  readonly #keepAlive = (): void => {
    this.#alive = this.#options.clock.setTimer(ALIVE_EVERY_MS, this.#keepAlive);
    if (this.#state !== 'live') return;
    this.#write(aliveFrame(this.#ahead === undefined ? this.#at.cursor : undefined));
  };
}

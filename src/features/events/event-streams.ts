import type { CallService } from '../../calls/call-service.ts';
import type { CallFeed, FeedPage } from '../../calls/feed/call-feed.ts';
import { holderOf } from '../../http/routes/call/call-wait.ts';
import { viewerOf } from '../../http/routes/call/viewer.ts';
import type { Principal } from '../../oauth/request/principal.ts';
import type { MonotonicClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import { CatchUp } from './catch-up.ts';
import { StreamsUnavailableError, TooManySnapshotsError } from './errors.ts';
import type { FeedTail } from './feed-tail.ts';
import type { Frames, ResumePoint } from './frames.ts';
import { LivePage } from './live-page.ts';
import type { Places } from './places.ts';
import { type Audience, audienceOf, type Selection } from './selection.ts';
import { takeSnapshot } from './snapshot.ts';
import { SnapshotRate } from './snapshot-rate.ts';
import { type Sink, Subscription } from './subscription.ts';
import type { TokenReviews } from './token-reviews.ts';

export interface EventStreamsOptions {
  readonly feed: CallFeed;
  readonly calls: Pick<CallService, 'info' | 'list' | 'listAll'>;
  readonly tail: FeedTail;
  readonly reviews: TokenReviews;
  readonly places: Places;
  readonly frames: Frames;
  readonly clock: MonotonicClock;
  readonly log: Log;
}

/** A stream that is wanted. */
export interface StreamRequest {
  readonly principal: Principal;
  readonly selection: Selection;
  /** Where its reader stopped; undefined: it is new. */
  readonly from: ResumePoint | undefined;
}

/** A stream that was let in, and has not begun: its reader may still be refused, or be gone. */
export interface OpenedStream {
  /** Tells what is asked for from now on. */
  begin(sink: Sink): void;
  /** The reader has gone. Idempotent. */
  leave(): void;
}

const COME_BACK_SECONDS = 2;

/** All who are told of calls as they happen. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #catchUp: CatchUp;
  readonly #snapshots: SnapshotRate;
  readonly #subscriptions = new Set<Subscription>();
  #followers = 0;
  #state: 'open' | 'closed' = 'open';

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    const snapshots = new SnapshotRate(options.clock);
    this.#snapshots = snapshots;
    this.#catchUp = new CatchUp({ ...options, snapshots, tail: () => options.tail.position });
  }

  /** How many streams are open. */
  get count(): number {
    return this.#subscriptions.size;
  }

  /**
   * Whether a stream may be asked for.
   * @throws InsufficientScopeError when the token does not cover what is asked for
   * @throws CallNotFoundError when there is no such call that it may see
   */
  async check({ principal, selection }: Pick<StreamRequest, 'principal' | 'selection'>): Promise<Audience> {
    const audience = audienceOf(selection, viewerOf(principal));
    if (selection.kind === 'call') await this.#options.calls.info(selection.tokenCall, audience.viewer);
    return audience;
  }

  /**
   * Lets a reader in.
   * @throws InsufficientScopeError when the token does not cover what is asked for
   * @throws CallNotFoundError when there is no such call that it may see
   * @throws TooManyStreamsError when its grant has as many as one may have
   * @throws TooManySnapshotsError when its grant begins anew again and again
   * @throws StreamsUnavailableError when no place is left, or the service stops
   */
  async open(request: StreamRequest): Promise<OpenedStream> {
    this.#refuseWhenClosed();
    const audience = await this.check(request);
    const leavePlace = this.#options.places.take(holderOf(request.principal));
    try {
      if (request.from === undefined) this.#takeSnapshotOf(request.principal);
      await this.#follow();
      return this.#opened(request, audience, leavePlace);
    } catch (error) {
      leavePlace();
      throw error;
    }
  }

  /** Tells all what has happened until now, and that it was the last. */
  async close(): Promise<void> {
    this.#state = 'closed';
    try {
      await this.#options.tail.close();
    } finally {
      for (const subscription of [...this.#subscriptions]) subscription.over('stopping');
    }
  }

  #opened({ principal, from }: StreamRequest, audience: Audience, leavePlace: () => void): OpenedStream {
    let unwatch = (): void => undefined;
    let subscription: Subscription | undefined;
    let state: 'open' | 'left' = 'open';
    const leave = (): void => {
      if (state === 'left') return;
      state = 'left';
      unwatch();
      leavePlace();
      if (subscription !== undefined) this.#subscriptions.delete(subscription);
      this.#unfollow();
      subscription?.abandon();
    };
    const begin = (sink: Sink): void => {
      if (state === 'left') return;
      const { frames, clock } = this.#options;
      const lagged = (each: Subscription): void => this.#catchUp.add(each);
      subscription = new Subscription({
        sink,
        audience,
        frames,
        clock,
        lagged,
        closed: leave,
        familyId: principal.familyId,
      });
      this.#subscriptions.add(subscription);
      unwatch = this.#options.reviews.watch(principal, subscription);
      if (this.#state === 'closed') subscription.over('stopping');
      else void this.#start(subscription, from);
    };
    return { begin, leave };
  }

  async #start(subscription: Subscription, from: ResumePoint | undefined): Promise<void> {
    try {
      if (from !== undefined) subscription.resume(from);
      else subscription.show(await takeSnapshot(this.#options, subscription.audience), 'first');
      if (subscription.isBehind()) this.#catchUp.add(subscription);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'a stream of events could not begin');
      subscription.over('stopping');
    }
  }

  #takeSnapshotOf({ familyId }: Principal): void {
    const waitMs = this.#snapshots.take(familyId);
    if (waitMs > 0) throw new TooManySnapshotsError(Math.ceil(waitMs / 1000));
  }

  #refuseWhenClosed(): void {
    if (this.#state === 'closed') throw new StreamsUnavailableError('The service is stopping.', COME_BACK_SECONDS);
  }

  /** From the first reader on, the tail is read. */
  async #follow(): Promise<void> {
    this.#followers += 1;
    try {
      await this.#options.tail.join(this.#bring);
    } catch (error) {
      this.#unfollow();
      throw error;
    }
  }

  #unfollow(): void {
    this.#followers -= 1;
    if (this.#followers === 0) this.#options.tail.leave(this.#bring);
  }

  readonly #bring = (page: FeedPage): void => {
    if (page.kind === 'reset') {
      for (const subscription of [...this.#subscriptions]) subscription.fallBehind();
      return;
    }
    const live = new LivePage(page.changes, { cursor: page.cursor, frames: this.#options.frames });
    for (const subscription of [...this.#subscriptions]) subscription.take(live);
  };
}

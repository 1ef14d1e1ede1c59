import type { WallClock } from '../../shared/clock.ts';
import type { KeptReplyKey, KeptReplyStore } from '../model/kept-reply-store.ts';

/** What a request is answered with, and for how long a repetition gets the same. */
export interface RepeatableRequest {
  readonly key: KeptReplyKey;
  readonly lifetimeMs: number;
}

/**
 * Replies to what people send twice: a double click, a reload, a second try on a slow line. What was done once is not done
 * again; the repetition gets the reply of the first, which is kept sealed for a while.
 */
export class KeptReplies {
  readonly #store: KeptReplyStore;
  readonly #clock: WallClock;
  /** By key: a click that comes while the first is under way waits for its reply. */
  readonly #underWay = new Map<string, Promise<string>>();

  constructor(deps: { readonly store: KeptReplyStore; readonly clock: WallClock }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
  }

  /**
   * Carries out `work` and keeps what it gives, unless it was carried out already.
   * @returns the reply of the first time
   * @throws Error as `work` does; then nothing is kept, and it may be tried again
   */
  once(request: RepeatableRequest, work: () => Promise<string>): Promise<string> {
    return this.share(request.key, async () => (await this.find(request.key)) ?? this.keep(request, await work()));
  }

  /** Runs `work`, or waits for the one that is under way with the same key. */
  share(key: KeptReplyKey, work: () => Promise<string>): Promise<string> {
    const name = JSON.stringify([key.sessionHash, key.userId, key.name]);
    const first = this.#underWay.get(name);
    if (first !== undefined) return first;
    const reply = work().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, reply);
    return reply;
  }

  /** @returns undefined where there is none, or it is kept no longer */
  find(key: KeptReplyKey): Promise<string | undefined> {
    return this.#store.find(key, this.#clock.now());
  }

  async keep({ key, lifetimeMs }: RepeatableRequest, text: string): Promise<string> {
    await this.#store.keep({ ...key, text, expiresAt: this.#clock.now() + lifetimeMs });
    return text;
  }

  /** Erases one before its time. */
  forget(key: KeptReplyKey): Promise<void> {
    return this.#store.delete(key);
  }
}

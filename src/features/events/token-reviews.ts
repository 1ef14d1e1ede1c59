import { InvalidTokenError } from '../../oauth/model/errors.ts';
import type { Principal, TokenReview } from '../../oauth/request/principal.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { CloseReason } from './frames.ts';

/** Who lives as long as a token does. */
export interface TokenWatcher {
  /**
   * The token is still good, and stands for this now.
   * @throws AppError when what it stands for is not enough any more: the watcher is told that it is over
   */
  renewed(principal: Principal): void;
  over(reason: Extract<CloseReason, 'token_expired' | 'token_revoked'>): void;
}

export interface TokenReviewsOptions {
  readonly review: TokenReview;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a token is, and who depends on it. Those of one token share its review. */
interface Watched {
  readonly principal: Principal;
  readonly watchers: Set<TokenWatcher>;
}

/** A second is promised from the end of a token to the end of what it opened. */
const EVERY_MS = 500;
/** Reviews are queries: so many before others get their turn. */
const AT_ONCE = 20;

const keyOf = ({ reviewKey }: Principal): string => `${reviewKey.route} ${reviewKey.tokenHash}`;

/** Looks twice a second whether the tokens of all that stays open are still good: another process may revoke one. */
export class TokenReviews {
  readonly #review: TokenReview;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watched = new Map<string, Watched>();
  #state: 'idle' | 'waiting' | 'looking' = 'idle';
  #timer: Timer | undefined;

  constructor({ review, clock, log }: TokenReviewsOptions) {
    this.#review = review;
    this.#clock = clock;
    this.#log = log;
  }

  /** @returns ends the watch; a second time does nothing */
  watch(principal: Principal, watcher: TokenWatcher): () => void {
    const key = keyOf(principal);
    const watched = this.#watched.get(key) ?? { principal, watchers: new Set() };
    this.#watched.set(key, watched);
    watched.watchers.add(watcher);
    if (this.#state === 'idle') this.#wait();
    return () => {
      if (!watched.watchers.delete(watcher) || watched.watchers.size > 0) return;
      if (this.#watched.get(key) === watched) this.#watched.delete(key);
      if (this.#watched.size === 0 && this.#state === 'waiting') this.#rest();
    };
  }

  #wait(): void {
    this.#state = 'waiting';
    this.#timer = this.#clock.setTimer(EVERY_MS, this.#look);
  }

  #rest(): void {
    this.#state = 'idle';
    this.#timer?.cancel();
  }

  readonly #look = (): void => {
    this.#state = 'looking';
    void this.#lookAtAll().finally(() => {
      if (this.#watched.size === 0) this.#rest();
      else this.#wait();
    });
  };

  async #lookAtAll(): Promise<void> {
    let left = AT_ONCE;
    for (const watched of [...this.#watched.values()]) {
      await this.#lookAt(watched);
      left -= 1;
      if (left > 0) continue;
      left = AT_ONCE;
      await new Promise((resolve) => void setImmediate(resolve));
    }
  }

  async #lookAt({ principal, watchers }: Watched): Promise<void> {
    try {
      const now = await this.#review.review(principal.reviewKey);
      for (const watcher of [...watchers]) this.#renew(watcher, now);
    } catch (error) {
      // A database that does not answer takes no revocation either.
      if (!(error instanceof InvalidTokenError)) this.#log.warn({ err: error }, 'a token could not be checked again');
      else this.#end(principal, watchers);
    }
  }

  #renew(watcher: TokenWatcher, principal: Principal): void {
    try {
      watcher.renewed(principal);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      watcher.over('token_revoked');
    }
  }

  #end(principal: Principal, watchers: ReadonlySet<TokenWatcher>): void {
    const reason = principal.expiresAt <= this.#clock.now() ? 'token_expired' : 'token_revoked';
    for (const watcher of [...watchers]) watcher.over(reason);
  }
}

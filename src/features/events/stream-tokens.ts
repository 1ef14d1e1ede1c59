import { InvalidTokenError } from '../../oauth/model/errors.ts';
import type { Principal } from '../../oauth/request/principal.ts';
import type { WallClock } from '../../shared/clock.ts';
import type { Selection } from './selection.ts';

/** PORT: makes texts that only this service can read, and that nobody can alter. */
export interface Seal {
  seal(text: string, owner: string): string;
  /**
   * Gives the text again.
   * @throws Error when it was not made so, or for another owner
   */
  open(sealed: string, owner: string): string;
}

/** What the address of a stream stands for. */
export interface StreamGrant {
  /** Of the token that it was asked for with. */
  readonly tokenHash: string;
  readonly selection: Selection;
  /** Whether it may still be used for the first time. */
  readonly age: 'fresh' | 'used-before';
}

export interface StreamTokensOptions {
  readonly seal: Seal;
  readonly clock: WallClock;
}

/** How long the address of a stream may wait for its first use. */
export const FIRST_USE_SECONDS = 60;

/** Sealed for this and nothing else. */
const OWNER = 'stream of events';
const SEALED = /^[\w-]{40,2000}$/;

type Content = readonly [tokenHash: string, madeAt: number, selection: Selection];

/**
 * Addresses of streams for an EventSource, which can send no header. Such a token says which stream and whose token it hangs on,
 * under seal: nothing is stored, a restart takes none away, and nothing but the stream knows it.
 */
export class StreamTokens {
  readonly #seal: Seal;
  readonly #clock: WallClock;

  constructor({ seal, clock }: StreamTokensOptions) {
    this.#seal = seal;
    this.#clock = clock;
  }

  make({ reviewKey }: Principal, selection: Selection): string {
    const content: Content = [reviewKey.tokenHash, this.#clock.now(), selection];
    return this.#seal.seal(JSON.stringify(content), OWNER);
  }

  /**
   * What a token stands for.
   * @throws InvalidTokenError when it is none of ours
   */
  read(token: string): StreamGrant {
    const [tokenHash, madeAt, selection] = this.#open(token);
    const age = this.#clock.now() <= madeAt + FIRST_USE_SECONDS * 1000 ? 'fresh' : 'used-before';
    return { tokenHash, selection, age };
  }

  #open(token: string): Content {
    if (!SEALED.test(token)) throw new InvalidTokenError();
    try {
      return JSON.parse(this.#seal.open(token, OWNER)) as Content;
    } catch {
      throw new InvalidTokenError();
    }
  }
}

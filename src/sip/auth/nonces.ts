import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';

export interface NoncesOptions {
  /** Secret of at least 32 bytes; nonces of another key are stale, so one that is kept outlives a restart. */
  readonly key: Buffer;
  /**
   * Dates the nonces. A steady one: a step of the machine's clock would end or lengthen them all at once. It has a date and
   * no mere duration, so that the next process can tell the age of a nonce of this one.
   */
  readonly clock: WallClock;
  readonly ids: IdSource;
  readonly lifetimeMs: number;
}

export type NonceVerdict = 'fresh' | 'stale' | 'forged';

/** How many nonces in use are remembered with their count. Only those of right passwords are. */
const MAX_REMEMBERED = 50_000;

const TIME_DIGITS = 11;

/**
 * Nonces that carry their own time and seal, so that a challenge costs no memory. What is remembered is how often each
 * was used by a client that knew a password (RFC 7616 section 3.4, nonce count).
 */
export class Nonces {
  readonly #options: NoncesOptions;
  readonly #counts = new Map<string, number>();
  #notBefore = 0;

  constructor(options: NoncesOptions) {
    this.#options = options;
  }

  issue(): string {
    const { clock, ids } = this.#options;
    const text = clock.now().toString(36).padStart(TIME_DIGITS, '0') + ids.random(96);
    return `${text}.${this.#seal(text)}`;
  }

  /** Whether it is one of ours and still good. */
  check(nonce: string): NonceVerdict {
    const dot = nonce.lastIndexOf('.');
    const text = nonce.slice(0, dot);
    const expected = Buffer.from(this.#seal(text));
    const given = Buffer.from(nonce.slice(dot + 1));
    if (dot < TIME_DIGITS || given.length !== expected.length || !timingSafeEqual(given, expected)) return 'forged';
    const issuedAt = issuedAtOf(nonce);
    const { clock, lifetimeMs } = this.#options;
    // One from the future is of an earlier process, before the machine's clock was set back.
    const isFarOff = Math.abs(clock.now() - issuedAt) > lifetimeMs;
    return isFarOff || issuedAt < this.#notBefore ? 'stale' : 'fresh';
  }

  /**
   * Notes a use by a client that proved its password.
   * @param count the nonce count; 1 where the client gave none, so that such a nonce serves once
   * @returns false for a count that was not above the last one: a replay
   */
  use(nonce: string, count: number): boolean {
    if (count <= (this.#counts.get(nonce) ?? 0)) return false;
    this.#counts.delete(nonce);
    this.#counts.set(nonce, count);
    if (this.#counts.size > MAX_REMEMBERED) this.#forgetOldest();
    return true;
  }

  /** What is forgotten could be replayed: nonces of its age count as stale from now on. */
  #forgetOldest(): void {
    const [oldest] = this.#counts.keys();
    if (oldest === undefined) return;
    this.#counts.delete(oldest);
    this.#notBefore = Math.max(this.#notBefore, issuedAtOf(oldest) + 1);
  }

  #seal(text: string): string {
    return createHmac('sha256', this.#options.key).update(text).digest('base64url').slice(0, 22);
  }
}

const issuedAtOf = (nonce: string): number => Number.parseInt(nonce.slice(0, TIME_DIGITS), 36);

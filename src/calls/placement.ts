import type { IdempotencyRecord } from './call-store.ts';
import { IdempotencyConflictError } from './errors.ts';

/** What a POST led to. */
export interface Placed {
  readonly tokenCall: string;
  /** `replayed`: the key had led to this call before. */
  readonly how: 'placed' | 'replayed';
}

/**
 * The call that the key led to before.
 * @throws IdempotencyConflictError when the key stands for another command
 */
export const replay = (known: IdempotencyRecord, fingerprint: string): Placed => {
  if (known.fingerprint === fingerprint) return { tokenCall: known.tokenCall, how: 'replayed' };
  throw new IdempotencyConflictError('The idempotency key was used with another request.');
};

interface Placing {
  readonly fingerprint: string;
  readonly placed: Promise<Placed>;
}

/** Placements under way, by idempotency key: of two at the same time the second waits for the first's call. */
export class PlacementsUnderWay {
  readonly #placings = new Map<string, Placing>();

  async share(key: string, fingerprint: string, place: () => Promise<Placed>): Promise<Placed> {
    const first = this.#placings.get(key);
    if (first !== undefined) {
      if (first.fingerprint !== fingerprint) {
        throw new IdempotencyConflictError('The idempotency key is being used with another request.');
      }
      return { ...(await first.placed), how: 'replayed' };
    }
    const placed = place();
    this.#placings.set(key, { fingerprint, placed });
    try {
      return await placed;
    } finally {
      this.#placings.delete(key);
    }
  }
}

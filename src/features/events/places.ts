import type { Waiter } from '../../http/routes/call/call-wait.ts';
import { StreamsUnavailableError, TooManyStreamsError } from './errors.ts';

export interface PlaceLimits {
  /** For the tokens of one grant. */
  readonly perGrant: number;
  readonly inAll: number;
  /** Of these, only for who may see everybody's calls. */
  readonly reservedForOperators: number;
}

const COME_BACK_SECONDS = 10;

/** Places for what stays open: streams, and requests that wait. */
export class Places {
  readonly #limits: PlaceLimits;
  readonly #ofGrant = new Map<string, number>();
  #taken = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes a place.
   * @returns gives it back; a second time does nothing
   * @throws TooManyStreamsError when the grant has as many as one may have
   * @throws StreamsUnavailableError when no place is left
   */
  take({ familyId, rank }: Waiter): () => void {
    const { perGrant, inAll, reservedForOperators } = this.#limits;
    const own = this.#ofGrant.get(familyId) ?? 0;
    if (own >= perGrant) throw new TooManyStreamsError(perGrant, COME_BACK_SECONDS);
    if (this.#taken >= (rank === 'operator' ? inAll : inAll - reservedForOperators)) {
      throw new StreamsUnavailableError('The service has as many streams as it can serve.', COME_BACK_SECONDS);
    }
    this.#ofGrant.set(familyId, own + 1);
    this.#taken += 1;
    let state: 'taken' | 'free' = 'taken';
    return () => {
      if (state === 'taken') this.#free(familyId);
      state = 'free';
    };
  }

  #free(familyId: string): void {
    this.#taken -= 1;
    const left = (this.#ofGrant.get(familyId) ?? 1) - 1;
    if (left > 0) this.#ofGrant.set(familyId, left);
    else this.#ofGrant.delete(familyId);
  }
}

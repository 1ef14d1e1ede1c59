import type { IdSource } from '../../shared/ids.ts';

/**
 * Whose offer is open. Ours also while the ACK of a re-INVITE without SDP is to bring the answer. A peer's that we
 * accepted in a 2xx is `unacknowledged` until its ACK.
 */
export type OpenOffer = 'ours' | 'theirs' | 'unacknowledged';

/** One offer from its beginning to its end. */
export interface OfferTurn {
  readonly open: OpenOffer;
}

/** What is told when the next offer may be made. */
export interface OfferQueue {
  /** No offer is open any more. */
  nextOffer(): void;
}

/** Offer and answer of one session (RFC 3264): the SDP in force, and the one offer that may be open at a time. */
export class Negotiation {
  localSdp: string | undefined;
  remoteSdp: string | undefined;
  readonly #queue: OfferQueue;
  #turn: OfferTurn | undefined;

  constructor(queue: OfferQueue) {
    this.#queue = queue;
  }

  get open(): OpenOffer | 'none' {
    return this.#turn?.open ?? 'none';
  }

  /** Takes the place of the turn before, if one is not finished. */
  begin(open: OpenOffer): OfferTurn {
    this.#turn = { open };
    return this.#turn;
  }

  /** Does nothing where another turn has begun since. */
  finish(turn: OfferTurn | undefined): void {
    if (turn === undefined || this.#turn !== turn) return;
    this.#turn = undefined;
    this.#queue.nextOffer();
  }
}

/** A random number from 0 to below 1, for the pauses that keep two offers apart (RFC 3261 section 14). */
export const randomFraction = (ids: IdSource): number =>
  Buffer.from(ids.random(32), 'base64url').readUInt16BE(0) / 2 ** 16;

import type { Timer } from '../../shared/clock.ts';
import { type DialogLine, DialogRequest, type Final } from './dialog-request.ts';
import { type Negotiation, randomFraction } from './negotiation.ts';
import { sdpOf, setSdp } from './sdp-body.ts';
import type { OfferResult } from './session.ts';
import type { SessionTimer } from './session-timer.ts';

interface QueuedOffer {
  readonly sdp: string;
  readonly resolve: (result: OfferResult) => void;
  tries: number;
}

/** The session of these offers. */
export interface OwnOfferOwner {
  readonly timer: SessionTimer | undefined;
  /** The dialog is gone. */
  breakOff(status: number): void;
}

/** A peer that says 491 for ever is believed after so many tries. */
const MAX_TRIES = 8;

/** Our re-INVITEs: one at a time, in the order in which they were asked for, glare tried again. */
export class OwnOffers {
  readonly #negotiation: Negotiation;
  readonly #owner: OwnOfferOwner;
  readonly #queue: QueuedOffer[] = [];
  #line: DialogLine | undefined;
  #sent: DialogRequest | undefined;
  #backOff: Timer | undefined;

  /** @param line undefined until the session is established */
  constructor(negotiation: Negotiation, owner: OwnOfferOwner, line: DialogLine | undefined) {
    this.#negotiation = negotiation;
    this.#owner = owner;
    this.#line = line;
  }

  /** Offers wait until the session is established. */
  open(line: DialogLine): void {
    this.#line = line;
  }

  add(sdp: string): Promise<OfferResult> {
    return new Promise((resolve) => {
      this.#queue.push({ sdp, resolve, tries: 0 });
      this.next();
    });
  }

  /** The session is over: what was offered is refused. */
  close(): void {
    this.#line = undefined;
    this.#backOff?.cancel();
    this.#sent?.cancel();
    for (const { resolve } of this.#queue.splice(0)) resolve({ kind: 'refused', status: 481 });
  }

  /** Sends the offer that waits, where none is open. */
  next(): void {
    const [offer] = this.#queue;
    const line = this.#line;
    const waits = this.#backOff !== undefined || this.#negotiation.open !== 'none';
    if (offer === undefined || line === undefined || waits) return;
    offer.tries += 1;
    const turn = this.#negotiation.begin('ours');
    const invite = line.dialog.createRequest('INVITE');
    invite.headers.append('allow', line.context.allow);
    for (const [name, value] of this.#owner.timer?.headers ?? []) invite.headers.append(name, value);
    setSdp(invite, offer.sdp);
    this.#sent = DialogRequest.send(line, invite, (final) => {
      this.#take(offer, final);
      this.#negotiation.finish(turn);
    });
  }

  #take(offer: QueuedOffer, final: Final): void {
    const line = this.#line;
    if (line === undefined) return;
    if (isFatal(final.status)) {
      this.#owner.breakOff(final.status);
      return;
    }
    const delay = offer.tries < MAX_TRIES ? glareDelay(final, line) : undefined;
    if (delay === undefined) this.#conclude(offer, final);
    else this.#retryAfter(delay, line);
  }

  #retryAfter(delay: number, line: DialogLine): void {
    this.#backOff = line.context.clock.setTimer(delay, () => {
      this.#backOff = undefined;
      this.next();
    });
  }

  #conclude(offer: QueuedOffer, { status, response }: Final): void {
    this.#queue.shift();
    this.#sent = undefined;
    if (status < 300 && response !== undefined) this.#owner.timer?.answered(response);
    const answer = status < 300 && response !== undefined ? sdpOf(response) : undefined;
    if (answer === undefined) {
      offer.resolve({ kind: 'refused', status: status < 300 ? 488 : status });
      return;
    }
    this.#negotiation.localSdp = offer.sdp;
    this.#negotiation.remoteSdp = answer;
    offer.resolve({ kind: 'accepted', sdp: answer });
  }
}

/** These end the whole dialog (RFC 3261 section 12.2.1.2). */
const isFatal = (status: number): boolean => status === 408 || status === 481;

/** A longer Retry-After is a refusal. */
const MAX_RETRY_AFTER_SECONDS = 10;

/**
 * How many milliseconds to wait before a refused offer is made again (RFC 3261 section 14.1): after 491 a random time,
 * longer for the owner of the Call-ID; after a 500 the Retry-After that a busy peer gave (section 14.2).
 * @returns undefined where it is not to be made again
 */
const glareDelay = (final: Final, { context, dialog }: DialogLine): number | undefined => {
  if (final.status === 491) {
    const fraction = randomFraction(context.ids);
    return dialog.role === 'uac' ? 2100 + 10 * Math.floor(fraction * 191) : 10 * Math.floor(fraction * 201);
  }
  if (final.status !== 500) return undefined;
  const seconds = Number.parseInt(final.response?.headers.get('retry-after') ?? '', 10);
  return seconds <= MAX_RETRY_AFTER_SECONDS ? Math.max(seconds, 1) * 1000 : undefined;
};

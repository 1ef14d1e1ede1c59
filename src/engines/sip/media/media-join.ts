import { sameMedia } from '../../../sip/sdp/same-media.ts';
import type { OfferResult, RemoteOffer } from '../../../sip/user-agent.ts';
import type { Leg } from '../leg/leg.ts';

/** Why two legs could not be joined: the leg that refused, and its status. */
export type JoinResult =
  { readonly kind: 'joined' } | { readonly kind: 'refused'; readonly by: Leg; readonly status: number };

const JOINED: JoinResult = { kind: 'joined' };

/** What a leg that asks for an offer is shown: `recvonly` is its own hold, which it is free to end (RFC 3261 section 14.2). */
const withoutItsHold = (sdp: string): string => sdp.replace(/^a=recvonly/gm, 'a=sendrecv');

const isBothWays = (sdp: string): boolean => !/^a=(?:sendonly|recvonly|inactive)\r?$/m.test(sdp);

/**
 * Brings the media of two legs together: the callee's SDP is offered to the caller (RFC 3725 flow, steps 4 to 6), later
 * offers of either leg are carried to the other. Offers of one call are taken one after the other, never two at once.
 */
export class MediaJoin {
  readonly #caller: Leg;
  #callee: Leg | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #turns = 0;
  #state: 'apart' | 'joined' = 'apart';

  constructor(caller: Leg) {
    this.#caller = caller;
  }

  /** Whether an offer is on its way: one of a peer that waited for it could wait for itself. */
  get isBusy(): boolean {
    return this.#turns > 0;
  }

  get isJoined(): boolean {
    return this.#state === 'joined';
  }

  /** Offers the caller other media before the join. @returns whether it took them */
  offerToCaller(sdp: string): Promise<boolean> {
    return this.#inTurn(async () => (await this.#offerTo(this.#caller, sdp)).kind === 'accepted');
  }

  /** Joins the caller to a callee that has answered; where the caller's media moved, the callee is offered them once. */
  async join(callee: Leg): Promise<JoinResult> {
    this.#callee = callee;
    const result = await this.#inTurn(() => this.#bringTogether(callee));
    if (result.kind === 'joined') this.#state = 'joined';
    return result;
  }

  /** Carries an offer of one joined leg (hold, resume, a new codec) to the other, and its answer back. */
  carry(offer: RemoteOffer, from: Leg): Promise<void> {
    return this.#inTurn(async () => {
      const to = this.#otherOf(from);
      if (to === undefined) {
        offer.reject(488);
      } else if (offer.sdp === undefined) {
        offer.accept(from.sdp.stamp(withoutItsHold(to.remote)));
      } else {
        const { sdp } = offer;
        await this.#relay(offer, { sdp, from, to });
      }
    });
  }

  /**
   * An offer of a leg while another one is on its way: to the other leg, or to this one, which refused it with 491 and must
   * be asked again later. It is answered at once with what is in force, and the other leg is shown it afterwards. One that would
   * change more than an address or a codec gets 491: the peer tries again (RFC 3261 section 14.1).
   */
  async takeMeanwhile(offer: RemoteOffer, from: Leg): Promise<void> {
    const { inForce } = from.sdp;
    if (offer.sdp !== undefined && !isBothWays(offer.sdp)) {
      offer.reject(491);
      return;
    }
    if (offer.sdp !== undefined) from.remote = offer.sdp;
    offer.accept(inForce);
    if (offer.sdp !== undefined && this.#callee !== undefined) await this.follow(from);
  }

  /** One joined leg has answered an offer for which it had asked: its answer is offered to the other. */
  follow(from: Leg): Promise<void> {
    return this.#inTurn(async () => {
      const to = this.#otherOf(from);
      if (to !== undefined) await this.#offerTo(to, from.remote);
    });
  }

  async #bringTogether(callee: Leg): Promise<JoinResult> {
    const caller = this.#caller;
    const moved = await this.#offerTo(caller, callee.remote);
    if (moved.kind === 'refused') return { kind: 'refused', by: caller, status: moved.status };
    if (!this.#hasMoved(callee, moved.sdp)) return JOINED;
    const followed = await this.#offerTo(callee, moved.sdp);
    return followed.kind === 'refused' ? { kind: 'refused', by: callee, status: followed.status } : JOINED;
  }

  /** SDP that cannot be read is refused and leaves the call as it was. */
  async #relay(
    offer: RemoteOffer,
    { sdp, from, to }: { readonly sdp: string; readonly from: Leg; readonly to: Leg },
  ): Promise<void> {
    try {
      const result = await this.#offerTo(to, sdp);
      if (result.kind === 'refused') {
        offer.reject(result.status === 491 ? 491 : 488);
        return;
      }
      const answer = from.sdp.stamp(result.sdp);
      from.remote = sdp;
      offer.accept(answer);
    } catch {
      offer.reject(488);
    }
  }

  /** Only codecs that the callee may send count: a caller that names those alone has not moved. */
  #hasMoved(callee: Leg, sdp: string): boolean {
    return !callee.sdp.isSent(sdp) && !sameMedia(callee.sdp.sent, sdp, callee.remote);
  }

  async #offerTo(leg: Leg, sdp: string): Promise<OfferResult> {
    const { sent } = leg.sdp;
    const stamped = leg.sdp.stamp(sdp);
    if (stamped === sent) return { kind: 'accepted', sdp: leg.remote };
    const result = await leg.propose(stamped);
    if (result.kind === 'refused') {
      leg.sdp.takeBack();
      return result;
    }
    leg.sdp.settle();
    leg.remote = result.sdp;
    return result;
  }

  #otherOf(leg: Leg): Leg | undefined {
    return leg === this.#caller ? this.#callee : this.#caller;
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#turns += 1;
    const turn = this.#tail.then(task).finally(() => {
      this.#turns -= 1;
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}

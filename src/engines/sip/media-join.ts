import { sameMedia } from '../../sip/sdp/same-media.ts';
import type { OfferResult, RemoteOffer } from '../../sip/user-agent.ts';
import type { Leg } from './leg.ts';
import type { LegSdp } from './leg-sdp.ts';

/** A leg with what it was sent and what it said of its media. */
export interface JoinSide {
  readonly leg: Leg;
  readonly sdp: LegSdp;
  remote: string;
}

/** Why two legs could not be joined: the leg that refused, and its status. */
export type JoinResult =
  { readonly kind: 'joined' } | { readonly kind: 'refused'; readonly by: JoinSide; readonly status: number };

const JOINED: JoinResult = { kind: 'joined' };

/**
 * Brings the media of two legs together: the callee's SDP is offered to the caller (RFC 3725 flow, steps 4 to 6), later
 * offers of either side are carried to the other. Offers of one call are taken one after the other, never two at once.
 */
export class MediaJoin {
  readonly #caller: JoinSide;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(caller: JoinSide) {
    this.#caller = caller;
  }

  /** Lets the caller hear the callee's early media. @returns whether the caller took it */
  hearEarly(sdp: string): Promise<boolean> {
    return this.#inTurn(async () => (await this.#offerTo(this.#caller, sdp)).kind === 'accepted');
  }

  /** Joins the caller to a callee that has answered; where the caller's media moved, the callee is told once. */
  join(callee: JoinSide): Promise<JoinResult> {
    return this.#inTurn(async () => {
      const caller = this.#caller;
      const told = caller.remote;
      const moved = await this.#offerTo(caller, callee.remote);
      if (moved.kind === 'refused') return { kind: 'refused', by: caller, status: moved.status };
      if (sameMedia(told, moved.sdp)) return JOINED;
      const followed = await this.#offerTo(callee, moved.sdp);
      return followed.kind === 'refused' ? { kind: 'refused', by: callee, status: followed.status } : JOINED;
    });
  }

  /** Carries an offer of one joined side (hold, resume, a new codec) to the other, and its answer back. */
  carry(offer: RemoteOffer, { from, to }: { readonly from: JoinSide; readonly to: JoinSide }): Promise<void> {
    return this.#inTurn(async () => {
      if (offer.sdp === undefined) {
        offer.accept(from.sdp.sent);
        return;
      }
      const result = await this.#offerTo(to, offer.sdp);
      if (result.kind === 'refused') {
        offer.reject(result.status === 491 ? 491 : 488);
        return;
      }
      from.remote = offer.sdp;
      offer.accept(from.sdp.stamp(result.sdp));
    });
  }

  async #offerTo(side: JoinSide, sdp: string): Promise<OfferResult> {
    const before = side.sdp.sent;
    const stamped = side.sdp.stamp(sdp);
    if (stamped === before) return { kind: 'accepted', sdp: side.remote };
    const result = await side.leg.offer(stamped);
    if (result.kind === 'accepted') side.remote = result.sdp;
    return result;
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const turn = this.#tail.then(task);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}

import { Dialog, type DialogOrigin } from '../dialog/dialog.ts';
import type { SipResponse } from '../message/message.ts';
import type { ClientTransaction } from '../transaction/transaction.ts';
import type { Hop } from '../transport/transport.ts';
import type { InviteOptions } from './create-invite.ts';
import type { OfferTurn } from './negotiation.ts';
import { sdpOf } from './sdp-body.ts';
import type { SentInvite } from './sent-invite.ts';

/** What an INVITE needs until it is answered. Its session lets go of it then: it may last for hours. */
export class Inviting {
  readonly options: InviteOptions;
  readonly turn: OfferTurn;
  sent: { readonly usage: SentInvite; readonly transaction: ClientTransaction } | undefined;
  /** Of the same name, not tried yet. */
  otherHops: Hop[] = [];
  cseq = 1;
  #early: Map<string, Dialog> | undefined;
  /** The one fork whose early media is heard: the first that sends any. */
  #heard: { readonly fork: string; readonly sdp: string } | undefined;

  constructor(options: InviteOptions, turn: OfferTurn) {
    this.options = options;
    this.turn = turn;
  }

  origin(peer: Hop): DialogOrigin {
    return { target: this.options.target, peer };
  }

  early(remoteTag: string | undefined): Dialog | undefined {
    return this.#early?.get(remoteTag ?? '');
  }

  /** Keeps the dialog that a provisional response has made. */
  remember(response: SipResponse): void {
    const toTag = response.to.tag;
    if (toTag === undefined || this.sent === undefined || this.#early?.has(toTag) === true) return;
    this.#early ??= new Map();
    this.#early.set(toTag, Dialog.ofResponse(response, this.origin(this.sent.transaction.hop)));
  }

  /** The INVITE is sent anew, with credentials: nothing that was said to the one before counts. */
  forget(): void {
    this.#early = this.#heard = undefined;
  }

  /** @returns the SDP of a provisional response where it is to be heard */
  takeEarlyMedia(response: SipResponse): string | undefined {
    const sdp = sdpOf(response);
    const fork = response.to.tag ?? '';
    if (sdp === undefined || fork !== (this.#heard?.fork ?? fork)) return undefined;
    this.#heard = { fork, sdp };
    return sdp;
  }

  /** What that fork sent last: it stands for the answer where its 2xx has none. */
  earlyMediaOf(response: SipResponse): string | undefined {
    return response.to.tag === this.#heard?.fork ? this.#heard?.sdp : undefined;
  }
}

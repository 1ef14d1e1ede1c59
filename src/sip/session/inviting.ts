import { Dialog, type DialogOrigin } from '../dialog/dialog.ts';
import type { SipResponse } from '../message/message.ts';
import type { ClientTransaction } from '../transaction/transaction.ts';
import type { Hop } from '../transport/transport.ts';
import type { InviteOptions } from './create-invite.ts';
import type { OfferTurn } from './negotiation.ts';
import { sdpOf } from './sdp-body.ts';
import type { SentInvite } from './sent-invite.ts';

/** With credentials, and for longer sessions: one more than any peer has reason to ask for. */
const MAX_INVITES = 6;

/** What an INVITE needs until it is answered. Its session lets go of it then: it may last for hours. */
export class Inviting {
  readonly options: InviteOptions;
  readonly turn: OfferTurn;
  sent: { readonly usage: SentInvite; readonly transaction: ClientTransaction } | undefined;
  /** Of the same name, not tried yet. */
  otherHops: Hop[] = [];
  cseq = 1;
  #early: Map<string, Dialog> | undefined;
  /** By its To tag, the last response of each fork that was acknowledged by PRACK, and whether one had SDP. */
  #reliable: Map<string, { readonly rseq: number; readonly isAnswered: boolean }> | undefined;
  /** By its To tag, what each fork sent last. */
  #earlyMedia: Map<string, string> | undefined;
  /** The fork whose early media is heard: the one that sent any last. */
  #heard: string | undefined;

  constructor(options: InviteOptions, turn: OfferTurn) {
    this.options = options;
    this.turn = turn;
  }

  /** The CSeq of the INVITE that is sent next: above all that was sent in its early dialogs. */
  nextCSeq(): number {
    const used = [...(this.#early?.values() ?? [])].map((dialog) => dialog.toJSON().localCSeq);
    this.cseq = Math.max(this.cseq, ...used) + 1;
    return this.cseq;
  }

  /** @returns false for a peer that asks for longer sessions over and over again */
  mayAskForLonger(): boolean {
    return this.cseq <= MAX_INVITES;
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
    this.#early = this.#reliable = this.#earlyMedia = this.#heard = undefined;
  }

  /** Whether a reliable response is the next of its fork: the first may have any number (RFC 3262 section 4). */
  takesNext(response: SipResponse, rseq: number): boolean {
    const before = this.#reliable?.get(forkOf(response));
    if (before !== undefined && rseq !== before.rseq + 1) return false;
    this.#reliable ??= new Map();
    const isAnswered = before?.isAnswered === true || sdpOf(response) !== undefined;
    this.#reliable.set(forkOf(response), { rseq, isAnswered });
    return true;
  }

  /** Whether a response is of a fork that has answered our offer, reliably, before its 2xx. */
  isAnswered(response: SipResponse): boolean {
    return this.#reliable?.get(forkOf(response))?.isAnswered === true;
  }

  /** @returns the SDP of a provisional response, which is to be heard from now on */
  takeEarlyMedia(response: SipResponse): string | undefined {
    const sdp = sdpOf(response);
    if (sdp === undefined) return undefined;
    this.#heard = forkOf(response);
    this.#earlyMedia ??= new Map();
    this.#earlyMedia.set(this.#heard, sdp);
    return sdp;
  }

  /** Whether a response is of a fork that is not the one that is heard. */
  isOfAnotherFork(response: SipResponse): boolean {
    return this.#heard !== undefined && forkOf(response) !== this.#heard;
  }

  /** What that fork sent last: it stands for the answer where its 2xx has none. */
  earlyMediaOf(response: SipResponse): string | undefined {
    return this.#earlyMedia?.get(forkOf(response));
  }
}

const forkOf = (response: SipResponse): string => response.to.tag ?? '';

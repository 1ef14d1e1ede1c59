import { Dialog } from '../dialog/dialog.ts';
import { createResponse } from '../message/create-response.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import { InviteSession } from './invite-session.ts';
import type { OfferTurn } from './negotiation.ts';
import { requires } from './option-tags.ts';
import { ReliableProgress, type ReliableProgressOwner } from './reliable-progress.ts';
import { sdpOf } from './sdp-body.ts';
import type { ExtraHeaders, HangUpOptions, IncomingSession, SessionEnd } from './session.ts';
import type { SessionContext } from './session-context.ts';

/** An INVITE that came in and what becomes of it (RFC 3261 section 13.3). */
export class ReceivedSession extends InviteSession implements IncomingSession, ReliableProgressOwner {
  readonly callId: string;
  readonly request: SipRequest;
  readonly #transaction: ServerTransaction;
  readonly #dialog: Dialog;
  readonly #firstTurn: OfferTurn;
  #byeHeaders: ExtraHeaders = [];
  /** Where the INVITE requires it (RFC 3262). */
  #reliable: ReliableProgress | undefined;
  /** The answer that went in a reliable response. */
  #earlyAnswer: string | undefined;
  /** What `accept` was given while that was not acknowledged. */
  #held: string | undefined;

  constructor(context: SessionContext, transaction: ServerTransaction) {
    super(context);
    this.request = transaction.request;
    this.callId = this.request.callId;
    this.#transaction = transaction;
    this.#dialog = Dialog.ofRequest(this.request, this.localTag, transaction.arrival.source);
    this.#firstTurn = this.negotiation.begin('theirs');
    this.negotiation.remoteSdp = sdpOf(this.request);
    transaction.onCancel = (cancel) => this.#leftBeforeAnswer(cancel);
    transaction.onTransportError = (error) => this.end({ kind: 'transport-error', error });
  }

  progress(status: number, sdp?: string): void {
    if (this.phase !== 'inviting') return;
    const { request, arrival } = this.#transaction;
    const headers: ExtraHeaders = [
      ['contact', this.context.contact(arrival.source)],
      ['allow', this.context.allow],
    ];
    const response = createResponse(request, status, { toTag: this.localTag, headers, sdp });
    if (status === 100 || !requires(request, '100rel')) this.#transaction.respond(response);
    else this.#progressReliably(response, sdp);
  }

  accept(sdp: string): void {
    if (this.phase === 'inviting' && this.#reliable?.isAnswerOpen === true) {
      this.#held = sdp;
      return;
    }
    if (!this.move('answer')) return;
    this.#reliable?.stop();
    this.#dialog.confirm();
    this.#answer(this.#earlyAnswer ?? sdp);
  }

  #answer(sdp: string): void {
    this.negotiation.localSdp = sdp;
    const turn = this.negotiation.begin(this.negotiation.remoteSdp === undefined ? 'ours' : 'unacknowledged');
    const headers = this.establish(this.#dialog).accepted(this.request);
    const onAck = (ack: SipRequest): void => this.#acknowledged(ack, turn);
    this.answers.send({ transaction: this.#transaction, localTag: this.localTag, sdp, headers, onAck });
  }

  reject(status: number, headers?: ExtraHeaders): void {
    if (this.phase !== 'inviting') return;
    this.respond(this.#transaction, status, headers);
    this.endSoon({ kind: 'local-hangup' });
  }

  hangUp({ headers = [], status = 480 }: HangUpOptions = {}): void {
    if (this.phase === 'inviting') {
      this.reject(status, headers);
    } else if (this.phase === 'established') {
      this.leave(headers);
    } else if (this.move('cancel')) {
      this.#byeHeaders = headers;
    }
  }

  missedPrack(): void {
    if (this.phase !== 'inviting') return;
    this.respond(this.#transaction, 504);
    this.end({ kind: 'broken', status: 504 });
  }

  protected override takesPrack(prack: SipRequest): boolean {
    if (this.#reliable?.acknowledge(prack) !== true) return false;
    if (this.#earlyAnswer !== undefined) this.negotiation.finish(this.#firstTurn);
    return true;
  }

  protected override afterPrack(): void {
    this.#reliable?.continue();
    const held = this.#held;
    if (held === undefined || this.#reliable?.isAnswerOpen === true) return;
    this.#held = undefined;
    this.accept(held);
  }

  protected override end(end: SessionEnd): void {
    this.#reliable?.stop();
    super.end(end);
  }

  protected override endSoon(end: SessionEnd): void {
    this.#reliable?.stop();
    super.endSoon(end);
  }

  protected dialogOf(request: SipRequest): Dialog | undefined {
    return this.#dialog.matches(request) ? this.#dialog : undefined;
  }

  protected override peerLeft(bye: SipRequest): void {
    if (this.phase === 'inviting') this.#leftBeforeAnswer(bye);
    else super.peerLeft(bye);
  }

  override missedAck(): void {
    if (this.phase !== 'cancelled') {
      super.missedAck();
      return;
    }
    this.leave(this.#byeHeaders);
    this.end({ kind: 'local-hangup' });
  }

  #progressReliably(response: SipResponse, sdp: string | undefined): void {
    this.#reliable ??= new ReliableProgress(this.context, this.#transaction, this);
    this.#earlyAnswer ??= sdp;
    if (sdp !== undefined) this.negotiation.localSdp = sdp;
    this.#reliable.send(response);
  }

  #leftBeforeAnswer(request: SipRequest): void {
    if (this.phase !== 'inviting') return;
    this.respond(this.#transaction, 487);
    this.end({ kind: 'remote-hangup', request });
  }

  #acknowledged(ack: SipRequest, turn: OfferTurn): void {
    if (this.phase === 'cancelled') {
      this.leave(this.#byeHeaders);
      return;
    }
    if (!this.move('establish')) return;
    const sdp = this.negotiation.remoteSdp ?? sdpOf(ack);
    if (sdp === undefined) {
      this.breakOff(488);
      return;
    }
    this.negotiation.remoteSdp = sdp;
    this.negotiation.finish(turn);
    this.emit('answered', sdp);
  }
}

import { Dialog } from '../dialog/dialog.ts';
import { createResponse } from '../message/create-response.ts';
import type { SipRequest } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import { InviteSession } from './invite-session.ts';
import type { OfferTurn } from './negotiation.ts';
import { sdpOf } from './sdp-body.ts';
import type { ExtraHeaders, HangUpOptions, IncomingSession } from './session.ts';
import type { SessionContext } from './session-context.ts';

/** An INVITE that came in and what becomes of it (RFC 3261 section 13.3). */
export class ReceivedSession extends InviteSession implements IncomingSession {
  readonly callId: string;
  readonly request: SipRequest;
  readonly #transaction: ServerTransaction;
  readonly #dialog: Dialog;
  #byeHeaders: ExtraHeaders = [];

  constructor(context: SessionContext, transaction: ServerTransaction) {
    super(context);
    this.request = transaction.request;
    this.callId = this.request.callId;
    this.#transaction = transaction;
    this.#dialog = Dialog.ofRequest(this.request, this.localTag, transaction.arrival.source);
    this.negotiation.begin('theirs');
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
    this.#transaction.respond(createResponse(request, status, { toTag: this.localTag, headers, sdp }));
  }

  accept(sdp: string): void {
    if (!this.move('answer')) return;
    this.#dialog.confirm();
    this.negotiation.localSdp = sdp;
    const turn = this.negotiation.begin(this.negotiation.remoteSdp === undefined ? 'ours' : 'unacknowledged');
    this.establish(this.#dialog);
    const onAck = (ack: SipRequest): void => this.#acknowledged(ack, turn);
    this.answers.send({ transaction: this.#transaction, localTag: this.localTag, sdp, onAck });
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

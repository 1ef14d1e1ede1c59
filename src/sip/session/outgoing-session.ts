import { Authorizer, credentialsOf } from '../auth/authorizer.ts';
import { Dialog } from '../dialog/dialog.ts';
import { uriOf } from '../dialog/route.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { Hop } from '../transport/transport.ts';
import { createInvite, type InviteOptions } from './create-invite.ts';
import { DialogRequest } from './dialog-request.ts';
import { InviteSession } from './invite-session.ts';
import { Inviting } from './inviting.ts';
import { rseqOf } from './reliable-progress.ts';
import { sdpOf } from './sdp-body.ts';
import { type InviteOwner, SentInvite } from './sent-invite.ts';
import type { ExtraHeaders, HangUpOptions, InvitingSession, SessionEnd } from './session.ts';
import type { SessionContext } from './session-context.ts';
import { withLongerSession } from './session-expires.ts';

const NO_HEADERS: ExtraHeaders = [];

/** An INVITE that we sent and what becomes of it (RFC 3261 section 13.2). */
export class OutgoingSession extends InviteSession implements InviteOwner, InvitingSession {
  readonly callId: string;
  readonly #authorizer: Authorizer | undefined;
  /** Undefined once the INVITE is answered. */
  #inviting: Inviting | undefined;
  #byeHeaders = NO_HEADERS;

  constructor(context: SessionContext, options: InviteOptions) {
    super(context);
    this.callId = context.ids.random(128);
    this.#authorizer = options.credentials && new Authorizer(options.credentials, context.ids);
    this.#inviting = new Inviting(options, this.negotiation.begin('ours'));
    this.negotiation.localSdp = options.sdp;
  }

  start(): void {
    if (this.#inviting === undefined) return;
    const { hop, route, target } = this.#inviting.options;
    const firstRoute = route?.[0];
    if (hop !== undefined) this.#invite(hop);
    else
      this.context.locator.find(firstRoute === undefined ? target : uriOf(firstRoute), (hops) => this.#located(hops));
  }

  hangUp({ headers = NO_HEADERS }: HangUpOptions = {}): void {
    if (this.phase === 'established') {
      this.leave(headers);
    } else if (this.move('cancel')) {
      this.#byeHeaders = headers;
      const sent = this.#inviting?.sent;
      if (sent === undefined) this.endSoon({ kind: 'local-hangup' });
      else sent.transaction.cancel(headers);
    }
  }

  onProvisional(response: SipResponse): void {
    const inviting = this.#inviting;
    if (this.phase !== 'inviting' || inviting === undefined) return;
    if (response.status === 100) {
      this.emit('trying');
      return;
    }
    inviting.remember(response);
    if (!this.#acknowledge(inviting, response)) return;
    const sdp = inviting.takeEarlyMedia(response);
    if (sdp !== undefined) this.negotiation.remoteSdp = sdp;
    this.emit('progress', response.status, sdp, inviting.isOfAnotherFork(response) ? 'another' : 'heard');
  }

  onRefused(response: SipResponse): void {
    const inviting = this.#inviting;
    const { transaction } = inviting?.sent ?? {};
    if (this.phase === 'inviting' && inviting !== undefined && transaction !== undefined) {
      const retry = this.#retryOf(inviting, transaction.request, response);
      if (retry !== undefined) {
        inviting.forget();
        this.#send(inviting, retry, transaction.hop);
        return;
      }
    }
    this.end({ kind: 'refused', response });
  }

  onTimeout(): void {
    this.end({ kind: 'timeout' });
  }

  /** The next server of the same name is tried, if there is one (RFC 3263 section 4.3). */
  onTransportError(error: Error): void {
    const next = this.phase === 'inviting' ? this.#inviting?.otherHops.shift() : undefined;
    if (next === undefined) this.end({ kind: 'transport-error', error });
    else this.#invite(next);
  }

  takeAnswer(response: SipResponse): Dialog | undefined {
    const inviting = this.#inviting;
    if (this.line !== undefined || inviting?.sent === undefined) return undefined;
    const early = inviting.early(response.to.tag);
    early?.confirm(response);
    const dialog = early ?? Dialog.ofResponse(response, inviting.origin(inviting.sent.transaction.hop));
    this.establish(dialog, this.#authorizer).answered(response);
    return dialog;
  }

  onAcknowledged(response: SipResponse): void {
    const inviting = this.#inviting;
    this.#inviting = undefined;
    if (this.phase === 'cancelled') {
      this.leave(this.#byeHeaders);
      return;
    }
    const sdp = this.#answerIn(response, inviting);
    if (sdp === undefined) {
      this.breakOff(488);
      return;
    }
    this.move('establish');
    this.negotiation.remoteSdp = sdp;
    this.negotiation.finish(inviting?.turn);
    this.nextOffer(); // the turn may have been over before
    this.emit('answered', sdp);
  }

  protected override end(end: SessionEnd): void {
    super.end(end);
    this.#inviting?.sent?.usage.release();
  }

  protected override peerLeft(bye: SipRequest): void {
    if (this.line === undefined) this.#inviting?.sent?.transaction.cancel();
    super.peerLeft(bye);
  }

  protected dialogOf(request: SipRequest): Dialog | undefined {
    const dialog = this.line?.dialog ?? this.#inviting?.early(request.from.tag);
    return dialog?.matches(request) === true ? dialog : undefined;
  }

  /** Sends PRACK for a reliable response. @returns false for one that was seen, or came before its turn (RFC 3262 section 4) */
  #acknowledge(inviting: Inviting, response: SipResponse): boolean {
    const rseq = rseqOf(response);
    const dialog = inviting.early(response.to.tag);
    if (rseq === undefined || dialog === undefined) return true;
    if (!inviting.takesNext(response, rseq)) return false;
    const prack = dialog.createRequest('PRACK');
    prack.headers.append('rack', `${rseq} ${response.cseq.sequence} INVITE`);
    DialogRequest.send({ context: this.context, dialog, authorizer: this.#authorizer }, prack, () => undefined);
    if (inviting.isAnswered(response)) this.negotiation.finish(inviting.turn);
    return true;
  }

  /** The answer is the first SDP that came reliably, or what an UPDATE made of it (RFC 3261 section 13.2.1). */
  #answerIn(response: SipResponse, inviting: Inviting | undefined): string | undefined {
    if (inviting?.isAnswered(response) !== true) return sdpOf(response) ?? inviting?.earlyMediaOf(response);
    return inviting.isOfAnotherFork(response) ? inviting.earlyMediaOf(response) : this.negotiation.remoteSdp;
  }

  /** The INVITE once more, with credentials or for a longer session; undefined where the response is final. */
  #retryOf(inviting: Inviting, refused: SipRequest, response: SipResponse): SipRequest | undefined {
    const nextCSeq = (): number => inviting.nextCSeq();
    const longer = inviting.mayAskForLonger() ? withLongerSession(refused, response, nextCSeq) : undefined;
    return longer ?? this.#authorizer?.retry(refused, response, nextCSeq);
  }

  #located([hop, ...others]: readonly Hop[]): void {
    if (this.phase !== 'inviting' || this.#inviting === undefined) return;
    this.#inviting.otherHops = others;
    if (hop === undefined) this.endSoon({ kind: 'transport-error', error: new Error('The host was not found.') });
    else this.#invite(hop);
  }

  #invite(hop: Hop): void {
    const { context, callId, localTag } = this;
    const inviting = this.#inviting;
    if (inviting === undefined) return;
    try {
      const invite = createInvite(inviting.options, { context, hop, callId, localTag, cseq: inviting.cseq });
      this.#send(inviting, invite, hop);
    } catch (error) {
      this.endSoon({ kind: 'transport-error', error: error as Error }); // a header that cannot be printed
    }
  }

  #send(inviting: Inviting, invite: SipRequest, hop: Hop): void {
    const usage = new SentInvite(this, {
      context: this.context,
      origin: inviting.origin(hop),
      credentials: credentialsOf(invite),
      authorizer: this.#authorizer,
    });
    inviting.sent = { usage, transaction: this.context.transactions.request(invite, hop, usage) };
  }
}

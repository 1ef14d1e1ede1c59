import { Authorizer, credentialsOf } from '../auth/authorizer.ts';
import { Dialog } from '../dialog/dialog.ts';
import { uriOf } from '../dialog/route.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { ClientTransaction } from '../transaction/transaction.ts';
import type { Hop } from '../transport/transport.ts';
import { createInvite, type InviteOptions } from './create-invite.ts';
import { InviteSession } from './invite-session.ts';
import type { OfferTurn } from './negotiation.ts';
import { sdpOf } from './sdp-body.ts';
import { type InviteOwner, SentInvite } from './sent-invite.ts';
import type { ExtraHeaders, HangUpOptions, InvitingSession, SessionEnd } from './session.ts';
import type { SessionContext } from './session-context.ts';

/** An INVITE that we sent and what becomes of it (RFC 3261 section 13.2). */
export class OutgoingSession extends InviteSession implements InviteOwner, InvitingSession {
  readonly callId: string;
  readonly #options: InviteOptions;
  readonly #authorizer: Authorizer | undefined;
  readonly #turn: OfferTurn;
  readonly #early = new Map<string, Dialog>();
  #sent: { readonly usage: SentInvite; readonly transaction: ClientTransaction } | undefined;
  #otherHops: Hop[] = [];
  #cseq = 1;
  #earlyMedia = new EarlyMedia();
  #byeHeaders: ExtraHeaders = [];

  constructor(context: SessionContext, options: InviteOptions) {
    super(context);
    this.callId = context.ids.random(128);
    this.#options = options;
    this.#authorizer = options.credentials && new Authorizer(options.credentials, context.ids);
    this.#turn = this.negotiation.begin('ours');
    this.negotiation.localSdp = options.sdp;
  }

  start(): void {
    const { hop, route = [], target } = this.#options;
    const [firstRoute] = route;
    if (hop !== undefined) this.#invite(hop);
    else
      this.context.locator.find(firstRoute === undefined ? target : uriOf(firstRoute), (hops) => this.#located(hops));
  }

  hangUp({ headers = [] }: HangUpOptions = {}): void {
    if (this.phase === 'established') {
      this.leave(headers);
    } else if (this.move('cancel')) {
      this.#byeHeaders = headers;
      if (this.#sent === undefined) this.endSoon({ kind: 'local-hangup' });
      else this.#sent.transaction.cancel(headers);
    }
  }

  onProvisional(response: SipResponse): void {
    if (response.status === 100 || this.phase !== 'inviting') return;
    this.#remember(response);
    const sdp = this.#earlyMedia.take(response);
    if (sdp !== undefined) this.negotiation.remoteSdp = sdp;
    this.emit('progress', response.status, sdp);
  }

  onRefused(response: SipResponse): void {
    const { transaction } = this.#sent ?? {};
    const retry =
      this.phase === 'inviting' && transaction !== undefined
        ? this.#authorizer?.retry(transaction.request, response, () => (this.#cseq += 1))
        : undefined;
    if (retry === undefined || transaction === undefined) {
      this.end({ kind: 'refused', response });
      return;
    }
    this.#early.clear();
    this.#earlyMedia = new EarlyMedia();
    this.#send(retry, transaction.hop);
  }

  onTimeout(): void {
    this.end({ kind: 'timeout' });
  }

  /** The next server of the same name is tried, if there is one (RFC 3263 section 4.3). */
  onTransportError(error: Error): void {
    const next = this.phase === 'inviting' ? this.#otherHops.shift() : undefined;
    if (next === undefined) this.end({ kind: 'transport-error', error });
    else this.#invite(next);
  }

  takeAnswer(response: SipResponse): Dialog | undefined {
    if (this.line !== undefined || this.#sent === undefined) return undefined;
    const early = this.#early.get(response.to.tag ?? '');
    early?.confirm(response);
    const dialog = early ?? Dialog.ofResponse(response, this.#origin(this.#sent.transaction.hop));
    this.#early.clear();
    this.establish(dialog, this.#authorizer);
    return dialog;
  }

  onAcknowledged(response: SipResponse): void {
    if (this.phase === 'cancelled') {
      this.leave(this.#byeHeaders);
      return;
    }
    const sdp = sdpOf(response) ?? this.#earlyMedia.of(response);
    if (sdp === undefined) {
      this.breakOff(488);
      return;
    }
    this.move('establish');
    this.negotiation.remoteSdp = sdp;
    this.negotiation.finish(this.#turn);
    this.emit('answered', sdp);
  }

  protected override end(end: SessionEnd): void {
    super.end(end);
    this.#sent?.usage.release();
  }

  protected override peerLeft(bye: SipRequest): void {
    if (this.line === undefined) this.#sent?.transaction.cancel();
    super.peerLeft(bye);
  }

  protected dialogOf(request: SipRequest): Dialog | undefined {
    const dialog = this.line?.dialog ?? this.#early.get(request.from.tag ?? '');
    return dialog?.matches(request) === true ? dialog : undefined;
  }

  #located([hop, ...others]: readonly Hop[]): void {
    if (this.phase !== 'inviting') return;
    this.#otherHops = others;
    if (hop === undefined) this.endSoon({ kind: 'transport-error', error: new Error('The host was not found.') });
    else this.#invite(hop);
  }

  #invite(hop: Hop): void {
    const { context, callId, localTag } = this;
    try {
      this.#send(createInvite(this.#options, { context, hop, callId, localTag, cseq: this.#cseq }), hop);
    } catch (error) {
      this.endSoon({ kind: 'transport-error', error: error as Error }); // a header that cannot be printed
    }
  }

  #send(invite: SipRequest, hop: Hop): void {
    const usage = new SentInvite(this, {
      context: this.context,
      origin: this.#origin(hop),
      credentials: credentialsOf(invite),
      authorizer: this.#authorizer,
    });
    this.#sent = { usage, transaction: this.context.transactions.request(invite, hop, usage) };
  }

  #origin(peer: Hop): { readonly target: string; readonly peer: Hop } {
    return { target: this.#options.target, peer };
  }

  #remember(response: SipResponse): void {
    const toTag = response.to.tag;
    if (toTag === undefined || this.#early.has(toTag) || this.#sent === undefined) return;
    this.#early.set(toTag, Dialog.ofResponse(response, this.#origin(this.#sent.transaction.hop)));
  }
}

/** The SDP of provisional responses: only that of the first fork that sends any is heard. */
class EarlyMedia {
  #fork: string | undefined;
  #sdp: string | undefined;

  /** @returns the SDP of the response where it is to be heard */
  take(response: SipResponse): string | undefined {
    const sdp = sdpOf(response);
    const fork = response.to.tag ?? '';
    if (sdp === undefined || fork !== (this.#fork ?? fork)) return undefined;
    this.#fork = fork;
    this.#sdp = sdp;
    return sdp;
  }

  /** What that fork sent last: it stands for the answer where its 2xx has none. */
  of(response: SipResponse): string | undefined {
    return response.to.tag === this.#fork ? this.#sdp : undefined;
  }
}

import { TypedEmitter } from '../../shared/events.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Dialog } from '../dialog/dialog.ts';
import type { DialogOwner } from '../dialog/dialog-table.ts';
import { createResponse } from '../message/create-response.ts';
import type { SipRequest } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import { type DialogLine, DialogRequest } from './dialog-request.ts';
import { Negotiation, type OfferQueue } from './negotiation.ts';
import { type OwnOfferOwner, OwnOffers } from './own-offers.ts';
import { PeerOffers, type PeerOffersHost } from './peer-offers.ts';
import type {
  ExtraHeaders,
  HangUpOptions,
  OfferResult,
  RemoteOffer,
  Session,
  SessionEnd,
  SessionEvents,
  SessionMessage,
} from './session.ts';
import type { SessionContext } from './session-context.ts';
import { type Phase, sessionFlow, type Step } from './session-flow.ts';
import { SessionTimer, type SessionTimerHost } from './session-timer.ts';
import { type AnswerOwner, UnacknowledgedAnswers } from './unacknowledged-answers.ts';

type Parts = OfferQueue & OwnOfferOwner & PeerOffersHost & AnswerOwner & SessionTimerHost;

/**
 * What both sides of an INVITE usage share: requests within the dialog, offers, and the one end. Follows `sessionFlow`.
 * Its parts are made when they are first needed, and know it by an interface: most sessions last long and need few.
 */
export abstract class InviteSession extends TypedEmitter<SessionEvents> implements Session, DialogOwner, Parts {
  abstract readonly callId: string;
  readonly context: SessionContext;
  readonly negotiation = new Negotiation(this);
  protected readonly localTag: string;
  /** The confirmed dialog. */
  protected line: DialogLine | undefined;
  #phase: Phase = 'inviting';
  #answers: UnacknowledgedAnswers | undefined;
  #ownOffers: OwnOffers | undefined;
  #peerOffers: PeerOffers | undefined;
  #timer: SessionTimer | undefined;

  constructor(context: SessionContext) {
    super();
    this.context = context;
    this.localTag = context.ids.random(64);
    context.dialogs.add(this.localTag, this);
  }

  get answers(): UnacknowledgedAnswers {
    return (this.#answers ??= new UnacknowledgedAnswers(this.context, this));
  }

  /** Undefined until the session is confirmed, and again when it is over. */
  get timer(): SessionTimer | undefined {
    return this.#timer;
  }

  get remoteSdp(): string | undefined {
    return this.negotiation.remoteSdp;
  }

  protected get phase(): Phase {
    return this.#phase;
  }

  abstract hangUp(options?: HangUpOptions): void;

  offer(sdp: string): Promise<OfferResult> {
    const mayStillBeTaken = this.phase === 'inviting' || this.phase === 'answered' || this.phase === 'established';
    if (!mayStillBeTaken) return Promise.resolve({ kind: 'refused', status: 481 });
    this.#ownOffers ??= new OwnOffers(this.negotiation, this, this.line);
    return this.#ownOffers.add(sdp);
  }

  refresh(): void {
    if (this.line === undefined || this.phase !== 'established') return;
    if (this.#timer?.refreshBy === 'UPDATE') this.#update(this.line, this.#timer);
    else void this.#offerAgain();
  }

  expired(): void {
    if (this.phase === 'leaving' || this.phase === 'ended') return;
    this.#sendBye([], () => undefined);
    this.end({ kind: 'expired' });
  }

  send({ method, contentType, body }: SessionMessage): Promise<number> {
    const { line } = this;
    if (line === undefined || this.phase !== 'established') return Promise.resolve(481);
    const request = line.dialog.createRequest(method);
    if (contentType !== undefined) request.headers.append('content-type', contentType);
    request.body = body;
    return new Promise((resolve) => DialogRequest.send(line, request, ({ status }) => resolve(status)));
  }

  nextOffer(): void {
    this.#ownOffers?.next();
  }

  offered(offer: RemoteOffer): boolean {
    return this.emit('offer', offer);
  }

  renegotiated(sdp: string): void {
    this.emit('renegotiated', sdp);
  }

  owns(request: SipRequest): boolean {
    return this.dialogOf(request) !== undefined;
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const dialog = this.dialogOf(request);
    if (dialog === undefined) return;
    if (!dialog.takeRemoteCSeq(request.cseq.sequence)) {
      this.respond(transaction, 500); // RFC 3261 section 12.2.2
      return;
    }
    this.#dispatch(transaction, dialog);
  }

  onAck(ack: SipRequest): void {
    this.#answers?.onAck(ack);
  }

  /** Our 2xx was repeated for 64 T1 in vain. */
  missedAck(): void {
    this.breakOff(408);
  }

  /** Says BYE into a dialog that the peer seems to have lost, and ends at once. */
  breakOff(status: number): void {
    if (this.phase === 'leaving' || this.phase === 'ended') return;
    this.#sendBye([], () => undefined);
    this.end({ kind: 'broken', status });
  }

  /** @returns false for a PRACK of no response of ours (RFC 3262 section 3) */
  protected takesPrack(_prack: SipRequest): boolean {
    return false;
  }

  /** A PRACK has its answer. */
  protected afterPrack(): void {
    // Nothing waits for it at the side that called.
  }

  /** The dialog of a request that carries our tag. */
  protected abstract dialogOf(request: SipRequest): Dialog | undefined;

  /** The peer hung up; its BYE has its 200. */
  protected peerLeft(bye: SipRequest): void {
    this.end(this.phase === 'leaving' ? { kind: 'local-hangup' } : { kind: 'remote-hangup', request: bye });
  }

  /** The dialog is confirmed: offers may go. */
  protected establish(dialog: Dialog, authorizer?: Authorizer): SessionTimer {
    const { clock, sessionExpiresSeconds: seconds } = this.context;
    this.line = { context: this.context, dialog, authorizer };
    this.#timer = new SessionTimer(this, { clock, seconds });
    this.#ownOffers?.open(this.line);
    return this.#timer;
  }

  /** Says BYE and ends when it was answered, in whatever way. */
  protected leave(headers: ExtraHeaders = []): void {
    if (!this.move('leave')) return;
    this.#sendBye(headers, () => this.end({ kind: 'local-hangup' }));
  }

  protected end(end: SessionEnd): void {
    if (this.#close()) this.emit('ended', end);
  }

  /** Ends now and tells of it when the caller has returned. */
  protected endSoon(end: SessionEnd): void {
    if (this.#close()) queueMicrotask(() => this.emit('ended', end));
  }

  /** @returns false where the step comes too late */
  protected move(step: Step): boolean {
    const next = sessionFlow[this.#phase][step];
    if (next === undefined) return false;
    this.#phase = next;
    return true;
  }

  protected respond(transaction: ServerTransaction, status: number, headers?: ExtraHeaders): void {
    transaction.respond(createResponse(transaction.request, status, { toTag: this.localTag, headers }));
  }

  #dispatch(transaction: ServerTransaction, dialog: Dialog): void {
    const { request } = transaction;
    switch (request.method) {
      case 'BYE':
        this.respond(transaction, 200);
        this.peerLeft(request);
        break;
      case 'INVITE':
      case 'UPDATE':
        this.#takeOffer(transaction, dialog);
        break;
      case 'PRACK':
        this.#takePrack(transaction, dialog);
        break;
      case 'INFO':
      case 'MESSAGE':
        this.#takeMessage(transaction, request.method);
        break;
      case 'NOTIFY':
        // Of a subscription that we did not make (RFC 6665 section 4.1.3); a 481 would end the call (RFC 5057 section 5.1).
        this.respond(transaction, 489, [['allow-events', '']]);
        break;
      default:
        this.context.answerOther(transaction);
    }
  }

  #takePrack(transaction: ServerTransaction, dialog: Dialog): void {
    const { request } = transaction;
    if (!this.takesPrack(request)) this.respond(transaction, 481);
    else if (request.body.length > 0) this.#takeOffer(transaction, dialog);
    else this.respond(transaction, 200);
    this.afterPrack();
  }

  #takeOffer(transaction: ServerTransaction, dialog: Dialog): void {
    this.#peerOffers ??= new PeerOffers(this);
    this.#peerOffers.take(transaction, dialog);
  }

  #takeMessage(transaction: ServerTransaction, method: SessionMessage['method']): void {
    const { headers, body } = transaction.request;
    const respond = (status: number): void => this.respond(transaction, status);
    const isTaken = this.emit('message', { method, contentType: headers.get('content-type'), body, respond });
    if (!isTaken) respond(200);
  }

  /** A refresh that offers nothing (RFC 4028 section 7.4). */
  #update(line: DialogLine, timer: SessionTimer): void {
    const update = line.dialog.createRequest('UPDATE');
    for (const [name, value] of timer.headers) update.headers.append(name, value);
    DialogRequest.send(line, update, ({ status, response }) => {
      if (this.#timer === undefined) return;
      if (status === 408 || status === 481) this.breakOff(status);
      else if (status < 300 && response !== undefined) timer.answered(response);
      else timer.refused(status);
    });
  }

  /** A refresh for a peer without UPDATE: what is in force is offered once more. */
  async #offerAgain(): Promise<void> {
    const { localSdp, remoteSdp, open } = this.negotiation;
    if (localSdp === undefined || open !== 'none') {
      this.#timer?.refused(491);
      return;
    }
    const result = await this.offer(localSdp);
    if (result.kind === 'refused') this.#timer?.refused(result.status);
    else if (result.sdp !== remoteSdp) this.emit('renegotiated', result.sdp);
  }

  #sendBye(headers: ExtraHeaders, onFinal: () => void): void {
    if (this.line === undefined) return;
    this.#stopTimer();
    this.#ownOffers?.close(); // one that still waits would overtake the BYE's CSeq
    this.#peerOffers?.close();
    const bye = this.line.dialog.createRequest('BYE');
    for (const [name, value] of headers) bye.headers.append(name.toLowerCase(), value);
    DialogRequest.send(this.line, bye, onFinal);
  }

  #stopTimer(): void {
    this.#timer?.stop();
    this.#timer = undefined;
  }

  /** @returns false where it is closed already */
  #close(): boolean {
    if (!this.move('end')) return false;
    this.context.dialogs.remove(this.localTag);
    this.#stopTimer();
    this.#answers?.stop();
    this.#ownOffers?.close();
    this.#peerOffers?.close();
    return true;
  }
}

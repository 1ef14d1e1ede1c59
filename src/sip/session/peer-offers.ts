import type { Dialog } from '../dialog/dialog.ts';
import { createResponse, type ResponseOptions } from '../message/create-response.ts';
import type { SipRequest } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import { type Negotiation, type OfferTurn, randomFraction } from './negotiation.ts';
import { hasForeignBody, sdpOf } from './sdp-body.ts';
import type { ExtraHeaders, RemoteOffer } from './session.ts';
import type { SessionContext } from './session-context.ts';
import { isTooShort, MIN_SESSION_EXPIRES } from './session-expires.ts';
import type { SessionTimer } from './session-timer.ts';
import type { UnacknowledgedAnswers } from './unacknowledged-answers.ts';

/** What the peer's offers need of their session. */
export interface PeerOffersHost {
  readonly context: SessionContext;
  readonly negotiation: Negotiation;
  readonly answers: UnacknowledgedAnswers;
  readonly timer: SessionTimer | undefined;
  /** @returns whether a listener takes the offer */
  offered(offer: RemoteOffer): boolean;
  renegotiated(sdp: string): void;
}

interface Refusal {
  readonly status: number;
  readonly headers?: ExtraHeaders;
}

interface PendingOffer {
  readonly transaction: ServerTransaction;
  readonly dialog: Dialog;
  readonly sdp: string | undefined;
  readonly turn: OfferTurn;
}

/** Re-INVITE and UPDATE of the peer (RFC 3261 section 14.2, RFC 3311 section 5.2), and offers in its PRACK (RFC 3262 section 5). */
export class PeerOffers {
  readonly #host: PeerOffersHost;
  #pending: PendingOffer | undefined;

  constructor(host: PeerOffersHost) {
    this.#host = host;
  }

  /** Takes an INVITE, UPDATE or PRACK with an offer within the dialog. */
  take(transaction: ServerTransaction, dialog: Dialog): void {
    const { request } = transaction;
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      respond(transaction, dialog, refusal.status, { headers: refusal.headers });
    } else if (request.method === 'UPDATE' && request.body.length === 0) {
      dialog.refreshTarget(request);
      respond(transaction, dialog, 200, { headers: this.#target(transaction) });
    } else {
      this.#put(transaction, dialog);
    }
  }

  /** The session is over: a re-INVITE without an answer gets 487 (section 15.1.2). */
  close(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) respond(pending.transaction, pending.dialog, 487);
  }

  #refusalOf(request: SipRequest): Refusal | undefined {
    if (hasForeignBody(request)) return { status: 415, headers: [['accept', 'application/sdp']] };
    if (isTooShort(request)) return { status: 422, headers: [['min-se', String(MIN_SESSION_EXPIRES)]] };
    const { open } = this.#host.negotiation;
    const isOffer = request.method === 'INVITE' || request.body.length > 0;
    if (!isOffer || open === 'none') return undefined;
    if (open === 'theirs') return this.#busy();
    // RFC 5407 section 3.1.4: a re-INVITE may overtake the ACK, but not an answer that the ACK is to bring.
    return open === 'ours' ? { status: 491 } : undefined;
  }

  #busy(): Refusal {
    const seconds = Math.floor(randomFraction(this.#host.context.ids) * 11);
    return { status: 500, headers: [['retry-after', String(seconds)]] };
  }

  #put(transaction: ServerTransaction, dialog: Dialog): void {
    const { negotiation } = this.#host;
    const sdp = sdpOf(transaction.request);
    const pending = { transaction, dialog, sdp, turn: negotiation.begin('theirs') };
    this.#pending = pending;
    const once = (answer: () => void): void => {
      if (this.#pending !== pending) return;
      this.#pending = undefined;
      answer();
    };
    const reject = (status: number): void => {
      once(() => {
        respond(transaction, dialog, status);
        negotiation.finish(pending.turn);
      });
    };
    transaction.onCancel = () => reject(487);
    const accept = (local: string): void => once(() => this.#accept(pending, local));
    if (!this.#host.offered({ sdp, accept, reject })) this.#answerAsBefore(accept, reject);
  }

  #answerAsBefore(accept: (sdp: string) => void, reject: (status: number) => void): void {
    const { localSdp } = this.#host.negotiation;
    if (localSdp === undefined) reject(488);
    else accept(localSdp);
  }

  #accept({ transaction, dialog, sdp, turn }: PendingOffer, local: string): void {
    const { negotiation, answers } = this.#host;
    dialog.refreshTarget(transaction.request);
    negotiation.localSdp = local;
    negotiation.remoteSdp = sdp ?? negotiation.remoteSdp;
    if (transaction.request.method !== 'INVITE') {
      respond(transaction, dialog, 200, { headers: this.#target(transaction), sdp: local });
      negotiation.finish(turn);
      return;
    }
    const ackTurn = negotiation.begin(sdp === undefined ? 'ours' : 'unacknowledged');
    answers.send({
      transaction,
      localTag: dialog.localTag,
      sdp: local,
      headers: this.#host.timer?.accepted(transaction.request),
      onAck: (ack) => {
        if (sdp === undefined) this.#takeAnswer(ack);
        negotiation.finish(ackTurn);
      },
    });
  }

  /**
   * The ACK of a re-INVITE without SDP brings the answer to the offer in our 2xx. Where it brings none, the media stay as they
   * were: peers that only refresh their session do so.
   */
  #takeAnswer(ack: SipRequest): void {
    const answer = sdpOf(ack);
    if (answer === undefined) return;
    this.#host.negotiation.remoteSdp = answer;
    this.#host.renegotiated(answer);
  }

  /** What an accepted UPDATE tells of us. */
  #target({ arrival, request }: ServerTransaction): ExtraHeaders {
    const { context, timer } = this.#host;
    if (request.method === 'PRACK') return [];
    return [
      ['contact', context.contact(arrival.source)],
      ['allow', context.allow],
      ...(timer?.accepted(request) ?? []),
    ];
  }
}

const respond = (transaction: ServerTransaction, dialog: Dialog, status: number, options: ResponseOptions = {}): void =>
  transaction.respond(createResponse(transaction.request, status, { ...options, toTag: dialog.localTag }));

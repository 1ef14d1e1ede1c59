import type { Timer } from '../../shared/clock.ts';
import { createResponse } from '../message/create-response.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import type { ExtraHeaders } from './session.ts';
import type { SessionContext } from './session-context.ts';

export interface Answer {
  readonly transaction: ServerTransaction;
  readonly localTag: string;
  readonly sdp: string;
  readonly headers?: ExtraHeaders | undefined;
  readonly onAck: (ack: SipRequest) => void;
}

interface Pending {
  readonly repeated: RepeatedAnswer;
  readonly onAck: (ack: SipRequest) => void;
}

/** What learns that an answer is not heard. */
export interface AnswerOwner {
  /** No ACK came within 64 T1. */
  missedAck(): void;
}

/** Our 2xx to INVITE and re-INVITE that wait for their ACK, by CSeq. */
export class UnacknowledgedAnswers {
  readonly #context: SessionContext;
  readonly #owner: AnswerOwner;
  readonly #pending = new Map<number, Pending>();

  constructor(context: SessionContext, owner: AnswerOwner) {
    this.#context = context;
    this.#owner = owner;
  }

  send({ transaction, localTag, sdp, headers = [], onAck }: Answer): void {
    const { request, arrival } = transaction;
    const response = createResponse(request, 200, {
      toTag: localTag,
      headers: [['contact', this.#context.contact(arrival.source)], ['allow', this.#context.allow], ...headers],
      sdp,
    });
    const repeated = new RepeatedAnswer(this.#context, { transaction, response }, this.#owner);
    this.#pending.set(request.cseq.sequence, { repeated, onAck });
  }

  onAck(ack: SipRequest): void {
    const { sequence } = ack.cseq;
    const pending = this.#pending.get(sequence);
    if (pending === undefined) return;
    this.#pending.delete(sequence);
    pending.repeated.stop();
    pending.onAck(ack);
  }

  stop(): void {
    for (const { repeated } of this.#pending.values()) repeated.stop();
    this.#pending.clear();
  }
}

/** A 2xx to an INVITE, repeated from T1 doubling to T2 until its ACK comes or 64 T1 have passed (section 13.3.1.4). */
class RepeatedAnswer {
  readonly #context: SessionContext;
  readonly #transaction: ServerTransaction;
  readonly #response: SipResponse;
  readonly #owner: AnswerOwner;
  #elapsed = 0;
  #timer: Timer;

  constructor(
    context: SessionContext,
    { transaction, response }: { readonly transaction: ServerTransaction; readonly response: SipResponse },
    owner: AnswerOwner,
  ) {
    this.#context = context;
    this.#transaction = transaction;
    this.#response = response;
    this.#owner = owner;
    transaction.respond(response);
    this.#timer = this.#schedule(context.timers.t1);
  }

  /** The ACK came, or is not waited for any more. */
  stop(): void {
    this.#timer.cancel();
  }

  #schedule(interval: number): Timer {
    const { clock, timers } = this.#context;
    const delay = Math.min(interval, 64 * timers.t1 - this.#elapsed);
    return clock.setTimer(delay, () => {
      this.#elapsed += delay;
      if (this.#elapsed >= 64 * timers.t1) {
        this.#owner.missedAck();
        return;
      }
      this.#transaction.respond(this.#response);
      this.#timer = this.#schedule(Math.min(2 * interval, timers.t2));
    });
  }
}

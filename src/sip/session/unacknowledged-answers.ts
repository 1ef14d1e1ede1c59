import { createResponse } from '../message/create-response.ts';
import type { SipRequest } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import { RepeatedAnswer } from './repeated-answer.ts';
import type { SessionContext } from './session-context.ts';

export interface Answer {
  readonly transaction: ServerTransaction;
  readonly localTag: string;
  readonly sdp: string;
  readonly onAck: (ack: SipRequest) => void;
}

interface Pending {
  readonly repeated: RepeatedAnswer;
  readonly onAck: (ack: SipRequest) => void;
}

/** Our 2xx to INVITE and re-INVITE that wait for their ACK, by CSeq. */
export class UnacknowledgedAnswers {
  readonly #context: SessionContext;
  readonly #onGivenUp: () => void;
  readonly #pending = new Map<number, Pending>();

  /** @param onGivenUp no ACK came within 64 T1 */
  constructor(context: SessionContext, onGivenUp: () => void) {
    this.#context = context;
    this.#onGivenUp = onGivenUp;
  }

  send({ transaction, localTag, sdp, onAck }: Answer): void {
    const { request, arrival } = transaction;
    const response = createResponse(request, 200, {
      toTag: localTag,
      headers: [
        ['contact', this.#context.contact(arrival.source)],
        ['allow', this.#context.allow],
      ],
      sdp,
    });
    const repeated = new RepeatedAnswer(this.#context, { transaction, response }, this.#onGivenUp);
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

import type { Timer } from '../../shared/clock.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import { requires } from './option-tags.ts';
import type { SessionContext } from './session-context.ts';

/** What a PRACK acknowledges (RFC 3262 section 7.2). */
interface RAck {
  readonly rseq: number;
  readonly cseq: number;
  readonly method: string;
}

const MAX_RSEQ = 2 ** 32 - 1;
const RACK = /^\s*(\d{1,10})\s+(\d{1,10})\s+([A-Z]+)\s*$/;

/** Undefined where there is none that can be read. */
export const rackOf = ({ headers }: SipRequest): RAck | undefined => {
  const [, rseq, cseq, method] = RACK.exec(headers.get('rack') ?? '') ?? [];
  return method === undefined ? undefined : { rseq: Number(rseq), cseq: Number(cseq), method };
};

/** The RSeq of a response that is to be acknowledged by PRACK; undefined for any other (RFC 3262 sections 4 and 7.1). */
export const rseqOf = (response: SipResponse): number | undefined => {
  if (!response.headers.has('rseq') || !requires(response, '100rel')) return undefined;
  const text = response.headers.get('rseq') ?? '';
  const rseq = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return rseq >= 1 && rseq <= MAX_RSEQ ? rseq : undefined;
};

interface OpenResponse {
  readonly rseq: number;
  readonly response: SipResponse;
  readonly elapsedMs: number;
}

/** The session whose INVITE asked for them. */
export interface ReliableProgressOwner {
  /** No PRACK came within 64 T1. */
  missedPrack(): void;
}

/** Our provisional responses to an INVITE that requires them reliably: one after the other, each until its PRACK (RFC 3262 section 3). */
export class ReliableProgress {
  readonly #context: SessionContext;
  readonly #transaction: ServerTransaction;
  readonly #owner: ReliableProgressOwner;
  readonly #waiting: SipResponse[] = [];
  #lastRSeq = 0;
  #open: OpenResponse | undefined;
  #timer: Timer | undefined;

  constructor(context: SessionContext, transaction: ServerTransaction, owner: ReliableProgressOwner) {
    this.#context = context;
    this.#transaction = transaction;
    this.#owner = owner;
  }

  /** Whether SDP of ours is not acknowledged: no 2xx may leave before it is (section 3). */
  get isAnswerOpen(): boolean {
    const open = this.#open === undefined ? [] : [this.#open.response];
    return [...open, ...this.#waiting].some(({ body }) => body.length > 0);
  }

  send(response: SipResponse): void {
    this.#waiting.push(response);
    this.continue();
  }

  /** @returns false for a PRACK of nothing that waits for one */
  acknowledge(prack: SipRequest): boolean {
    const rack = rackOf(prack);
    const { cseq } = this.#transaction.request;
    const isAwaited = rack?.method === 'INVITE' && rack.cseq === cseq.sequence && rack.rseq === this.#open?.rseq;
    if (!isAwaited) return false;
    this.#timer?.cancel();
    this.#open = undefined;
    return true;
  }

  /** Sends the next, where none is open: after the answer to a PRACK. */
  continue(): void {
    if (this.#open === undefined) this.#next();
  }

  /** The INVITE is answered: a PRACK that comes later is taken, none is waited for. */
  stop(): void {
    this.#timer?.cancel();
    this.#waiting.length = 0;
  }

  #next(): void {
    const response = this.#waiting.shift();
    if (response === undefined) return;
    this.#lastRSeq += 1;
    response.headers.append('require', '100rel').append('rseq', String(this.#lastRSeq));
    this.#send({ rseq: this.#lastRSeq, response, elapsedMs: 0 }, this.#context.timers.t1);
  }

  #send(open: OpenResponse, intervalMs: number): void {
    const { clock, timers } = this.#context;
    this.#open = open;
    this.#transaction.respond(open.response);
    const delayMs = Math.min(intervalMs, 64 * timers.t1 - open.elapsedMs);
    this.#timer = clock.setTimer(delayMs, () => {
      const elapsedMs = open.elapsedMs + delayMs;
      if (elapsedMs >= 64 * timers.t1) this.#owner.missedPrack();
      else this.#send({ ...open, elapsedMs }, 2 * intervalMs);
    });
  }
}

import type { Timer } from '../../shared/clock.ts';
import type { SipResponse } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';
import type { SessionContext } from './session-context.ts';

/** A 2xx to an INVITE, repeated from T1 doubling to T2 until its ACK comes or 64 T1 have passed (section 13.3.1.4). */
export class RepeatedAnswer {
  readonly #context: SessionContext;
  readonly #transaction: ServerTransaction;
  readonly #response: SipResponse;
  readonly #onGivenUp: () => void;
  #elapsed = 0;
  #timer: Timer;

  constructor(
    context: SessionContext,
    { transaction, response }: { readonly transaction: ServerTransaction; readonly response: SipResponse },
    onGivenUp: () => void,
  ) {
    this.#context = context;
    this.#transaction = transaction;
    this.#response = response;
    this.#onGivenUp = onGivenUp;
    transaction.respond(response);
    this.#timer = this.#schedule(context.timers.t1);
  }

  /** The ACK came, or nobody waits for it any more. */
  stop(): void {
    this.#timer.cancel();
  }

  #schedule(interval: number): Timer {
    const { clock, timers } = this.#context;
    const delay = Math.min(interval, 64 * timers.t1 - this.#elapsed);
    return clock.setTimer(delay, () => {
      this.#elapsed += delay;
      if (this.#elapsed >= 64 * timers.t1) {
        this.#onGivenUp();
        return;
      }
      this.#transaction.respond(this.#response);
      this.#timer = this.#schedule(Math.min(2 * interval, timers.t2));
    });
  }
}

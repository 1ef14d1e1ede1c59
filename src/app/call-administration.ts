import type { CallEvent } from '../calls/call-events.ts';
import type { CallRecord } from '../calls/call-record.ts';
import type { CallStore } from '../calls/call-store.ts';
import { representCall } from '../http/routes/call/call-representation.ts';
import type { MonotonicClock } from '../shared/clock.ts';

export interface CallAdministrationParts {
  readonly store: CallStore;
  /** Measures how long an end is waited for; its timers keep the process alive. */
  readonly clock: MonotonicClock;
}

/** What became of the wish to end a call. */
export interface EndedCall {
  /** `asked`: the service has not ended it yet, but will find that it is to. */
  readonly how: 'ended' | 'was-over' | 'asked';
  readonly call: CallRecord;
}

/** The service looks once a second for what others want of its calls. */
const LOOK_AGAIN_MS = 100;

/** The calls, seen from beside the service: they are read in the journal, and ended by the process that carries them. */
export class CallAdministration {
  readonly #store: CallStore;
  readonly #clock: MonotonicClock;

  constructor({ store, clock }: CallAdministrationParts) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Those that have not ended, oldest first. */
  ongoing(userId?: string): Promise<readonly CallRecord[]> {
    return userId === undefined ? this.#store.ongoing() : this.#store.ongoingOf(userId);
  }

  find(tokenCall: string): Promise<CallRecord | undefined> {
    return this.#store.find(tokenCall);
  }

  /** What happened in a call, in its order. */
  events(tokenCall: string): Promise<readonly CallEvent[]> {
    return this.#store.events(tokenCall);
  }

  /**
   * Notes that a call is to end, and waits until the service has ended it.
   * @returns undefined where there is no such call
   */
  async end(tokenCall: string, { waitMs }: { readonly waitMs: number }): Promise<EndedCall | undefined> {
    const found = await this.#store.find(tokenCall);
    if (found === undefined) return undefined;
    if (found.state === 'ended') return { how: 'was-over', call: found };
    await this.#store.requestEnd({ tokenCall, endedBy: 'operator' });
    const call = await this.#waitForEnd(found, waitMs);
    return { how: call.state === 'ended' ? 'ended' : 'asked', call };
  }

  /** A call as the API shows it. */
  represent(call: CallRecord, publicUrl: string): Readonly<Record<string, unknown>> {
    return representCall(call, publicUrl);
  }

  async #waitForEnd(call: CallRecord, waitMs: number): Promise<CallRecord> {
    const endsAt = this.#clock.elapsed() + waitMs;
    let latest = call;
    while (latest.state !== 'ended' && this.#clock.elapsed() < endsAt) {
      await new Promise<void>((resolve) => this.#clock.setTimer(LOOK_AGAIN_MS, resolve));
      latest = (await this.#store.find(call.tokenCall)) ?? latest;
    }
    return latest;
  }
}

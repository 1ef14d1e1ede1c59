import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { advance, end } from './advance.ts';
import type { CallEngine, CallPlan, EngineCall, EngineEvent } from './call-engine.ts';
import type { CallEventPayloads, Change } from './call-events.ts';
import { CallJournal } from './call-journal.ts';
import type { EndedBy } from './call-state.ts';
import type { CallEvent, CallRecord, CallStore, IdempotencyRecord } from './call-store.ts';
import { type Ending, endingOf, endingOnRequest } from './outcome.ts';

export interface CallOptions {
  readonly store: CallStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly published: (call: CallRecord, event: CallEvent) => void;
  /** The call cannot be journalled any more and is given up. */
  readonly lost: () => void;
}

/**
 * One call while it lives. What the engine reports is applied at once, one event after the other; the journal follows in
 * the same order, and listeners are notified last. Nothing that the engine waits for waits for the journal.
 */
export class Call {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #journal: CallJournal;
  #record: CallRecord;
  /** When it last changed. */
  #latest: number;
  #journalled: CallRecord;
  #engineCall: EngineCall | undefined;

  constructor(record: CallRecord, { store, clock, log, published, lost }: CallOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#record = record;
    this.#latest = record.createdAt;
    this.#journalled = record;
    this.#journal = new CallJournal({
      store,
      clock,
      log,
      published: (call, event) => {
        this.#journalled = call;
        published(call, event);
      },
      failed: () => this.#end(endingOf(this.#record, { by: 'engine', cause: journalFailure })),
      gaveUp: lost,
    });
  }

  /** What is true now; the journal may still be behind. */
  get record(): CallRecord {
    return this.#record;
  }

  /** Journals the call. @returns the record that already holds the idempotency key: nothing was written then */
  open(
    payload: CallEventPayloads['call.created'],
    idempotency?: IdempotencyRecord,
  ): Promise<IdempotencyRecord | undefined> {
    const call = this.#record;
    return this.#journal.open({ call, legs: [], name: 'call.created', payload, at: call.createdAt }, idempotency);
  }

  /** Hands the call to the engine, unless it was ended before it got there. */
  ring(engine: CallEngine, plan: CallPlan): void {
    if (this.#record.state === 'ended') return;
    try {
      this.#engineCall = engine.place(plan, (event) => this.#take(event));
    } catch (error) {
      this.#log.error({ err: error, tokenCall: plan.tokenCall }, 'the engine refused a call');
      this.#end(endingOf(this.#record, { by: 'engine', cause: engineFailure }));
    }
  }

  /**
   * Ends the call in whatever state it is; on an ended call it changes nothing.
   * @returns the call once its end is journalled
   */
  async stop(endedBy: EndedBy): Promise<CallRecord> {
    this.#end(endingOnRequest(this.#record, endedBy));
    await this.#journal.flush();
    return this.#journalled;
  }

  #take(event: EngineEvent): void {
    const changes = advance(this.#record, event, this.#now());
    if (changes.length === 0) this.#log.debug({ tokenCall: this.#record.tokenCall, event }, 'an event came too late');
    this.#apply(changes);
  }

  #end(ending: Ending): void {
    this.#apply(end(this.#record, ending, this.#now()));
    this.#engineCall?.hangUp();
  }

  /** Dates of one call never go back, though the wall clock may. */
  #now(): number {
    return Math.max(this.#latest, this.#clock.now());
  }

  #apply(changes: readonly Change[]): void {
    this.#latest = changes.at(-1)?.at ?? this.#latest;
    this.#record = changes.at(-1)?.call ?? this.#record;
    this.#journal.append(changes);
  }
}

const journalFailure = { sipStatus: null, q850Cause: null, reason: 'journal-failure' } as const;
const engineFailure = { sipStatus: null, q850Cause: null, reason: 'engine-unavailable' } as const;

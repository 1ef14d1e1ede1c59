import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { advance, type CallEnd, end, type Moment } from './advance.ts';
import type { CallOrigin } from './call-command.ts';
import type { CallEngine, CallPlan, EngineCall, EngineEvent, EngineTestCall, TestPlan } from './call-engine.ts';
import type { CallContext, CallEvent, Change } from './call-events.ts';
import { CallJournal, type JournalledCall } from './call-journal.ts';
import type { CallRecord } from './call-record.ts';
import type { EndedBy } from './call-state.ts';
import type { CallStore, IdempotencyRecord } from './call-store.ts';
import { CallNotCarriedError, EndNotJournalledError, NotMeasuredError } from './errors.ts';
import { createdEvent } from './new-call.ts';
import { endingOf, endingOnRequest } from './outcome.ts';
import type { TestReport } from './test-call.ts';

/** What all calls share: of ten thousand that are held each byte counts. */
export interface CallParts {
  readonly store: CallStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly published: (call: Call, record: CallRecord, event: CallEvent) => void;
  /** The journal says that the call is not ours any more; it is being hung up. */
  readonly disowned: (call: Call) => void;
}

/**
 * One call while it lives. What the engine reports is applied at once, one event after the other; the journal follows in
 * the same order, and listeners are notified last. Nothing that the engine waits for waits for the journal.
 */
export class Call implements JournalledCall {
  readonly #parts: CallParts;
  readonly #journal: CallJournal;
  readonly #origin: CallOrigin | undefined;
  #record: CallRecord;
  /** When it last changed. */
  #latest: number;
  /** On the monotonic clock: when the destination answered. */
  #answeredAt: number | undefined;
  #journalled: CallRecord;
  #engineCall: EngineCall | undefined;
  #trunk: string | undefined;

  constructor(record: CallRecord, origin: CallOrigin | undefined, parts: CallParts) {
    this.#origin = origin;
    this.#parts = parts;
    this.#record = record;
    this.#latest = record.createdAt;
    this.#journalled = record;
    this.#journal = new CallJournal(this, parts);
  }

  /** What is true now; the journal may still be behind. */
  get record(): CallRecord {
    return this.#record;
  }

  /** See `JournalledCall`. */
  published(record: CallRecord, event: CallEvent): void {
    this.#journalled = record;
    this.#parts.published(this, record, event);
  }

  /** See `JournalledCall`. */
  disowned(): void {
    this.#parts.log.warn({ token_call: this.#record.tokenCall }, 'a call was taken from this process: it is hung up');
    this.#engineCall?.hangUp();
    this.#parts.disowned(this);
  }

  get context(): CallContext {
    return { origin: this.#origin, trunk: this.#trunk };
  }

  /** Journals the call. @returns the record that already holds the idempotency key: nothing was written then */
  open(callerId: string | null, idempotency?: IdempotencyRecord): Promise<IdempotencyRecord | undefined> {
    const call = this.#record;
    return this.#journal.open({ call, legs: [], event: createdEvent(call, callerId) }, idempotency);
  }

  /** Hands the call to the engine, unless it was ended before it got there. */
  ring(engine: CallEngine, plan: CallPlan): void {
    if (this.#record.state === 'ended') return;
    try {
      this.#engineCall = engine.place(plan, (event) => this.#take(event));
    } catch (error) {
      this.#refused(error);
    }
  }

  /**
   * As `ring`, for a test call.
   * @throws NotMeasuredError where the engine does not take it, or what was heard is lost
   */
  async test(engine: CallEngine, plan: TestPlan): Promise<TestReport> {
    if (this.#record.state === 'ended') return unplacedReport;
    let call: EngineTestCall;
    try {
      call = engine.placeTest(plan, (event) => this.#take(event));
    } catch (error) {
      this.#refused(error);
      throw new NotMeasuredError(error);
    }
    this.#engineCall = call;
    return call.report;
  }

  /**
   * Ends the call in whatever state it is; on an ended call it changes nothing.
   * @returns the call once its end is journalled
   * @throws EndNotJournalledError when that failed; the call is hung up all the same, and the journal tries again
   * @throws CallNotCarriedError when the journal says that the call is not ours
   */
  async stop(endedBy: EndedBy): Promise<CallRecord> {
    this.#end({ ...endingOnRequest(this.#record, endedBy), cause: null });
    try {
      await this.#journal.flush();
    } catch (error) {
      throw error instanceof CallNotCarriedError ? error : new EndNotJournalledError(error);
    }
    return this.#journalled;
  }

  #refused(error: unknown): void {
    this.#parts.log.error({ err: error, token_call: this.#record.tokenCall }, 'the engine refused a call');
    this.#end({ ...endingOf(this.#record, { by: 'engine', cause: engineFailure }), cause: null });
  }

  #take(event: EngineEvent): void {
    if (event.type === 'leg-calling') this.#trunk = event.trunk ?? this.#trunk;
    const moment = this.#moment();
    const changes = advance(this.#record, event, moment);
    if (changes.length === 0) {
      this.#parts.log.debug({ token_call: this.#record.tokenCall, event: event.type }, 'an event came too late');
      return;
    }
    this.#apply(changes);
  }

  #end(ending: CallEnd): void {
    this.#apply(end(this.#record, ending, this.#moment()));
    this.#engineCall?.hangUp();
  }

  /** Dates of one call never go back, though the wall clock may; and no step of it counts as talk. */
  #moment(): Moment {
    const talkMs = this.#answeredAt === undefined ? null : Math.round(this.#parts.clock.elapsed() - this.#answeredAt);
    return { at: Math.max(this.#latest, this.#parts.clock.now()), talkMs };
  }

  #apply(changes: readonly Change[]): void {
    const newest = changes.at(-1);
    if (newest === undefined) return;
    if (newest.call.answeredAt !== null) this.#answeredAt ??= this.#parts.clock.elapsed();
    this.#latest = newest.event.at;
    this.#record = newest.call;
    this.#journal.append(changes);
  }
}

/** Of a test call that was ended before the engine got it. */
const unplacedReport: TestReport = {
  postDialMs: null,
  answerMs: null,
  talkMs: null,
  ringback: null,
  heard: null,
  digits: '',
  steps: [],
};

const engineFailure = { sipStatus: null, q850Cause: null, reason: 'engine-unavailable' } as const;

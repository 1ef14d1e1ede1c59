import type { Requester } from '../../calls/call-command.ts';
import type { CallService } from '../../calls/call-service.ts';
import {
  DestinationBarredError,
  EngineUnavailableError,
  InvalidNumberError,
  NoPhoneError,
  NoRouteError,
  TooManyCallsError,
} from '../../calls/errors.ts';
import type { PlacedTest, PlaceTest, TestResult } from '../../calls/test-call.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import type { RunChange } from './job-store.ts';
import type { RunResult, TestRun } from './model.ts';
import { type SoundReader, testCommand } from './test-command.ts';
import { isPassed, judgeCall } from './verdict.ts';

export interface RunExecutionParts {
  readonly calls: Pick<CallService, 'placeTest' | 'stop'>;
  /** Whether a call could be placed now, beside those that people place. */
  readonly hasRoom: () => boolean;
  /** Stores a change of the run, for as long as that takes. */
  readonly store: (change: RunChange) => Promise<void>;
  readonly readSound: SoundReader;
  readonly clock: Clock;
  readonly log: Log;
}

/** What ends a run before its time: somebody cancels the job, or the service ends. */
export type Interruption = 'cancelled' | 'service-stopped';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
const HANG_UP_AGAIN_MS = 1000;

/** Why a call cannot be placed, and could not be a moment later; a stable word. */
const wordFor = (error: unknown): string => {
  if (error instanceof DestinationBarredError) return 'destination-barred';
  if (error instanceof InvalidNumberError) return 'invalid-number';
  if (error instanceof NoPhoneError) return 'no-phone';
  return error instanceof NoRouteError ? 'no-route' : 'internal-error';
};

/** The database does not answer, or the engine takes no calls for the moment; a route that is missing is a fault of the plan. */
const isPartAway = (error: unknown): boolean =>
  error instanceof AppError && error.kind === 'unavailable' && !(error instanceof NoRouteError);

const isForTheMoment = (error: unknown): boolean => error instanceof TooManyCallsError || isPartAway(error);

/** The engine did not take the call: it does not run for the moment. */
const isNotTaken = (error: unknown): boolean =>
  error instanceof AppError && error.cause instanceof EngineUnavailableError;

/** How a try ended: with a call that is over, a word for a fault of ours, or with a call that the engine did not take. */
type Try = { readonly result: TestResult } | { readonly fault: string } | 'not-taken';

/** One test run from its call, or its calls where it is tried again, to its verdict. */
export class RunExecution {
  readonly #parts: RunExecutionParts;
  readonly #requester: Requester;
  #run: TestRun;
  #placed: PlacedTest | undefined;
  #interruption: Interruption | undefined;
  #pause: { readonly timer: Timer; readonly wake: () => void } | undefined;

  constructor(parts: RunExecutionParts, run: TestRun, requester: Requester) {
    this.#parts = parts;
    this.#run = run;
    this.#requester = requester;
  }

  /** Carries the run out. Resolves when its end is stored; it never rejects. */
  async carryOut(): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      await this.#change({ status: 'Running', startedAt: clock.now() });
      const command = await this.#untilDone(() => testCommand(this.#run.script, this.#parts.readSound));
      if (command === 'interrupted') await this.#end(command);
      else if (command === undefined) await this.#fail('sound-gone');
      else await this.#tryAll(command);
    } catch (error) {
      log.error({ err: error, test_run: this.#run.id }, 'a test run could not be carried out');
      await this.#fail('internal-error');
    }
  }

  /** Ends it as soon as its call can be ended. */
  interrupt(interruption: Interruption): void {
    this.#interruption ??= interruption;
    this.#wake();
    if (this.#placed !== undefined) void this.#hangUp(this.#placed.tokenCall);
  }

  async #tryAll(command: PlaceTest): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ;) {
      const attempt = await this.#try(command);
      if (this.#interruption !== undefined) return this.#end(attempt);
      if (attempt === 'not-taken') {
        await this.#waitFor(pauseMs);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        continue;
      }
      if ('fault' in attempt) return this.#fail(attempt.fault);
      const result = judgeCall(this.#run.script, attempt.result);
      if (isPassed(result) || this.#run.retries >= this.#run.script.retries) {
        return this.#finish(isPassed(result) ? 'Pass' : 'Fail', result);
      }
      await this.#change({ retries: this.#run.retries + 1, result });
    }
  }

  async #try(command: PlaceTest): Promise<Try> {
    const placed = await this.#placeWithRoom(command);
    if ('fault' in placed) return placed;
    this.#placed = placed;
    // What an earlier try saw is not what this call will have seen.
    await this.#change({ tokenCall: placed.tokenCall, result: null });
    if (this.#isInterrupted()) void this.#hangUp(placed.tokenCall);
    try {
      return { result: await placed.result };
    } catch (error) {
      this.#parts.log.warn({ err: error, test_run: this.#run.id }, 'a test call was not measured');
      return isNotTaken(error) ? 'not-taken' : { fault: 'not-measured' };
    } finally {
      this.#placed = undefined;
    }
  }

  /** What cannot be placed at all is a fault. */
  async #placeWithRoom(command: PlaceTest): Promise<PlacedTest | { readonly fault: string }> {
    try {
      const placed = await this.#untilDone(() => this.#parts.calls.placeTest(command, this.#requester));
      return placed === 'interrupted' ? { fault: placed } : placed;
    } catch (error) {
      this.#parts.log.warn({ err: error, test_run: this.#run.id }, 'a test call could not be placed');
      return { fault: wordFor(error) };
    }
  }

  /** Waits for room, for the engine and for the database, however long that takes. */
  async #untilDone<Value>(attempt: () => Promise<Value>): Promise<Value | 'interrupted'> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.#isInterrupted(); pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      if (this.#parts.hasRoom()) {
        try {
          return await attempt();
        } catch (error) {
          if (!isForTheMoment(error)) throw error;
        }
      }
      // It may have been interrupted while it was tried: nobody would end this pause.
      if (!this.#isInterrupted()) await this.#waitFor(pauseMs);
    }
    return 'interrupted';
  }

  async #hangUp(tokenCall: string): Promise<void> {
    while (this.#placed?.tokenCall === tokenCall) {
      try {
        await this.#parts.calls.stop(tokenCall, this.#requester);
        return;
      } catch (error) {
        this.#parts.log.warn(
          { err: error, token_call: tokenCall },
          'a test call could not be ended: it is tried again',
        );
        await new Promise<void>((resolve) => this.#parts.clock.setTimer(HANG_UP_AGAIN_MS, resolve));
      }
    }
  }

  /** Of an interrupted run what was seen is kept, and no verdict given. */
  #end(attempt: Try | 'interrupted'): Promise<void> {
    const isSeen = typeof attempt === 'object' && 'result' in attempt;
    const result = isSeen ? judgeCall(this.#run.script, attempt.result) : this.#run.result;
    const reason = this.#interruption ?? 'cancelled';
    return this.#finish(reason === 'cancelled' ? 'Cancelled' : 'Error', result, reason);
  }

  #fail(reason: string): Promise<void> {
    return this.#finish('Error', this.#run.result, reason);
  }

  #finish(status: TestRun['status'], result: RunResult | null, reason: string | null = null): Promise<void> {
    return this.#change({ status, result, reason, endedAt: this.#parts.clock.now() });
  }

  async #change(change: Partial<TestRun>): Promise<void> {
    this.#run = { ...this.#run, ...change };
    await this.#parts.store(this.#run);
  }

  #isInterrupted(): boolean {
    return this.#interruption !== undefined;
  }

  async #waitFor(ms: number): Promise<void> {
    await new Promise<void>((wake) => {
      this.#pause = { timer: this.#parts.clock.setTimer(ms, wake), wake };
    });
    this.#pause = undefined;
  }

  #wake(): void {
    this.#pause?.timer.cancel();
    this.#pause?.wake();
  }
}

import type { CallRecord } from './call-record.ts';
import { CallNotCarriedError } from './errors.ts';
import type { TestReport, TestResult } from './test-call.ts';

type Settle = (call: CallRecord | undefined) => void;

/** Test calls whose end is awaited. */
export class TestResults {
  readonly #awaited = new Map<string, Settle>();

  /** To be asked for before the call can end. @returns the call as it ended; undefined: it was refused, or is carried elsewhere */
  endOf(tokenCall: string): Promise<CallRecord | undefined> {
    return new Promise((resolve) => this.#awaited.set(tokenCall, resolve));
  }

  /** The last leg of a call is over. @param call - undefined: it was refused, or is carried elsewhere now */
  settle(tokenCall: string, call: CallRecord | undefined): void {
    this.#awaited.get(tokenCall)?.(call);
    this.#awaited.delete(tokenCall);
  }
}

/**
 * A call as it ended, with what its test phone saw.
 * @throws NotMeasuredError where that could not be measured
 * @throws CallNotCarriedError where this process carries the call no more
 */
export const resultOf = async (
  ended: Promise<CallRecord | undefined>,
  report: Promise<TestReport>,
): Promise<TestResult> => {
  const [call, seen] = await Promise.all([ended, report]);
  if (call === undefined) throw new CallNotCarriedError();
  return { call, report: seen };
};

import type { CallRecord } from './call-record.ts';
import { CallNotCarriedError } from './errors.ts';
import type { TestReport, TestResult } from './test-call.ts';

type Settle = (call: CallRecord | undefined) => void;

/** Test calls whose end or report is awaited. */
export class TestResults {
  readonly #awaited = new Map<string, Settle>();

  /**
   * The call as it ended, with what its test phone saw.
   * @throws NotMeasuredError where that could not be measured
   * @throws CallNotCarriedError where this process carries the call no more
   */
  async of(tokenCall: string, report: Promise<TestReport>): Promise<TestResult> {
    const ended = new Promise<CallRecord | undefined>((resolve) => this.#awaited.set(tokenCall, resolve));
    const [call, seen] = await Promise.all([ended, report]);
    if (call === undefined) throw new CallNotCarriedError();
    return { call, report: seen };
  }

  /** The last leg of a call is over. @param call - undefined: it is carried elsewhere now */
  settle(tokenCall: string, call: CallRecord | undefined): void {
    this.#awaited.get(tokenCall)?.(call);
    this.#awaited.delete(tokenCall);
  }
}

import type { Call } from './call.ts';
import type { OngoingCount, UsersCalls } from './call-policy.ts';
import type { CallRecord } from './call-record.ts';

/** The calls that live in this process, until the journal has the end of their last leg: until then a line is taken. */
export class OngoingCalls implements OngoingCount {
  readonly #calls = new Map<string, Call>();
  readonly #byUser = new Map<string, Set<Call>>();

  add(call: Call): void {
    const { tokenCall, userId } = call.record;
    this.#calls.set(tokenCall, call);
    const ofUser = this.#byUser.get(userId);
    if (ofUser === undefined) this.#byUser.set(userId, new Set([call]));
    else ofUser.add(call);
  }

  find(tokenCall: string): Call | undefined {
    return this.#calls.get(tokenCall);
  }

  remove(call: Call): void {
    const { tokenCall, userId } = call.record;
    this.#calls.delete(tokenCall);
    const ofUser = this.#byUser.get(userId);
    ofUser?.delete(call);
    if (ofUser?.size === 0) this.#byUser.delete(userId);
  }

  /** Whether no call is left, those whose legs are still ending included. */
  get isEmpty(): boolean {
    return this.#calls.size === 0;
  }

  all(): readonly Call[] {
    return [...this.#calls.values()];
  }

  of(userId: string): UsersCalls {
    let ongoing = 0;
    let ending = 0;
    for (const call of this.#byUser.get(userId) ?? []) {
      if (call.record.state === 'ended') ending += 1;
      else ongoing += 1;
    }
    return { ongoing, ending };
  }

  /** Those of a user as they are now, what has ended included. */
  recordsOf(userId: string): readonly CallRecord[] {
    return [...(this.#byUser.get(userId) ?? [])].map(({ record }) => record);
  }

  ofAll(): number {
    return this.#calls.size;
  }
}

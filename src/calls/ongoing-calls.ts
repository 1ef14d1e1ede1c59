import { isFinished } from './advance.ts';
import type { Call } from './call.ts';
import type { OngoingCount } from './call-policy.ts';

const isOngoing = (call: Call): boolean => !isFinished(call.record);

const countOngoing = (calls: Iterable<Call>): number => {
  let count = 0;
  for (const call of calls) if (isOngoing(call)) count += 1;
  return count;
};

/** The calls that live in this process. One counts until its last leg has ended: until then a line is taken. */
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

  of(userId: string): number {
    return countOngoing(this.#byUser.get(userId) ?? []);
  }

  ofAll(): number {
    return countOngoing(this.#calls.values());
  }
}

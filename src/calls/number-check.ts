import type { Requester } from './call-command.ts';
import { CallPlanner, type CallPlannerOptions } from './call-planner.ts';
import type { CallPolicy } from './call-policy.ts';
import type { PhoneDirectory } from './phone-directory.ts';

/** See `CallPlanner.check`. */
export interface NumberCheck {
  checkNumber(number: string, requester: Requester): Promise<void>;
}

/** The same check beside the service, where there is no engine: it asks for no route. */
export const createNumberCheck = (parts: {
  readonly phones: PhoneDirectory;
  readonly policy: CallPolicy;
  readonly patterns: CallPlannerOptions['patterns'];
}): NumberCheck => {
  const planner = new CallPlanner({ ...parts, engine: { locate: () => Promise.resolve(undefined) } });
  return { checkNumber: (number, { userId }) => planner.check(number, userId) };
};

import type { LegFailure } from './leg-end.ts';

interface Failed<Failure extends LegFailure | undefined = LegFailure> {
  readonly failure: Failure;
}

/** RFC 3261 section 16.7 step 6: these tell the caller what can be done about it. */
const TELLING: readonly number[] = [401, 407, 415, 420, 484];
/** A person or a phone has answered for itself. */
const PERSONAL: readonly number[] = [486, 480];

/** The lower, the better. A phone that rang until our timer ended it says more than one that was not there. */
const rankOf = ({ failure, cause: { sipStatus } }: LegFailure): number => {
  if (failure === 'unreachable' || sipStatus === null) return 9;
  if (failure === 'timed-out') return 2;
  if (sipStatus >= 600) return 0;
  if (sipStatus >= 500) return 5;
  if (TELLING.includes(sipStatus) || PERSONAL.includes(sipStatus)) return 1;
  return sipStatus >= 400 ? 3 : 4;
};

/**
 * The failure that stands for all (RFC 3261 section 16.7), the first of several that are equal; undefined as long as one has
 * not failed.
 */
export const bestFailure = <Branch extends Failed<LegFailure | undefined>>(
  branches: readonly Branch[],
): (Branch & Failed) | undefined => {
  let best: (Branch & Failed) | undefined;
  for (const branch of branches) {
    if (!hasFailed(branch)) return undefined;
    if (best === undefined || rankOf(branch.failure) < rankOf(best.failure)) best = branch;
  }
  return best;
};

const hasFailed = <Branch extends Failed<LegFailure | undefined>>(branch: Branch): branch is Branch & Failed =>
  branch.failure !== undefined;

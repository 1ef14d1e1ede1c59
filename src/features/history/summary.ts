import type { HistoryStore } from './history-store.ts';
import type { MeasuredCall, Whose } from './model.ts';
import { type SummaryRow, Tally } from './tally.ts';
import type { Turns } from './turns.ts';

/** What calls are grouped by. Hours and days are those of UTC. */
export const groupings = ['hour', 'day', 'outcome', 'trunk', 'user'] as const;
export type Grouping = (typeof groupings)[number];

/** Which figures are wanted: of calls that were placed from `since` on and before `until`, and have ended. */
export interface SummaryRequest {
  readonly whose: Whose;
  readonly since: number;
  readonly until: number;
  readonly by: Grouping;
}

export interface SummaryOptions {
  readonly store: HistoryStore;
  readonly turns: Turns;
  /** Whether nobody waits for it any more. */
  readonly isAbandoned: () => boolean;
}

/** So many calls a turn of the event loop: about two milliseconds. */
const CALLS_A_STEP = 300;

/** What the calls of a group have in common; of a time, how many of its kind have passed since the epoch. */
type Group = string | number | null;

interface GroupingOf {
  readonly groupOf: (call: MeasuredCall) => Group;
  /** Once for each group: a date as text takes as long as all else of a call. */
  readonly keyOf: (group: Group) => string | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAY_LETTERS = 'yyyy-mm-dd'.length;

const asItIs = (group: Group): string | null => (group === null ? null : String(group));

const groupingsOf: Readonly<Record<Grouping, GroupingOf>> = {
  hour: {
    groupOf: ({ createdAt }) => Math.floor(createdAt / HOUR_MS),
    keyOf: (hours) => new Date(Number(hours) * HOUR_MS).toISOString(),
  },
  day: {
    groupOf: ({ createdAt }) => Math.floor(createdAt / DAY_MS),
    keyOf: (days) => new Date(Number(days) * DAY_MS).toISOString().slice(0, DAY_LETTERS),
  },
  outcome: { groupOf: ({ outcome }) => outcome, keyOf: asItIs },
  trunk: { groupOf: ({ callee }) => callee.trunk, keyOf: asItIs },
  user: { groupOf: ({ username }) => username, keyOf: asItIs },
};

/** By their keys; what has none is last. */
const inOrder = ({ key: one }: SummaryRow, { key: other }: SummaryRow): number => {
  if (one === null || other === null) return one === other ? 0 : Number(one === null) - Number(other === null);
  return one < other ? -1 : Number(one > other);
};

/**
 * The figures of each group, in a bounded number of calls a turn of the event loop.
 * @returns undefined where it was abandoned
 */
export const summarize = async (
  { whose, since, until, by }: SummaryRequest,
  { store, turns, isAbandoned }: SummaryOptions,
): Promise<readonly SummaryRow[] | undefined> => {
  const tallies = new Map<Group, Tally>();
  const { groupOf, keyOf } = groupingsOf[by];
  let after = null;
  do {
    await turns.next();
    if (isAbandoned()) return undefined;
    const stretch = await store.measure({ whose, since, until }, { after, rows: CALLS_A_STEP });
    for (const call of stretch.found) tallyOf(tallies, groupOf(call)).add(call);
    after = stretch.through;
  } while (after !== null);
  return [...tallies].map(([group, tally]) => tally.row(keyOf(group))).sort(inOrder);
};

const tallyOf = (tallies: Map<Group, Tally>, group: Group): Tally => {
  const known = tallies.get(group);
  if (known !== undefined) return known;
  const tally = new Tally();
  tallies.set(group, tally);
  return tally;
};

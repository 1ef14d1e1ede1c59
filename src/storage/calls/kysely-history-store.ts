import type { CallRecord } from '../../calls/call-record.ts';
import type { HistoryStore, Stretch, StretchOptions } from '../../features/history/history-store.ts';
import type { CallSearch, MeasuredCall, Period, Position, Whose } from '../../features/history/model.ts';
import type { Database } from '../database.ts';
import { selectCalls } from './call-reads.ts';
import { toCall } from './call-row.ts';
import { compileHistoryQueries, type Lead, type Range } from './history-queries.ts';

/** A filter that may lead, and what it asks for. */
interface Leader {
  readonly lead: Lead;
  readonly value: string;
}

/** Where two filters leave more than this, the one that mostly leaves less leads. */
const MOST_COUNTED = 2000;

/** Those of a search, the one that mostly leaves least first. */
const leadersOf = ({ whose, number, username, clientId, outcome }: CallSearch): readonly Leader[] => {
  const name = whose.kind === 'user' ? whose.username : username;
  const client = whose.kind === 'application' ? whose.clientId : clientId;
  const leaders: readonly (Leader | undefined)[] = [
    number?.kind === 'exact' ? { lead: 'number', value: number.digits } : undefined,
    name === null ? undefined : { lead: 'username', value: name },
    client === null ? undefined : { lead: 'client_id', value: client },
    outcome === null ? undefined : { lead: 'outcome', value: outcome },
  ];
  const given = leaders.filter((leader) => leader !== undefined);
  return given.length > 0 ? given : [everyCall];
};

const everyCall: Leader = { lead: 'time', value: '' };

const leaderOf = (whose: Whose): Leader => {
  if (whose.kind === 'user') return { lead: 'username', value: whose.username };
  return whose.kind === 'application' ? { lead: 'client_id', value: whose.clientId } : everyCall;
};

const rangeOf = ({ since, until }: Period, { after, rows }: StretchOptions): Omit<Range, 'value'> => {
  const last = until === null ? Number.MAX_SAFE_INTEGER : until - 1;
  const beforeAt = after?.createdAt ?? Number.MAX_SAFE_INTEGER;
  return {
    from: since ?? Number.MIN_SAFE_INTEGER,
    to: Math.min(last, beforeAt),
    beforeAt,
    beforeId: after?.id ?? Number.MAX_SAFE_INTEGER,
    rows,
  };
};

interface SearchedRow extends Position {
  readonly userId: string;
  readonly username: string;
  readonly clientId: string;
  readonly number: string;
  readonly state: CallRecord['state'];
  readonly outcome: CallRecord['outcome'];
}

const isOf = (whose: Whose, row: Pick<SearchedRow, 'userId'>): boolean => {
  if (whose.kind === 'everybody') return true;
  return whose.kind === 'user' ? row.userId === whose.userId : whose.userIds.has(row.userId);
};

const hasNumber = ({ number }: CallSearch, row: SearchedRow): boolean => {
  if (number === null) return true;
  return number.kind === 'exact' ? row.number === number.digits : row.number.startsWith(number.digits);
};

const isWanted = <Value>(wanted: Value | null, value: Value): boolean => wanted === null || wanted === value;

/** Every filter, the one that led included: a name may have been another user's. */
const matches = (search: CallSearch, row: SearchedRow): boolean =>
  isOf(search.whose, row) &&
  (search.state === 'any' || row.state === 'ended') &&
  hasNumber(search, row) &&
  isWanted(search.outcome, row.outcome) &&
  isWanted(search.clientId, row.clientId) &&
  isWanted(search.username, row.username) &&
  (search.whose.kind !== 'application' || row.clientId === search.whose.clientId);

const positionOf = ({ createdAt, id }: Position): Position => ({ createdAt, id });

/** Fewer than were asked for are the last. */
const throughOf = (looked: readonly Position[], rows: number): Position | null => {
  const last = looked.length < rows ? undefined : looked.at(-1);
  return last === undefined ? null : positionOf(last);
};

/** The history in SQL. */
export class KyselyHistoryStore implements HistoryStore {
  readonly #database: Database;
  readonly #queries: ReturnType<typeof compileHistoryQueries>;

  constructor(database: Database) {
    this.#database = database;
    this.#queries = compileHistoryQueries(database.builder);
  }

  async look(search: CallSearch, options: StretchOptions): Promise<Stretch<Position>> {
    const range = rangeOf(search, options);
    const { lead, value } = await this.#leader(leadersOf(search), range);
    const rows = await this.#database.read(this.#queries.look[lead]({ ...range, value }));
    return {
      found: rows.filter((row) => matches(search, row)).map(positionOf),
      through: throughOf(rows, options.rows),
    };
  }

  async calls(positions: readonly Position[]): Promise<readonly CallRecord[]> {
    if (positions.length === 0) return [];
    const ids = positions.map(({ id }) => id);
    const query = selectCalls(this.#database.builder).select('calls.id').where('calls.id', 'in', ids);
    const rows = await this.#database.read(query.compile());
    const calls = new Map(rows.map((row) => [row.id, toCall(row)]));
    return ids.flatMap((id) => calls.get(id) ?? []);
  }

  async measure(
    { whose, ...period }: Period & { readonly whose: Whose },
    options: StretchOptions,
  ): Promise<Stretch<MeasuredCall>> {
    const { lead, value } = leaderOf(whose);
    const rows = await this.#database.read(this.#queries.measure[lead]({ ...rangeOf(period, options), value }));
    const found = rows.flatMap(
      ({ state, isTest, outcome, createdAt, username, talkMs, endedAt, ...row }): MeasuredCall[] => {
        if (state !== 'ended' || outcome === null || isTest === 1 || !isOf(whose, row)) return [];
        const { calledAt, trunk, ringingAt, answeredAt, calleeEndedAt, sipStatus, callerAnsweredAt } = row;
        const wasCalled = calledAt !== null || callerAnsweredAt !== null;
        const callee = { wasCalled, calledAt, trunk, ringingAt, answeredAt, endedAt: calleeEndedAt, sipStatus };
        return [{ createdAt, username, outcome, talkMs, endedAt, callee }];
      },
    );
    return { found, through: throughOf(rows, options.rows) };
  }

  /** Of several the one that leaves fewest rows. Where none leaves few, the first. */
  async #leader(leaders: readonly Leader[], range: Omit<Range, 'value'>): Promise<Leader> {
    let least = { leader: leaders[0] ?? everyCall, count: MOST_COUNTED };
    if (leaders.length < 2) return least.leader;
    for (const leader of leaders) {
      const counted = { ...range, value: leader.value, rows: MOST_COUNTED };
      const [row] = await this.#database.read(this.#queries.count[leader.lead](counted));
      const count = row?.count ?? MOST_COUNTED;
      if (count < least.count) least = { leader, count };
    }
    return least.leader;
  }
}

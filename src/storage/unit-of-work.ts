import type { CompiledQuery } from 'kysely';

/** What a statement gave. `changes` counts the rows that it wrote; it is 0 for a read. */
export interface QueryOutcome<Row> {
  readonly rows: readonly Row[];
  readonly changes: number;
}

/**
 * Statements that take effect together or not at all, with decisions between them: a generator yields each statement
 * and is given what came of it. It touches nothing but its statements, so that it may be run again. SQLite drives it
 * without a pause, a database across a network can await each statement: the store that wrote it sees no difference.
 */
export type UnitOfWork<Result> = Generator<CompiledQuery, Result, QueryOutcome<unknown>>;

/**
 * When a write is committed: `at-once` where somebody waits for it, `in-company` where nobody does. That one goes with
 * whatever commit comes first, and waits a few milliseconds for it.
 */
export type Pace = 'at-once' | 'in-company';

/** One statement of a unit of work: `const { rows } = yield* run(query)`. */
export function* run<Row>(query: CompiledQuery<Row>): UnitOfWork<QueryOutcome<Row>> {
  const outcome = yield query;
  return outcome as QueryOutcome<Row>;
}

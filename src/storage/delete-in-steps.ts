import type { Database } from './database.ts';
import type { QueryOutcome, UnitOfWork } from './unit-of-work.ts';

const ROWS_A_STEP = 500;

/**
 * Repeats a deletion until it finds nothing more, a bounded number of rows a commit: calls are journalled between the
 * steps, however much has expired. `step` is given how many rows it may delete, and returns what its deletion gave.
 */
export const deleteInSteps = async (
  database: Database,
  step: (limit: number) => UnitOfWork<QueryOutcome<unknown>>,
): Promise<void> => {
  for (let deleted = ROWS_A_STEP; deleted >= ROWS_A_STEP;) {
    const { changes } = await database.write(() => step(ROWS_A_STEP));
    deleted = changes;
  }
};

import type { UnitOfWork } from '../../unit-of-work.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { isLocked, reasonOf } from './sqlite-failure.ts';

/** A unit of work whose caller waits. */
export interface Pending {
  readonly unit: () => UnitOfWork<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Since when another program has kept it waiting, by the monotonic clock. */
  lockedSince?: number;
}

/** Settles the promise of one unit, once the commit is over. */
type Settlement = () => void;

/** What became of a group. `locked`: it was undone, and another program was quicker to take the lock again. */
export type GroupOutcome =
  | { readonly state: 'committed'; readonly settlements: readonly Settlement[] }
  | { readonly state: 'locked' | 'lost'; readonly error: unknown };

/**
 * Takes the write lock.
 * @returns why it could not; undefined once a transaction has begun
 */
export const begin = (
  connection: SqliteConnection,
): { readonly state: 'locked' | 'lost'; readonly error: unknown } | undefined => {
  try {
    connection.command('begin immediate');
    return undefined;
  } catch (error) {
    return { state: isLocked(error) ? 'locked' : 'lost', error };
  }
};

/**
 * Runs a group in the transaction that has begun, and ends it. Where a unit fails, the group is undone and run again,
 * each unit in a savepoint, so that only that one is undone; not where the whole database fails.
 */
export const commitGroup = (connection: SqliteConnection, group: readonly Pending[]): GroupOutcome => {
  const transaction = new GroupTransaction(connection);
  const together = transaction.end(() => group.map((pending) => transaction.run(pending)));
  if (together.state === 'committed' || reasonOf(together.error) !== undefined) return together;
  return begin(connection) ?? transaction.end(() => group.map((pending) => transaction.runApart(pending)));
};

class GroupTransaction {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Commits what `work` did, or undoes all of it. */
  end(work: () => Settlement[]): GroupOutcome {
    try {
      const settlements = work();
      this.#connection.command('commit');
      return { state: 'committed', settlements };
    } catch (error) {
      this.#rollBack();
      return { state: 'lost', error };
    }
  }

  run({ unit, resolve }: Pending): Settlement {
    const result = this.#drive(unit());
    return () => resolve(result);
  }

  /** In a savepoint of its own: what fails is undone alone. */
  runApart(pending: Pending): Settlement {
    this.#connection.command('savepoint unit');
    try {
      const settlement = this.run(pending);
      this.#connection.command('release unit');
      return settlement;
    } catch (error) {
      // A full disk ends the whole transaction: then there is no savepoint left to go back to.
      if (!this.#connection.inTransaction || reasonOf(error) !== undefined) throw error;
      this.#connection.command('rollback to unit');
      this.#connection.command('release unit');
      return () => pending.reject(error);
    }
  }

  #rollBack(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.command('rollback');
    } catch {
      // SQLite has ended the transaction by itself; what failed first is told.
    }
  }

  #drive<Result>(unit: UnitOfWork<Result>): Result {
    let step = unit.next();
    while (step.done !== true) step = unit.next(this.#connection.execute(step.value));
    return step.value;
  }
}

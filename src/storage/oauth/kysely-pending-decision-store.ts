import type { PendingDecision, PendingDecisionKey, PendingDecisionStore } from '../../oauth/model/grant-stores.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run } from '../unit-of-work.ts';

/** How many consents one session may wait for at once: each address that a browser is sent to asks for another. */
const MOST_OF_SESSION = 50;

const keyColumns = ['session_hash', 'user_id', 'request_hash'] as const;

/** Consents that were asked for, in SQL. */
export class KyselyPendingDecisionStore implements PendingDecisionStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async arm(decision: PendingDecision): Promise<void> {
    const latest = { request: decision.request, expires_at: decision.expiresAt };
    const query = this.#database.builder
      .insertInto('pending_decisions')
      .values({
        session_hash: decision.sessionHash,
        user_id: decision.userId,
        request_hash: decision.requestHash,
        ...latest,
      })
      .onConflict((conflict) => conflict.columns(keyColumns).doUpdateSet(latest));
    const tooMany = this.#tooManyOf(decision.sessionHash);
    await this.#database.write(function* () {
      yield* run(query.compile());
      yield* run(tooMany.compile());
    });
  }

  take({ sessionHash, userId, requestHash }: PendingDecisionKey, now: number): Promise<PendingDecision | undefined> {
    const query = this.#database.builder
      .deleteFrom('pending_decisions')
      .where('session_hash', '=', sessionHash)
      .where('user_id', '=', userId)
      .where('request_hash', '=', requestHash)
      .returning(['request', 'expires_at as expiresAt'])
      .compile();
    return this.#database.write(function* () {
      const { rows } = yield* run(query);
      const [row] = rows;
      return row && row.expiresAt > now ? { sessionHash, userId, requestHash, ...row } : undefined;
    });
  }

  deleteExpired(now: number): Promise<void> {
    const { builder } = this.#database;
    return deleteInSteps(this.#database, (limit) => {
      const expired = builder
        .selectFrom('pending_decisions')
        .select(keyColumns)
        .where('expires_at', '<=', now)
        .limit(limit);
      return run(
        builder
          .deleteFrom('pending_decisions')
          .where((row) => row(row.refTuple(...keyColumns), 'in', expired.$asTuple(...keyColumns)))
          .compile(),
      );
    });
  }

  /** Deletes all but the latest of a session. */
  #tooManyOf(sessionHash: string) {
    const { builder } = this.#database;
    const ofSession = builder.selectFrom('pending_decisions').where('session_hash', '=', sessionHash);
    const latestTooMany = ofSession.select('expires_at').orderBy('expires_at', 'desc').limit(1).offset(MOST_OF_SESSION);
    const deletion = builder.deleteFrom('pending_decisions').where('session_hash', '=', sessionHash);
    return deletion.where('expires_at', '<=', latestTooMany);
  }
}

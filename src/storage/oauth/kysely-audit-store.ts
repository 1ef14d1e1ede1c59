import type { AuditEvent, AuditQuery, AuditStore, RecordedAuditEvent } from '../../oauth/model/audit-log.ts';
import { compileOnce } from '../compile-once.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run } from '../unit-of-work.ts';

const compileAppend = ({ builder }: Database) =>
  compileOnce(({ event, at, userId, clientId, address, detail }: AuditEvent) =>
    builder.insertInto('audit_events').values({ event, at, user_id: userId, client_id: clientId, address, detail }),
  );

const DAY_MS = 24 * 60 * 60 * 1000;

/** What is equal for all that one row counts. */
const keyOf = ({ event, at, userId, clientId, detail }: AuditEvent): string =>
  JSON.stringify([Math.floor(at / DAY_MS), event, userId, clientId, detail]);

const compileCount = ({ builder }: Database) =>
  compileOnce(({ event, at, userId, clientId, address, detail, key }: AuditEvent & { readonly key: string }) =>
    builder
      .insertInto('audit_events')
      .values({ event, at, user_id: userId, client_id: clientId, address, detail, last_at: at, count_key: key })
      .onConflict((conflict) =>
        conflict
          .column('count_key')
          .where('count_key', 'is not', null)
          .doUpdateSet((row) => ({
            count: row('audit_events.count', '+', 1),
            last_at: row.ref('excluded.last_at'),
            address: row.ref('excluded.address'),
          })),
      ),
  );

/** What happened to accounts, grants and tokens, in SQL. */
export class KyselyAuditStore implements AuditStore {
  readonly #database: Database;
  readonly #append: ReturnType<typeof compileAppend>;
  readonly #count: ReturnType<typeof compileCount>;

  constructor(database: Database) {
    this.#database = database;
    this.#append = compileAppend(database);
    this.#count = compileCount(database);
  }

  async append(event: AuditEvent): Promise<void> {
    await this.#database.write(() => run(this.#append(event)));
  }

  async count(event: AuditEvent): Promise<void> {
    await this.#database.write(() => run(this.#count({ ...event, key: keyOf(event) })));
  }

  list({ userId, before, limit }: AuditQuery): Promise<readonly RecordedAuditEvent[]> {
    const query = this.#database.builder
      .selectFrom('audit_events as entry')
      .leftJoin('users', 'users.id', 'entry.user_id')
      .select(['entry.id', 'entry.event', 'entry.at', 'entry.user_id as userId', 'users.username'])
      .select(['entry.client_id as clientId', 'entry.address', 'entry.detail'])
      .select((row) => ['entry.count', row.fn.coalesce('entry.last_at', 'entry.at').as('lastAt')])
      .$if(userId !== undefined, (rows) => rows.where('entry.user_id', '=', userId ?? ''))
      .$if(before !== undefined, (rows) => rows.where('entry.id', '<', before ?? 0))
      .orderBy('entry.id', 'desc')
      .limit(limit);
    return this.#database.read(query.compile());
  }

  deleteBefore(time: number): Promise<void> {
    const { builder } = this.#database;
    const oldest = builder.selectFrom('audit_events').select('id').orderBy('id');
    return deleteInSteps(this.#database, (limit) =>
      run(builder.deleteFrom('audit_events').where('id', 'in', oldest.limit(limit)).where('at', '<', time).compile()),
    );
  }
}

import type { Selectable } from 'kysely';
import type { Binding, BindingStore } from '../../sip/registrar/binding-store.ts';
import { compileOnce } from '../compile-once.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import type { BindingsTable } from './phone-tables.ts';

interface OfAccount {
  readonly account: string;
}

const compileQueries = ({ builder }: Database) => ({
  find: compileOnce(({ account }: OfAccount) =>
    builder.selectFrom('bindings').selectAll().where('account', '=', account).orderBy('position'),
  ),
  remove: compileOnce(({ account }: OfAccount) => builder.deleteFrom('bindings').where('account', '=', account)),
  insert: compileOnce((row: Selectable<BindingsTable>) =>
    builder.insertInto('bindings').values({
      account: row.account,
      position: row.position,
      contact: row.contact,
      flow: row.flow,
      path: row.path,
      q: row.q,
      registered_at: row.registered_at,
      expires_at: row.expires_at,
      call_id: row.call_id,
      cseq: row.cseq,
      user_agent: row.user_agent,
    }),
  ),
});

/** Bindings of registered phones, in SQL: phones stay registered over a restart. */
export class KyselyBindingStore implements BindingStore {
  readonly #database: Database;
  readonly #queries: ReturnType<typeof compileQueries>;

  constructor(database: Database) {
    this.#database = database;
    this.#queries = compileQueries(database);
  }

  async find(account: string): Promise<readonly Binding[]> {
    const rows = await this.#database.read(this.#queries.find({ account }));
    return rows.map(toBinding);
  }

  async flows(now: number): Promise<readonly Binding['flow'][]> {
    const live = this.#database.builder.selectFrom('bindings').select('flow').where('expires_at', '>', now);
    const rows = await this.#database.read(live.compile());
    return rows.map(({ flow }) => JSON.parse(flow) as Binding['flow']);
  }

  update(account: string, change: (current: readonly Binding[]) => readonly Binding[]): Promise<void> {
    return this.#database.write(() => this.#update(account, change));
  }

  deleteExpired(now: number): Promise<void> {
    const { builder } = this.#database;
    return deleteInSteps(this.#database, (limit) => {
      const expired = builder.selectFrom('bindings').select(['account', 'position']).where('expires_at', '<=', now);
      const rows = expired.limit(limit).$asTuple('account', 'position');
      const deletion = builder
        .deleteFrom('bindings')
        .where((row) => row(row.refTuple('account', 'position'), 'in', rows));
      return run(deletion.compile());
    });
  }

  *#update(account: string, change: (current: readonly Binding[]) => readonly Binding[]): UnitOfWork<void> {
    const { rows } = yield* run(this.#queries.find({ account }));
    const bindings = change(rows.map(toBinding));
    yield* run(this.#queries.remove({ account }));
    for (const [position, binding] of bindings.entries()) {
      yield* run(this.#queries.insert({ ...fromBinding(binding), account, position }));
    }
  }
}

const toBinding = (row: Selectable<BindingsTable>): Binding => ({
  account: row.account,
  contact: row.contact,
  flow: JSON.parse(row.flow) as Binding['flow'],
  path: JSON.parse(row.path) as string[],
  q: row.q,
  registeredAt: row.registered_at,
  expiresAt: row.expires_at,
  callId: row.call_id,
  cseq: row.cseq,
  userAgent: row.user_agent ?? undefined,
});

const fromBinding = (binding: Binding): Omit<BindingsTable, 'account' | 'position'> => ({
  contact: binding.contact,
  flow: JSON.stringify(binding.flow),
  path: JSON.stringify(binding.path),
  q: binding.q,
  registered_at: binding.registeredAt,
  expires_at: binding.expiresAt,
  call_id: binding.callId,
  cseq: binding.cseq,
  user_agent: binding.userAgent ?? null,
});

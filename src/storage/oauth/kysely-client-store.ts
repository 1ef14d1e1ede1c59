import type { Client, ClientChanges, ClientStore, FormerSecret } from '../../oauth/model/account-stores.ts';
import { compileOnce } from '../compile-once.ts';
import type { Database } from '../database.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { clientSettings, fromClient, toClient } from './oauth-rows.ts';
import { revokeGrants } from './token-writes.ts';

const compileFind = ({ builder }: Database) =>
  compileOnce(({ id }: Pick<Client, 'id'>) => builder.selectFrom('clients').selectAll().where('id', '=', id));

/** Registered applications in SQL. What a client gave and was given goes with it, by reference. */
export class KyselyClientStore implements ClientStore {
  readonly #database: Database;
  readonly #byId: ReturnType<typeof compileFind>;

  constructor(database: Database) {
    this.#database = database;
    this.#byId = compileFind(database);
  }

  async find(id: string): Promise<Client | undefined> {
    const [row] = await this.#database.read(this.#byId({ id }));
    return row && toClient(row);
  }

  async list(): Promise<readonly Client[]> {
    const query = this.#database.builder.selectFrom('clients').selectAll().orderBy('id');
    const rows = await this.#database.read(query.compile());
    return rows.map(toClient);
  }

  insert(client: Client): Promise<'inserted' | 'taken'> {
    const query = this.#database.builder
      .insertInto('clients')
      .values(fromClient(client))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .compile();
    return this.#database.write(function* () {
      const { changes } = yield* run(query);
      return changes === 1 ? 'inserted' : 'taken';
    });
  }

  async save(client: Client): Promise<void> {
    const { id, ...changes } = fromClient(client);
    const query = this.#database.builder
      .insertInto('clients')
      .values({ id, ...changes })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
      .compile();
    await this.#database.write(() => run(query));
  }

  change(id: string, changes: ClientChanges): Promise<void> {
    return this.#database.write(() => this.#change(id, changes));
  }

  rotateSecret(id: string, secretHash: string, former?: FormerSecret): Promise<void> {
    const { builder } = this.#database;
    const secrets = {
      secret_hash: secretHash,
      former_secret_hash: former?.hash ?? null,
      former_secret_ends_at: former?.endsAt ?? null,
    };
    return this.#database.write(function* () {
      yield* run(builder.updateTable('clients').set(secrets).where('id', '=', id).compile());
      if (former === undefined) yield* revokeGrants(builder, { clientId: id });
    });
  }

  async delete(id: string): Promise<void> {
    await this.#database.write(() => run(this.#database.builder.deleteFrom('clients').where('id', '=', id).compile()));
  }

  async listOwnedBy(userId: string): Promise<readonly Client[]> {
    const query = this.#ownedBy(userId, 'application').orderBy('name').orderBy('id');
    const rows = await this.#database.read(query.compile());
    return rows.map(toClient);
  }

  replaceKeyPair(keyPair: Client): Promise<void> {
    const { builder } = this.#database;
    const row = fromClient(keyPair);
    const former = this.#ownedBy(row.owner_id, 'key-pair').clearSelect().select('id');
    return this.#database.write(function* () {
      yield* run(builder.deleteFrom('clients').where('id', 'in', former).compile());
      yield* run(builder.insertInto('clients').values(row).compile());
    });
  }

  async findKeyPair(ownerId: string): Promise<Client | undefined> {
    const [row] = await this.#database.read(this.#ownedBy(ownerId, 'key-pair').compile());
    return row && toClient(row);
  }

  *#change(id: string, changes: ClientChanges): UnitOfWork<void> {
    const { builder } = this.#database;
    const { rows } = yield* run(this.#byId({ id }));
    const [row] = rows;
    if (row === undefined) return;
    const settings = clientSettings({ ...toClient(row), ...changes });
    yield* run(builder.updateTable('clients').set(settings).where('id', '=', id).compile());
    const { redirectUris } = changes;
    if (redirectUris === undefined) return;
    const forOthers = (table: 'authorization_codes' | 'remembered_grants') =>
      builder
        .deleteFrom(table)
        .where('client_id', '=', id)
        .$if(redirectUris.length > 0, (given) => given.where('redirect_uri', 'not in', redirectUris));
    yield* run(forOthers('authorization_codes').where('redeemed_at', 'is', null).compile());
    yield* run(forOthers('remembered_grants').compile());
  }

  #ownedBy(userId: string | null, kind: Client['kind']) {
    const clients = this.#database.builder.selectFrom('clients').selectAll();
    return clients.where('owner_id', '=', userId).where('kind', '=', kind);
  }
}

import type { RememberedGrant, RememberedGrantKey, RememberedGrantStore } from '../../oauth/model/grant-stores.ts';
import type { Database } from '../database.ts';
import { run } from '../unit-of-work.ts';
import { fromScopes, toScopes } from './oauth-rows.ts';

/** Remembered consents in SQL. */
export class KyselyRememberedGrantStore implements RememberedGrantStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(key: RememberedGrantKey): Promise<RememberedGrant | undefined> {
    const query = this.#database.builder
      .selectFrom('remembered_grants')
      .select(['scopes', 'granted_at'])
      .where('user_id', '=', key.userId)
      .where('client_id', '=', key.clientId)
      .where('redirect_uri', '=', key.redirectUri)
      .where('response_type', '=', key.responseType);
    const [row] = await this.#database.read(query.compile());
    if (row === undefined) return undefined;
    const { userId, clientId, redirectUri, responseType } = key;
    return { userId, clientId, redirectUri, responseType, scopes: toScopes(row.scopes), grantedAt: row.granted_at };
  }

  async save(grant: RememberedGrant): Promise<void> {
    const latest = { scopes: fromScopes(grant.scopes), granted_at: grant.grantedAt };
    const query = this.#database.builder
      .insertInto('remembered_grants')
      .values({
        user_id: grant.userId,
        client_id: grant.clientId,
        redirect_uri: grant.redirectUri,
        response_type: grant.responseType,
        ...latest,
      })
      .onConflict((conflict) =>
        conflict.columns(['user_id', 'client_id', 'redirect_uri', 'response_type']).doUpdateSet(latest),
      );
    await this.#database.write(() => run(query.compile()));
  }
}

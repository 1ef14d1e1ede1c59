import type { Client } from '../../oauth/model/account-stores.ts';
import type { Role } from '../../oauth/model/permissions.ts';
import type { Database } from '../database.ts';
import { run } from '../unit-of-work.ts';
import { fromClient } from './oauth-rows.ts';

/** What may be changed of a user; what is left out stays. null takes an extension or a country away. */
export interface UserChanges {
  readonly role?: Role;
  /** Digits, unique among the users. */
  readonly extension?: string | null;
  /** ISO 3166-1 alpha-2. */
  readonly homeCountry?: string | null;
  /** Numbers in E.164. */
  readonly callerIds?: readonly string[];
}

/** What the operator of the service changes of accounts that exist. Each is one commit. */
export class KyselyAccountChanges {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** `taken`: another user has the extension, and nothing was written. */
  changeUser(id: string, changes: UserChanges): Promise<'changed' | 'taken'> {
    const { builder } = this.#database;
    const { role, extension, homeCountry, callerIds } = changes;
    const row = {
      ...(role !== undefined && { role }),
      ...(extension !== undefined && { extension }),
      ...(homeCountry !== undefined && { home_country: homeCountry }),
      ...(callerIds !== undefined && { caller_ids: JSON.stringify(callerIds) }),
    };
    return this.#database.write(function* () {
      const others = builder
        .selectFrom('users')
        .select('id')
        .where('extension', '=', extension ?? '');
      const { rows } = yield* run(others.where('id', '<>', id).compile());
      if (rows.length > 0) return 'taken';
      yield* run(builder.updateTable('users').set(row).where('id', '=', id).compile());
      return 'changed';
    });
  }

  /**
   * Writes what may be changed of a client. What else it has stays: its secret may be rotated at the same time. In the same
   * commit codes and remembered grants end that are for one of the lost addresses.
   */
  changeClient(client: Client, lostAddresses: readonly string[]): Promise<void> {
    const { builder } = this.#database;
    const { id } = client;
    return this.#database.write(function* () {
      yield* run(builder.updateTable('clients').set(changeableColumns(client)).where('id', '=', id).compile());
      for (const table of lostAddresses.length === 0 ? [] : (['authorization_codes', 'remembered_grants'] as const)) {
        const ofClient = builder.deleteFrom(table).where('client_id', '=', id);
        yield* run(ofClient.where('redirect_uri', 'in', lostAddresses).compile());
      }
    });
  }
}

const changeableColumns = (client: Client) => {
  const row = fromClient(client);
  return {
    name: row.name,
    redirect_uris: row.redirect_uris,
    response_types: row.response_types,
    grant_types: row.grant_types,
    grant_types_by_get: row.grant_types_by_get,
    scopes: row.scopes,
    default_scopes: row.default_scopes,
    access_token_seconds: row.access_token_seconds,
    refresh_idle_seconds: row.refresh_idle_seconds,
    refresh_absolute_seconds: row.refresh_absolute_seconds,
    token_in_query: row.token_in_query,
    code_challenge: row.code_challenge,
    token_format: row.token_format,
    token_binding: row.token_binding,
  };
};

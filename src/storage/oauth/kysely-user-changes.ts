import type { Role } from '../../oauth/model/permissions.ts';
import type { Database } from '../database.ts';
import { run } from '../unit-of-work.ts';

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

/** What the operator of the service changes of users that exist, in one commit. */
export class KyselyUserChanges {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** `taken`: another user has the extension, and nothing was written. */
  change(id: string, changes: UserChanges): Promise<'changed' | 'taken'> {
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
}

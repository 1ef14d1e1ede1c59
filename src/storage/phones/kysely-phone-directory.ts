import type { PhoneEndpoint } from '../../calls/call-engine.ts';
import type { CallUser, Phone, PhoneDirectory } from '../../calls/phone-directory.ts';
import { compileOnce } from '../compile-once.ts';
import type { Database } from '../database.ts';
import type { SandboxAccounts } from '../sandbox-accounts.ts';
import type { UsersTable } from '../schema.ts';
import type { PhonesTable } from './phone-tables.ts';

const compileReads = ({ builder }: Database, sandboxAccounts: SandboxAccounts) => {
  const users = builder.selectFrom('users').select(['id', 'username', 'extension', 'home_country', 'caller_ids']);
  return {
    user: compileOnce(({ userId }: { readonly userId: string }) => users.where('id', '=', userId)),
    userByExtension: compileOnce(({ extension }: { readonly extension: string }) =>
      users
        .where('extension', '=', extension)
        .where('status', '=', 'active')
        .where('sandbox', '<=', sandboxAccounts === 'accepted' ? 1 : 0),
    ),
    phonesOf: compileOnce(({ userId }: { readonly userId: string }) =>
      builder.selectFrom('phones').select(['id', 'kind', 'name', 'target']).where('user_id', '=', userId).orderBy('id'),
    ),
  };
};

/** Users and their phones, in SQL. The extension of a disabled user, or of a refused sandbox's, rings no phone. */
export class KyselyPhoneDirectory implements PhoneDirectory {
  readonly #database: Database;
  readonly #reads: ReturnType<typeof compileReads>;

  constructor(database: Database, sandboxAccounts: SandboxAccounts) {
    this.#database = database;
    this.#reads = compileReads(database, sandboxAccounts);
  }

  async user(userId: string): Promise<CallUser | undefined> {
    const [row] = await this.#database.read(this.#reads.user({ userId }));
    return row && toUser(row);
  }

  async userByExtension(extension: string): Promise<CallUser | undefined> {
    const [row] = await this.#database.read(this.#reads.userByExtension({ extension }));
    return row && toUser(row);
  }

  async phonesOf({ userId }: Pick<CallUser, 'userId'>): Promise<readonly Phone[]> {
    const rows = await this.#database.read(this.#reads.phonesOf({ userId }));
    return rows.map((row) => ({ id: String(row.id), name: row.name, endpoint: toPhoneEndpoint(row) }));
  }
}

type UserRow = Pick<UsersTable, 'id' | 'username' | 'extension' | 'home_country'> & { readonly caller_ids: string };

const toUser = (row: UserRow): CallUser => ({
  userId: row.id,
  username: row.username,
  extension: row.extension,
  homeCountry: row.home_country,
  callerIds: JSON.parse(row.caller_ids) as string[],
});

const toPhoneEndpoint = ({ kind, target }: Pick<PhonesTable, 'kind' | 'target'>): PhoneEndpoint => {
  switch (kind) {
    case 'registered':
      return { kind, account: target };
    case 'address':
      return { kind, uri: target };
    case 'number':
      return { kind, number: target };
  }
};

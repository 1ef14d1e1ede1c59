import type { CredentialStore, StoredAlgorithm } from '../../sip/auth/credential-store.ts';
import { compileOnce } from '../compile-once.ts';
import type { Database } from '../database.ts';
import type { SandboxAccounts } from '../sandbox-accounts.ts';
import { SecretBox } from '../secret-box.ts';

/** The purpose for which the digests of SIP accounts are sealed. */
export const HA1_PURPOSE = 'ha1';

export interface CredentialStoreOptions {
  readonly database: Database;
  readonly secretKey: Buffer;
  readonly sandboxAccounts: SandboxAccounts;
}

const compileFind = ({ builder }: Database, sandboxAccounts: SandboxAccounts) =>
  compileOnce(({ account, realm }: { readonly account: string; readonly realm: string }) =>
    builder
      .selectFrom('sip_accounts')
      .innerJoin('users', 'users.id', 'sip_accounts.user_id')
      .select(['sip_accounts.ha1_md5', 'sip_accounts.ha1_sha256'])
      .where('sip_accounts.account', '=', account)
      .where('sip_accounts.realm', '=', realm)
      .where('users.status', '=', 'active')
      .where('users.sandbox', '<=', sandboxAccounts === 'accepted' ? 1 : 0),
  );

/** What SIP accounts prove themselves with, sealed in SQL. The phones of a disabled user cannot register. */
export class KyselyCredentialStore implements CredentialStore {
  readonly #database: Database;
  readonly #secrets: SecretBox;
  readonly #find: ReturnType<typeof compileFind>;

  constructor({ database, secretKey, sandboxAccounts }: CredentialStoreOptions) {
    this.#database = database;
    this.#secrets = new SecretBox(secretKey, HA1_PURPOSE);
    this.#find = compileFind(database, sandboxAccounts);
  }

  async ha1(account: string, realm: string, algorithm: StoredAlgorithm): Promise<string | undefined> {
    const [row] = await this.#database.read(this.#find({ account, realm }));
    return row && this.#secrets.open(algorithm === 'MD5' ? row.ha1_md5 : row.ha1_sha256, account);
  }
}

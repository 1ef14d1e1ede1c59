import type { SigningKey, SigningKeyStore } from '../../oauth/model/token-stores.ts';
import type { Database } from '../database.ts';
import { SecretBox } from '../secret-box.ts';
import { run } from '../unit-of-work.ts';

/** The purpose for which private keys are sealed. */
export const SIGNING_KEY_PURPOSE = 'signing-key';

/** Keys that sign JWT, sealed in SQL. */
export class KyselySigningKeyStore implements SigningKeyStore {
  readonly #database: Database;
  readonly #secrets: SecretBox;

  constructor(database: Database, secretKey: Buffer) {
    this.#database = database;
    this.#secrets = new SecretBox(secretKey, SIGNING_KEY_PURPOSE);
  }

  async list(): Promise<readonly SigningKey[]> {
    const rows = await this.#database.read(this.#newestFirst().selectAll().compile());
    return rows.map((row) => ({
      id: row.id,
      privateJwk: this.#secrets.open(row.sealed_private_jwk, row.id),
      createdAt: row.created_at,
    }));
  }

  async insert({ id, privateJwk, createdAt }: SigningKey): Promise<void> {
    const row = { id, sealed_private_jwk: this.#secrets.seal(privateJwk, id), created_at: createdAt };
    const query = this.#database.builder.insertInto('signing_keys').values(row);
    await this.#database.write(() => run(query.compile()));
  }

  async deleteBefore(time: number): Promise<void> {
    const query = this.#database.builder
      .deleteFrom('signing_keys')
      .where('created_at', '<', time)
      .where('id', 'not in', this.#newestFirst().select('id').limit(1));
    await this.#database.write(() => run(query.compile()));
  }

  #newestFirst() {
    return this.#database.builder.selectFrom('signing_keys').orderBy('created_at', 'desc').orderBy('id', 'desc');
  }
}

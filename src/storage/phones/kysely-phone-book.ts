import type { PhoneEndpoint } from '../../calls/call-engine.ts';
import type { Database } from '../database.ts';
import { SecretBox } from '../secret-box.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { HA1_PURPOSE } from './kysely-credential-store.ts';

export interface NewPhone {
  readonly userId: string;
  /** Unique among the user's phones. */
  readonly name: string;
  readonly endpoint: PhoneEndpoint;
}

/** A name under which a phone registers with us. */
export interface NewSipAccount {
  readonly account: string;
  readonly userId: string;
  readonly realm: string;
  /** `H(account:realm:password)` in lower-case hex (RFC 7616 section 3.4.2); the password itself is not kept. */
  readonly ha1: { readonly md5: string; readonly sha256: string };
}

/** What an administrator does with phones: adds and removes them, and the SIP accounts that they register with. */
export class KyselyPhoneBook {
  readonly #database: Database;
  readonly #secrets: SecretBox;

  constructor(database: Database, secretKey: Buffer) {
    this.#database = database;
    this.#secrets = new SecretBox(secretKey, HA1_PURPOSE);
  }

  /**
   * Adds a phone, and in the same commit the account that it registers with, where it is such a phone.
   * `taken`: the user has a phone of that name, or the account exists, and nothing was written.
   */
  addPhone(phone: NewPhone, account?: NewSipAccount): Promise<'added' | 'taken'> {
    return this.#database.write(() => this.#addPhone(phone, account));
  }

  /** Removes a phone, the account that it registered with, and where it is registered. */
  removePhone(userId: string, name: string): Promise<'removed' | 'unknown'> {
    const { builder } = this.#database;
    const deletion = builder.deleteFrom('phones').where('user_id', '=', userId).where('name', '=', name);
    return this.#database.write(function* () {
      const { rows } = yield* run(deletion.returning(['kind', 'target']).compile());
      for (const { kind, target } of rows) {
        if (kind !== 'registered') continue;
        yield* run(builder.deleteFrom('bindings').where('account', '=', target).compile());
        yield* run(builder.deleteFrom('sip_accounts').where('account', '=', target).compile());
      }
      return rows.length > 0 ? 'removed' : 'unknown';
    });
  }

  *#addPhone({ userId, name, endpoint }: NewPhone, account: NewSipAccount | undefined): UnitOfWork<'added' | 'taken'> {
    const { builder } = this.#database;
    const sameName = builder.selectFrom('phones').select('id').where('user_id', '=', userId).where('name', '=', name);
    const phones = yield* run(sameName.compile());
    if (phones.rows.length > 0) return 'taken';
    if (account !== undefined) {
      const { changes } = yield* run(this.#insertAccount(account).compile());
      if (changes === 0) return 'taken';
    }
    const row = { user_id: userId, kind: endpoint.kind, name, target: targetOf(endpoint) };
    yield* run(builder.insertInto('phones').values(row).compile());
    return 'added';
  }

  #insertAccount({ account, userId, realm, ha1 }: NewSipAccount) {
    return this.#database.builder
      .insertInto('sip_accounts')
      .values({
        account,
        user_id: userId,
        realm,
        ha1_md5: this.#secrets.seal(ha1.md5, account),
        ha1_sha256: this.#secrets.seal(ha1.sha256, account),
      })
      .onConflict((conflict) => conflict.column('account').doNothing());
  }
}

const targetOf = (endpoint: PhoneEndpoint): string => {
  switch (endpoint.kind) {
    case 'registered':
      return endpoint.account;
    case 'address':
      return endpoint.uri;
    case 'number':
      return endpoint.number;
  }
};

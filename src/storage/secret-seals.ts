import type { Database } from './database.ts';
import { SealBrokenError } from './errors.ts';
import { SIGNING_KEY_PURPOSE } from './oauth/kysely-signing-key-store.ts';
import { HA1_PURPOSE } from './phones/kysely-credential-store.ts';
import { SecretBox } from './secret-box.ts';
import { run, type UnitOfWork } from './unit-of-work.ts';
import { WEBHOOK_PURPOSE } from './webhooks/kysely-webhook-store.ts';

/** A name under which a phone registers, and whose phone it is. */
export interface SealedPhone {
  readonly account: string;
  readonly userId: string;
  readonly username: string;
}

/** All that is sealed with one key. */
export interface SealedSecrets {
  readonly signingKeys: readonly string[];
  readonly phones: readonly SealedPhone[];
  readonly webhooks: readonly string[];
}

interface Seal {
  readonly owner: string;
  readonly sealed: string;
}

/**
 * All that is sealed with the key file, wherever it is stored, read as far as the key that was sealed with does not
 * matter. A table that keeps something more under seal is added here: what is left out is neither checked nor replaced.
 * Replies that are kept for some minutes are deleted, and not counted: nobody misses them.
 */
export class SecretSeals {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** What does not open with a key; without a key, all. */
  async unreadable(key?: Buffer): Promise<SealedSecrets> {
    const signingKeys = await this.#database.read(this.#signingKeys());
    const phones = await this.#database.read(this.#phones());
    const webhooks = await this.#database.read(this.#webhooks());
    return {
      signingKeys: signingKeys.filter(closedTo(key, SIGNING_KEY_PURPOSE)).map(({ owner }) => owner),
      phones: phones
        .filter(closedTo(key, HA1_PURPOSE))
        .map(({ owner: account, userId, username }) => ({ account, userId, username })),
      webhooks: webhooks.filter(closedTo(key, WEBHOOK_PURPOSE)).map(({ owner }) => owner),
    };
  }

  /** Within a unit of work, deletes all that is sealed: signing keys, phones with where they are registered, and webhooks. */
  *delete(): UnitOfWork<SealedSecrets> {
    const { builder } = this.#database;
    const { rows: signingKeys } = yield* run(this.#signingKeys());
    const { rows: phones } = yield* run(this.#phones());
    const { rows: webhooks } = yield* run(this.#webhooks());
    const accounts = builder.selectFrom('sip_accounts').select('account');
    yield* run(builder.deleteFrom('signing_keys').compile());
    yield* run(builder.deleteFrom('kept_replies').compile());
    yield* run(builder.deleteFrom('bindings').where('account', 'in', accounts).compile());
    yield* run(builder.deleteFrom('phones').where('kind', '=', 'registered').where('target', 'in', accounts).compile());
    yield* run(builder.deleteFrom('sip_accounts').compile());
    yield* run(builder.deleteFrom('webhooks').compile());
    return {
      signingKeys: signingKeys.map(({ owner }) => owner),
      phones: phones.map(({ owner: account, userId, username }) => ({ account, userId, username })),
      webhooks: webhooks.map(({ owner }) => owner),
    };
  }

  #signingKeys() {
    const keys = this.#database.builder.selectFrom('signing_keys').orderBy('created_at', 'desc');
    return keys.select(['id as owner', 'sealed_private_jwk as sealed']).compile();
  }

  /** A former secret was sealed with the same key, for the same owner. */
  #webhooks() {
    const webhooks = this.#database.builder.selectFrom('webhooks').orderBy('created_at');
    return webhooks.select(['id as owner', 'sealed_secret as sealed']).compile();
  }

  #phones() {
    return this.#database.builder
      .selectFrom('sip_accounts')
      .innerJoin('users', 'users.id', 'sip_accounts.user_id')
      .select(['account as owner', 'ha1_sha256 as sealed', 'users.id as userId', 'users.username'])
      .orderBy('users.username')
      .orderBy('account')
      .compile();
  }
}

/** How many there are of something that is sealed. */
export const countOf = ({ signingKeys, phones, webhooks }: SealedSecrets): number =>
  signingKeys.length + phones.length + webhooks.length;

const closedTo = (key: Buffer | undefined, purpose: string): ((seal: Seal) => boolean) => {
  if (key === undefined) return () => true;
  const box = new SecretBox(key, purpose);
  return ({ owner, sealed }) => {
    try {
      box.open(sealed, owner);
      return false;
    } catch (error) {
      if (error instanceof SealBrokenError) return true;
      throw error;
    }
  };
};

import type { KeptReply, KeptReplyKey, KeptReplyStore } from '../../oauth/model/kept-reply-store.ts';
import { hashSecret } from '../../oauth/model/secrets.ts';
import type { Database } from '../database.ts';
import { SealBrokenError } from '../errors.ts';
import { SecretBox } from '../secret-box.ts';
import { run } from '../unit-of-work.ts';
import { deleteExpiredRows } from './expired-rows.ts';

const PURPOSE = 'kept replies';

/** How many one session may have at once. */
const MOST_OF_SESSION = 50;

const hashOf = ({ sessionHash, userId, name }: KeptReplyKey): string =>
  hashSecret(JSON.stringify([sessionHash, userId, name]));

/** Replies that are kept for a while, in SQL, sealed with the key file. */
export class KyselyKeptReplyStore implements KeptReplyStore {
  readonly #database: Database;
  readonly #secrets: SecretBox;

  constructor(database: Database, secretKey: Buffer) {
    this.#database = database;
    this.#secrets = new SecretBox(secretKey, PURPOSE);
  }

  async keep({ text, expiresAt, ...key }: KeptReply): Promise<void> {
    const hash = hashOf(key);
    const latest = { sealed: this.#secrets.seal(text, hash), expires_at: expiresAt };
    const query = this.#database.builder
      .insertInto('kept_replies')
      .values({ hash, session_hash: key.sessionHash, user_id: key.userId, ...latest })
      .onConflict((conflict) => conflict.column('hash').doUpdateSet(latest));
    const tooMany = this.#tooManyOf(key.sessionHash);
    await this.#database.write(function* () {
      yield* run(query.compile());
      yield* run(tooMany.compile());
    });
  }

  async find(key: KeptReplyKey, now: number): Promise<string | undefined> {
    const hash = hashOf(key);
    const query = this.#database.builder.selectFrom('kept_replies').select('sealed').where('hash', '=', hash);
    const [row] = await this.#database.read(query.where('expires_at', '>', now).compile());
    return row && this.#open(row.sealed, hash);
  }

  async delete(key: KeptReplyKey): Promise<void> {
    const query = this.#database.builder.deleteFrom('kept_replies').where('hash', '=', hashOf(key));
    await this.#database.write(() => run(query.compile()));
  }

  deleteExpired(now: number): Promise<void> {
    return deleteExpiredRows(this.#database, { table: 'kept_replies', now });
  }

  #open(sealed: string, hash: string): string | undefined {
    try {
      return this.#secrets.open(sealed, hash);
    } catch (error) {
      if (error instanceof SealBrokenError) return undefined;
      throw error;
    }
  }

  /** Deletes all but the latest of a session. */
  #tooManyOf(sessionHash: string) {
    const { builder } = this.#database;
    const ofSession = builder.selectFrom('kept_replies').where('session_hash', '=', sessionHash);
    const latestTooMany = ofSession.select('expires_at').orderBy('expires_at', 'desc').limit(1).offset(MOST_OF_SESSION);
    const deletion = builder.deleteFrom('kept_replies').where('session_hash', '=', sessionHash);
    return deletion.where('expires_at', '<=', latestTooMany);
  }
}

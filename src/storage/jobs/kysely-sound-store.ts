import type { SoundContent, StoredSound } from '../../features/jobs/job-store.ts';
import type { Sound } from '../../features/jobs/model.ts';
import type { Database } from '../database.ts';
import { run } from '../unit-of-work.ts';

/** Uploaded sounds in SQL. */
export class KyselySoundStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async sounds(userId: string): Promise<readonly Sound[]> {
    const query = this.#database.builder
      .selectFrom('sounds')
      .select(['name', 'duration_ms as durationMs', 'changed_at as changedAt'])
      .select((row) => row.fn<number>('length', ['file']).as('bytes'))
      .where('user_id', '=', userId)
      .orderBy('name');
    return this.#database.read(query.compile());
  }

  async sound(userId: string, name: string): Promise<StoredSound | undefined> {
    const query = this.#database.builder
      .selectFrom('sounds')
      .selectAll()
      .where('user_id', '=', userId)
      .where('name', '=', name);
    const [row] = await this.#database.read(query.compile());
    if (row === undefined) return undefined;
    const { duration_ms: durationMs, changed_at: changedAt, file } = row;
    // A copy: its bytes begin where numbers of 16 bits may begin.
    const pcm = new Int16Array(Uint8Array.from(row.pcm).buffer);
    return { sound: { name, durationMs, bytes: file.length, changedAt }, file, pcm };
  }

  async putSound(userId: string, sound: Sound, { file, pcm }: SoundContent, most: number): Promise<boolean> {
    const { builder } = this.#database;
    const content = {
      duration_ms: sound.durationMs,
      changed_at: sound.changedAt,
      file: Buffer.from(file),
      pcm: Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength),
    };
    const insert = builder
      .insertInto('sounds')
      .values({ user_id: userId, name: sound.name, ...content })
      .onConflict((conflict) => conflict.columns(['user_id', 'name']).doUpdateSet(content));
    const count = builder
      .selectFrom('sounds')
      .select((each) => each.fn.countAll<number>().as('count'))
      .where('user_id', '=', userId)
      .where('name', '<>', sound.name);
    return this.#database.write(function* () {
      const { rows } = yield* run(count.compile());
      if ((rows[0]?.count ?? 0) >= most) return false;
      yield* run(insert.compile());
      return true;
    });
  }

  async deleteSound(userId: string, name: string): Promise<boolean> {
    const deletion = this.#database.builder.deleteFrom('sounds').where('user_id', '=', userId).where('name', '=', name);
    const { changes } = await this.#database.write(() => run(deletion.compile()));
    return changes > 0;
  }
}

import type { WallClock } from '../../shared/clock.ts';
import { AppError } from '../../shared/errors.ts';
import { InvalidSoundError, JobsNotFoundError, TooManyJobsError } from './errors.ts';
import type { JobStore } from './job-store.ts';
import { MOST_SOUNDS } from './limits.ts';
import type { Sound } from './model.ts';
import { SOUND_NAME } from './script.ts';

/**
 * Reads a WAV file as PCM of 16 bits, 8000 samples a second, beside the event loop. It rejects with an `invalid` AppError whose
 * message is for the user where the file is none.
 */
export type ReadWav = (file: Uint8Array) => Promise<Int16Array>;

export interface SoundServiceOptions {
  readonly store: Pick<JobStore, 'deleteSound' | 'putSound' | 'sound' | 'sounds'>;
  readonly readWav: ReadWav;
  readonly clock: WallClock;
}

const MOST_BYTES = 4 * 1024 * 1024;
const SAMPLES_A_MS = 8;

/** The sounds of users, for their scripts to play. */
export class SoundService {
  readonly #options: SoundServiceOptions;

  constructor(options: SoundServiceOptions) {
    this.#options = options;
  }

  list(userId: string): Promise<readonly Sound[]> {
    return this.#options.store.sounds(userId);
  }

  /**
   * A sound, and the file as it was uploaded.
   * @throws JobsNotFoundError where there is none of that name
   */
  async find(userId: string, name: string): Promise<{ readonly sound: Sound; readonly file: Uint8Array }> {
    const found = await this.#options.store.sound(userId, name);
    if (found === undefined) throw new JobsNotFoundError('sound');
    return { sound: found.sound, file: found.file };
  }

  /**
   * Keeps a sound; one of the same name is replaced.
   * @throws InvalidSoundError where the name or the file cannot be used
   * @throws TooManyJobsError where the user has as many as are kept
   */
  async put(userId: string, name: string, file: Uint8Array): Promise<Sound> {
    const { store, clock } = this.#options;
    if (!SOUND_NAME.test(name)) {
      throw new InvalidSoundError('The name of a sound has small letters, digits, _ and -, 64 at the most.');
    }
    const pcm = await this.#read(file);
    const durationMs = Math.round(pcm.length / SAMPLES_A_MS);
    const sound = { name, durationMs, bytes: file.length, changedAt: clock.now() };
    if (await store.putSound(userId, sound, { file, pcm }, MOST_SOUNDS)) return sound;
    throw new TooManyJobsError(`You have ${MOST_SOUNDS} sounds, as many as are kept. Delete one first.`);
  }

  /**
   * Scripts that play it end as `Error` from now on.
   * @throws JobsNotFoundError where there is none of that name
   */
  async delete(userId: string, name: string): Promise<void> {
    if (!(await this.#options.store.deleteSound(userId, name))) throw new JobsNotFoundError('sound');
  }

  async #read(file: Uint8Array): Promise<Int16Array> {
    if (file.length > MOST_BYTES) throw new InvalidSoundError('The file is larger than 4 MB.');
    try {
      return await this.#options.readWav(file);
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'invalid') throw error;
      throw new InvalidSoundError(error.message, { cause: error });
    }
  }
}

import type { IdSource } from '../../src/shared/ids.ts';
import { seededRandom } from './seeded-random.ts';

/** Identifiers, and the pauses that are drawn from them, which are the same in each run of a test. */
export const createSeededIds = (seed: number): IdSource => {
  const draw = seededRandom(seed);
  return {
    random: (bits) =>
      Buffer.from(Array.from({ length: Math.ceil(bits / 8) }, () => Math.floor(draw() * 256))).toString('base64url'),
  };
};

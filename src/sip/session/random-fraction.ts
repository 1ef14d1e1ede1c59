import type { IdSource } from '../../shared/ids.ts';

/** A random number from 0 to below 1. */
export const randomFraction = (ids: IdSource): number =>
  Buffer.from(ids.random(32), 'base64url').readUInt16BE(0) / 2 ** 16;

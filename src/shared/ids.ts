import { randomBytes } from 'node:crypto';

/** A source of randomness, as an argument, so that tests can foresee it. */
export interface IdSource {
  /** `bits` of randomness in base64url (RFC 4648 section 5, no padding). */
  random(bits: number): string;
}

const POOL_BYTES = 8192;

/** Draws from the system's generator a pool at a time: one system call for some hundred identifiers. */
export const createSystemIds = (): IdSource => {
  let pool = Buffer.alloc(0);
  let offset = 0;
  return {
    random: (bits) => {
      const size = Math.ceil(bits / 8);
      if (offset + size > pool.length) {
        pool = randomBytes(Math.max(POOL_BYTES, size));
        offset = 0;
      }
      const id = pool.toString('base64url', offset, offset + size);
      pool.fill(0, offset, offset + size);
      offset += size;
      return id;
    },
  };
};

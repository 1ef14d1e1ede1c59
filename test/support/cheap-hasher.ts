import { createPasswordHasher, type PasswordHasher } from '../../src/oauth/model/secrets.ts';

/** The hasher of production at the least cost that argon2 takes: what guessing costs has tests of its own. */
export const createCheapHasher = (): PasswordHasher =>
  createPasswordHasher({ memoryCost: 8, timeCost: 1, parallelism: 1 });

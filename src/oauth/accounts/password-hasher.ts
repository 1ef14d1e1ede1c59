import { hash, verify } from '@node-rs/argon2';

/** argon2id over people's passwords. */
export interface PasswordHasher {
  /** @returns the PHC string to store */
  hash(password: string): Promise<string>;
  /** Compares with a stored hash, or with nobody's: the answer is `false` then, and costs the same. */
  verify(password: string, stored: string | undefined): Promise<boolean>;
}

/**
 * OWASP's smallest recommendation, some 20 ms. Argon2id is the library's default, and cannot be named: its type is a
 * const enum, which is no value.
 */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** No password has this hash; its cost is the one above. */
const nobodys = '$argon2id$v=19$m=19456,t=2,p=1$b2ZmaG9va29mZmhvb2tvZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

export const createPasswordHasher = (): PasswordHasher => ({
  hash: (password) => hash(password.normalize('NFC'), cost),
  verify: async (password, stored) => {
    const matches = await verify(stored ?? nobodys, password.normalize('NFC'));
    return matches && stored !== undefined;
  },
});

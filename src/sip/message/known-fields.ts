import { compactNames, longNames } from './header-names.ts';

interface KnownField {
  readonly name: string;
  /** The spelling that leads to it, in lower case. */
  readonly codes: Uint8Array;
}

const SLOTS = 1024;
/** Turns the capital letters of a token small; no two characters of a token become the same otherwise. */
const SMALL = 0x20;

/** Folds the next character of a field name into the hash of those before it. */
export const hashStep = (hash: number, code: number): number => (Math.imul(hash, 31) + (code | SMALL)) | 0;

const slotOf = (hash: number): number => (hash ^ (hash >>> 10)) & (SLOTS - 1);

const slots: KnownField[][] = Array.from({ length: SLOTS }, () => []);

const add = (spelling: string, name: string): void => {
  const codes = new Uint8Array(Buffer.from(spelling));
  slots[slotOf(codes.reduce(hashStep, 0))]?.push({ name, codes });
};

for (const name of longNames) add(name, name);
for (const [compact, name] of compactNames) add(compact, name);

const matches = (codes: Uint8Array, bytes: Uint8Array, from: number): boolean => {
  for (let index = 0; index < codes.length; index += 1) {
    if (codes[index] !== ((bytes[from + index] ?? 0) | SMALL)) return false;
  }
  return true;
};

/**
 * The long name of the field whose name stands between `from` and `to`, in whatever case or compact form; undefined
 * where it is none of the usual ones. Makes no string: that is a third of the cost of parsing a message.
 */
export const findKnownField = (bytes: Uint8Array, from: number, to: number, hash: number): string | undefined => {
  for (const { name, codes } of slots[slotOf(hash)] ?? []) {
    if (codes.length === to - from && matches(codes, bytes, from)) return name;
  }
  return undefined;
};

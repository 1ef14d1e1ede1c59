import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CallSearch, Position, Whose } from './model.ts';

/** Both numbers of a position fit. */
const NUMBER_BYTES = 6;
const POSITION_BYTES = 2 * NUMBER_BYTES;
const SIGNATURE_BYTES = 10;
const CURSOR_BYTES = POSITION_BYTES + SIGNATURE_BYTES;
const BASE64URL = /^[\w-]+$/;

const nameOf = (whose: Whose): readonly string[] => {
  if (whose.kind === 'everybody') return [whose.kind];
  return whose.kind === 'user' ? [whose.kind, whose.userId] : [whose.kind, whose.clientId];
};

/** What a walk through pages is of: a cursor leads nowhere in another one. */
const identify = ({ whose, state, since, until, number, outcome, clientId, username }: CallSearch): string =>
  JSON.stringify([nameOf(whose), state, since, until, number?.kind, number?.digits, outcome, clientId, username]);

/** Where a page ended, opaque to whoever keeps it, and good for the search that it is of alone. */
export class Cursors {
  readonly #key: Buffer;

  /** @param key - a secret of the installation */
  constructor(key: Buffer) {
    this.#key = key;
  }

  write(search: CallSearch, { createdAt, id }: Position): string {
    const bytes = Buffer.alloc(POSITION_BYTES);
    bytes.writeUIntBE(createdAt, 0, NUMBER_BYTES);
    bytes.writeUIntBE(id, NUMBER_BYTES, NUMBER_BYTES);
    return Buffer.concat([bytes, this.#sign(search, bytes)]).toString('base64url');
  }

  /** @returns undefined where it is none, or that of another search or installation */
  read(search: CallSearch, cursor: string): Position | undefined {
    if (!BASE64URL.test(cursor)) return undefined;
    const bytes = Buffer.from(cursor, 'base64url');
    if (bytes.length !== CURSOR_BYTES) return undefined;
    const position = bytes.subarray(0, POSITION_BYTES);
    if (!timingSafeEqual(bytes.subarray(POSITION_BYTES), this.#sign(search, position))) return undefined;
    return {
      createdAt: position.readUIntBE(0, NUMBER_BYTES),
      id: position.readUIntBE(NUMBER_BYTES, NUMBER_BYTES),
    };
  }

  #sign(search: CallSearch, position: Buffer): Buffer {
    const signature = createHmac('sha256', this.#key).update(identify(search)).update(position).digest();
    return signature.subarray(0, SIGNATURE_BYTES);
  }
}

/** Where a reader of the feed is: all rows up to `row` are read, but for the last `left` events of `row` itself. */
export interface FeedPosition {
  readonly epoch: string;
  readonly row: number;
  readonly left: number;
}

const CURSOR = /^([\w-]{1,64})\.(\d{1,15})\.(\d{1,4})$/;

/** Opaque to whoever keeps it. */
export const writeCursor = ({ epoch, row, left }: FeedPosition): string =>
  Buffer.from(`${epoch}.${row}.${left}`).toString('base64url');

/** @returns undefined where it is no cursor of a feed */
export const readCursor = (cursor: string): FeedPosition | undefined => {
  const [, epoch, row, left] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return epoch === undefined ? undefined : { epoch, row: Number(row), left: Number(left) };
};

/**
 * Whether one cursor of a feed is after another one.
 * @returns false where one of them is none, or they are of two databases
 */
export const isAfter = (cursor: string, other: string): boolean => {
  const [one, two] = [readCursor(cursor), readCursor(other)];
  if (two === undefined || one?.epoch !== two.epoch) return false;
  return one.row === two.row ? one.left < two.left : one.row > two.row;
};

/** The cursor before a change, of the one after it: reading goes on with the change itself. */
export const beforeChange = (cursor: string): string => {
  const position = readCursor(cursor);
  return position === undefined ? cursor : writeCursor({ ...position, left: position.left + 1 });
};

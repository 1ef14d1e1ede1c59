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

/** Whether a change comes after what another cursor has read. One of another feed was written before it. */
export const comesAfter = (change: string, cursor: string): boolean => {
  const [one, other] = [readCursor(change), readCursor(cursor)];
  if (one === undefined || other?.epoch !== one.epoch) return true;
  return one.row > other.row || (one.row === other.row && one.left < other.left);
};

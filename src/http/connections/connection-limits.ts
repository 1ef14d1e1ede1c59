import { readOpenFilesLimit } from '../../shared/open-files.ts';

/** What the clients of an HTTP port may take of this process. */
export interface ConnectionLimits {
  readonly connections: number;
  /** With whole bodies and without a reply. */
  readonly requests: number;
  /** On top of them, for PUT: hanging up comes before everything else. */
  readonly reservedForPut: number;
  /** Requests whose body is awaited. */
  readonly bodies: number;
  /** Connections that have sent more than one request before the reply. */
  readonly ahead: number;
  /** A body may take so long, and longer by what it has sent. */
  readonly bodyMs: number;
  readonly bodyBytesPerSecond: number;
  /** A reply may be unread for so long, and longer by its size. */
  readonly unreadMs: number;
  readonly unreadBytesPerSecond: number;
  /** Of all replies that are not read. */
  readonly unreadBytes: number;
  readonly lookEveryMs: number;
}

const MOST_CONNECTIONS = 16_000;

/**
 * Half of the descriptors are left to SIP, RTP and the database.
 *
 * A body on a bad mobile link: a segment that is lost three times over is sent again after 1, 2 and 4 seconds, and a round trip
 * takes up to 2: 10 seconds. At 10 kbit/s the 16 kB that a call may have take 14: what has come buys time at 1 kB/s. Node's limit
 * on the whole request ends it after 30 in any case. A reply of 600 bytes is given 20 seconds, a list of 6 MB 25 minutes
 * at 4 kB/s; together they may hold 64 MB.
 */
export const defaultLimits = (): ConnectionLimits => ({
  connections: Math.min(MOST_CONNECTIONS, Math.floor(readOpenFilesLimit() / 2)),
  requests: 4000,
  reservedForPut: 1000,
  bodies: 1000,
  ahead: 500,
  bodyMs: 10_000,
  bodyBytesPerSecond: 1000,
  unreadMs: 20_000,
  unreadBytesPerSecond: 4000,
  unreadBytes: 64 * 1024 * 1024,
  lookEveryMs: 1000,
});

import type { MonotonicClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { DialogTable } from '../dialog/dialog-table.ts';
import type { ServerTransaction, TimerBase, Transactions } from '../transaction/transaction.ts';
import type { Locator } from '../transport/locate.ts';
import type { Hop } from '../transport/transport.ts';
import type { ExtraHeaders } from './session.ts';

/** What every session takes from its user agent. */
export interface SessionContext {
  readonly transactions: Transactions;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly timers: TimerBase;
  readonly dialogs: DialogTable;
  /** Finds where requests go. */
  readonly locator: Locator;
  /** The methods we take, for Allow. */
  readonly allow: string;
  /** How long a session may live without a sign of life, in seconds (RFC 4028). */
  readonly sessionExpiresSeconds: number;
  /** User-Agent, where we name ourselves. */
  readonly agentHeaders: ExtraHeaders;
  /** Our Contact as a peer at `hop` reaches it. */
  contact(hop: Hop): string;
  /** Answers a request in a dialog that is no matter of sessions. */
  answerOther(transaction: ServerTransaction): void;
}

import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { DialogTable } from '../dialog/dialog-table.ts';
import type { ServerTransaction, TimerBase, Transactions } from '../transaction/transaction.ts';
import type { Hop } from '../transport/transport.ts';
import type { ExtraHeaders } from './session.ts';

/** What every session takes from its user agent. */
export interface SessionContext {
  readonly transactions: Transactions;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly timers: TimerBase;
  readonly dialogs: DialogTable;
  /** The methods we take, for Allow. */
  readonly allow: string;
  /** User-Agent, where we name ourselves. */
  readonly agentHeaders: ExtraHeaders;
  /** Our Contact as a peer at `hop` reaches it. */
  contact(hop: Hop): string;
  /**
   * Finds where requests for a URI may go (RFC 3263), the best first, none where its name does not resolve. For an IP
   * literal `use` is called within this call, so that an ACK leaves in the turn of its 2xx.
   */
  locate(uri: string, use: (hops: readonly Hop[]) => void): void;
  /** Answers a request in a dialog that is no matter of sessions. */
  answerOther(transaction: ServerTransaction): void;
}

import type { Dialog } from '../dialog/dialog.ts';
import { keepBytes, releaseBytes, type KeptBytes } from '../transaction/kept-bytes.ts';
import type { Transactions } from '../transaction/transaction.ts';
import type { Hop } from '../transport/transport.ts';
import type { ExtraHeaders } from './session.ts';
import type { SessionContext } from './session-context.ts';
import { withNextHop } from './with-next-hop.ts';

interface AcknowledgedInvite {
  readonly sequence: number;
  /** Those of the INVITE are repeated (RFC 3261 section 22.1). */
  readonly credentials: ExtraHeaders;
}

/** The ACK of one 2xx, sent when made and again, the same bytes, for every repetition of that 2xx (section 13.2.2.4). */
export class SentAck {
  readonly #transactions: Transactions;
  #sent: { readonly data: KeptBytes; readonly hop: Hop } | undefined;

  constructor(context: SessionContext, dialog: Dialog, { sequence, credentials }: AcknowledgedInvite) {
    this.#transactions = context.transactions;
    const ack = dialog.createAck(sequence);
    for (const [name, value] of credentials) ack.headers.append(name, value);
    withNextHop(context, dialog, (hop) => {
      this.#sent = { data: keepBytes(context.transactions.sendAck(ack, hop)), hop };
    });
  }

  repeat(): void {
    if (this.#sent !== undefined) this.#transactions.resend(releaseBytes(this.#sent.data), this.#sent.hop);
  }
}

import type { Dialog } from '../dialog/dialog.ts';
import type { KeptBytes, Transactions } from '../transaction/transaction.ts';
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
  #sent: { readonly ack: KeptBytes; readonly hop: Hop } | undefined;

  constructor(context: SessionContext, dialog: Dialog, { sequence, credentials }: AcknowledgedInvite) {
    this.#transactions = context.transactions;
    const ack = dialog.createAck(sequence);
    for (const [name, value] of credentials) ack.headers.append(name, value);
    withNextHop(context, dialog, (hop) => {
      this.#sent = { ack: context.transactions.sendAck(ack, hop), hop };
    });
  }

  repeat(): void {
    if (this.#sent !== undefined) this.#transactions.resend(this.#sent.ack, this.#sent.hop);
  }
}

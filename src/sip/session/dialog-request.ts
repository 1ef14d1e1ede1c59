import { type Authorizer, credentialsOf } from '../auth/authorizer.ts';
import type { Dialog } from '../dialog/dialog.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import type { ClientTransaction, ClientTransactionUser } from '../transaction/transaction.ts';
import { SentAck } from './sent-ack.ts';
import type { SessionContext } from './session-context.ts';
import { withLongerSession } from './session-expires.ts';
import { withNextHop } from './with-next-hop.ts';

/** How a request ended. Without an answer the status is 408 or 503 (RFC 3261 section 8.1.3.1). */
export interface Final {
  readonly status: number;
  readonly response?: SipResponse;
}

/** A dialog, and what requests in it need. */
export interface DialogLine {
  readonly context: SessionContext;
  readonly dialog: Dialog;
  readonly authorizer: Authorizer | undefined;
}

/** A request that challenges itself in circles is given up after so many tries. */
const MAX_TRIES = 4;

/**
 * One request in a dialog until its final response: answers challenges, takes a new remote target, acknowledges the
 * 2xx of a re-INVITE before its caller hears of it.
 */
export class DialogRequest implements ClientTransactionUser {
  readonly #line: DialogLine;
  #request: SipRequest | undefined;
  #onFinal: ((final: Final) => void) | undefined;
  #transaction: ClientTransaction | undefined;
  #ack: SentAck | undefined;
  #tries = 0;

  private constructor(line: DialogLine, request: SipRequest, onFinal: (final: Final) => void) {
    this.#line = line;
    this.#request = request;
    this.#onFinal = onFinal;
  }

  /** Sends a request made by `line.dialog`; a Contact is added where it is a target refresh (section 12.2). */
  static send(line: DialogLine, request: SipRequest, onFinal: (final: Final) => void): DialogRequest {
    const sent = new DialogRequest(line, request, onFinal);
    sent.#send(request);
    return sent;
  }

  /** A re-INVITE of a dialog that is over: a peer that has said 100 to it may never say more (section 17.1.1.2). */
  cancel(): void {
    this.#transaction?.cancel();
  }

  onResponse(response: SipResponse): void {
    if (this.#ack !== undefined) this.#ack.repeat();
    else if (response.status >= 200 && !this.#retry(response)) this.#finish(response);
  }

  onTimeout(): void {
    this.#settle({ status: 408 });
  }

  onTransportError(): void {
    this.#settle({ status: 503 });
  }

  #send(request: SipRequest): void {
    const { context, dialog } = this.#line;
    this.#tries += 1;
    withNextHop(context, dialog, (hop) => {
      if (refreshesTarget(request.method) && !request.headers.has('contact')) {
        request.headers.append('contact', context.contact(hop));
      }
      this.#transaction = context.transactions.request(request, hop, this);
    });
  }

  #retry(response: SipResponse): boolean {
    const { dialog, authorizer } = this.#line;
    const refused = this.#request;
    if (refused === undefined || this.#tries >= MAX_TRIES) return false;
    const nextCSeq = (): number => dialog.takeLocalCSeq();
    const retry = withLongerSession(refused, response, nextCSeq) ?? authorizer?.retry(refused, response, nextCSeq);
    if (retry === undefined) return false;
    this.#request = retry;
    this.#send(retry);
    return true;
  }

  #finish(response: SipResponse): void {
    const { context, dialog } = this.#line;
    const request = this.#request;
    if (response.status < 300 && request !== undefined && refreshesTarget(request.method)) {
      dialog.refreshTarget(response);
      if (request.method === 'INVITE') {
        this.#ack = new SentAck(context, dialog, {
          sequence: response.cseq.sequence,
          credentials: credentialsOf(request),
        });
      }
    }
    this.#settle({ status: response.status, response });
  }

  #settle(final: Final): void {
    const onFinal = this.#onFinal;
    this.#request = this.#transaction = this.#onFinal = undefined;
    onFinal?.(final);
  }
}

const refreshesTarget = (method: string): boolean => method === 'INVITE' || method === 'UPDATE';

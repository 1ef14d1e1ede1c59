import type { Authorizer } from '../auth/authorizer.ts';
import { Dialog, type DialogOrigin } from '../dialog/dialog.ts';
import type { SipResponse } from '../message/message.ts';
import type { ClientTransactionUser } from '../transaction/transaction.ts';
import { DialogRequest } from './dialog-request.ts';
import { SentAck } from './sent-ack.ts';
import type { ExtraHeaders } from './session.ts';
import type { SessionContext } from './session-context.ts';

/** The session that sent an INVITE. */
export interface InviteOwner {
  onProvisional(response: SipResponse): void;
  onRefused(response: SipResponse): void;
  onTimeout(): void;
  onTransportError(error: Error): void;
  /** @returns the dialog of a 2xx that the session takes; undefined where it has one or has ended */
  takeAnswer(response: SipResponse): Dialog | undefined;
  /** The ACK for the 2xx that was taken has left. */
  onAcknowledged(response: SipResponse): void;
}

export interface SentInviteOptions {
  readonly context: SessionContext;
  readonly origin: DialogOrigin;
  readonly credentials: ExtraHeaders;
  readonly authorizer: Authorizer | undefined;
}

/**
 * The user of an INVITE transaction, which outlives its session: for 64 T1 it acknowledges every repeated 2xx, and
 * every 2xx of another fork, which gets a BYE as well (RFC 3261 section 13.2.2.4).
 */
export class SentInvite implements ClientTransactionUser {
  readonly #options: SentInviteOptions;
  #owner: InviteOwner | undefined;
  #acks: Map<string, SentAck> | undefined;

  constructor(owner: InviteOwner, options: SentInviteOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /** The session has ended or has its dialog: whatever comes now is ours alone. */
  release(): void {
    this.#owner = undefined;
  }

  onResponse(response: SipResponse): void {
    if (response.status < 200) this.#owner?.onProvisional(response);
    else if (response.status < 300) this.#acknowledge(response);
    else this.#owner?.onRefused(response);
  }

  onTimeout(): void {
    this.#owner?.onTimeout();
  }

  onTransportError(error: Error): void {
    this.#owner?.onTransportError(error);
  }

  /** The session has its dialog: whatever comes after this is ours alone. */
  #handOver(response: SipResponse): void {
    const owner = this.#owner;
    this.release();
    owner?.onAcknowledged(response);
  }

  #acknowledge(response: SipResponse): void {
    const toTag = response.to.tag ?? '';
    const known = this.#acks?.get(toTag);
    if (known !== undefined) {
      known.repeat();
      return;
    }
    const { context, origin, credentials, authorizer } = this.#options;
    const taken = this.#owner?.takeAnswer(response);
    const dialog = taken ?? Dialog.ofResponse(response, origin);
    const ack = new SentAck(context, dialog, { sequence: response.cseq.sequence, credentials });
    this.#acks = (this.#acks ?? new Map<string, SentAck>()).set(toTag, ack);
    if (taken !== undefined) this.#handOver(response);
    else DialogRequest.send({ context, dialog, authorizer }, dialog.createRequest('BYE'), () => undefined);
  }
}

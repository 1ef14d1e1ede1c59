import type { SipRequest, SipResponse } from '../message/message.ts';
import type { Arrival, Hop } from '../transport/transport.ts';

/** The base timers of RFC 3261 section 17.1.1.1, in milliseconds. All others derive from them. */
export interface TimerBase {
  readonly t1: number;
  readonly t2: number;
  readonly t4: number;
}

export const defaultTimers: TimerBase = { t1: 500, t2: 4000, t4: 5000 };

/**
 * The bytes of a message that may have to be sent again, as a one-byte string. A Buffer costs some 200 bytes more,
 * and a slice of Node's pool would hold 8 kB for as long as the transaction lingers.
 */
export type KeptBytes = string;

/** What a client transaction reports to its user. Never called within the call that starts the transaction. */
export interface ClientTransactionUser {
  /**
   * Each provisional response and the first final one. For INVITE also every 2xx that follows the first, the same
   * again (lost ACK) or of another fork (RFC 6026 section 7.2): the user acknowledges 2xx, the transaction the rest.
   */
  onResponse(response: SipResponse): void;
  /** Timer B or F fired: no answer. Treat as 408 (RFC 3261 section 8.1.3.1). */
  onTimeout(): void;
  /** The request could not be sent. Treat as 503. */
  onTransportError(error: Error): void;
}

/** Added to a CANCEL as they are, e.g. Reason (RFC 3326). */
export type CancelHeaders = readonly (readonly [name: string, value: string])[];

export interface ClientTransaction {
  readonly branch: string;
  readonly request: SipRequest;
  readonly hop: Hop;
  /**
   * For INVITE only: sends CANCEL in a transaction of its own, at once when a provisional response has been seen,
   * else as soon as one is (RFC 3261 section 9.1). Where 64 T1 pass after the CANCEL without a final response, the
   * user gets `onTimeout`. After a final response, or twice, it does nothing.
   */
  cancel(headers?: CancelHeaders): void;
}

export interface ServerTransaction {
  readonly request: SipRequest;
  readonly arrival: Arrival;
  /**
   * Sends a response and keeps it for retransmissions. For INVITE non-2xx finals are repeated until their ACK
   * (timers G, H); a 2xx is repeated by the caller, by calling this again (RFC 6026: state accepted, timer L).
   */
  respond(response: SipResponse): void;
  /**
   * Answers and keeps nothing (RFC 3261 section 8.2.7): each copy of the request is handed up and answered anew, with the
   * same To tag, nothing is sent twice of itself, and an ACK of it goes nowhere. For what is answered within `onRequest`
   * and changes nothing.
   */
  answerOnce(status: number, headers?: readonly (readonly [name: string, value: string])[]): void;
  /** INVITE non-2xx: no ACK within 64 T1. INVITE: the CANCEL that matched it; the 200 to the CANCEL was sent already. */
  onCancel: ((cancel: SipRequest) => void) | undefined;
  onTransportError: ((error: Error) => void) | undefined;
}

/** What takes the requests that come in: the layer above. Set before the transport starts. */
export interface TransactionLayerUser {
  /** A new request, never ACK, never a matched CANCEL or a retransmission. It must get a response. */
  onRequest(transaction: ServerTransaction): void;
  /** An ACK that belongs to no non-2xx final: the ACK of a 2xx, once per arrival. */
  onAck(ack: SipRequest, arrival: Arrival): void;
}

/** Transactions over one transport (RFC 3261 section 17 with RFC 6026). Knows neither dialogs nor calls. */
export interface Transactions {
  /** Puts the top Via with a fresh branch (z9hG4bK) into the request and starts a client transaction. */
  request(request: SipRequest, hop: Hop, user: ClientTransactionUser): ClientTransaction;

  /** Sends the ACK of a 2xx: its own branch, no transaction (RFC 3261 section 13.2.2.4). @returns what was sent */
  sendAck(ack: SipRequest, hop: Hop): KeptBytes;

  /** Sends the same bytes again: an ACK for a repeated 2xx. */
  resend(sent: KeptBytes, hop: Hop): void;

  user: TransactionLayerUser;

  /** Drops all transactions without a word. */
  close(): void;
}

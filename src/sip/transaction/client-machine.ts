import type { SipRequest, SipResponse } from '../message/message.ts';
import { printMessage } from '../message/print.ts';
import type { Hop } from '../transport/transport.ts';
import { createAck, createCancel } from './ack-and-cancel.ts';
import { type ClientAction, type ClientInput, inviteClientTable, nonInviteClientTable } from './client-tables.ts';
import { guard, keepBytes, Machine, type MachineHost, releaseBytes } from './machine.ts';
import type { CancelHeaders, ClientTransactionUser, KeptBytes } from './transaction.ts';

/** A request that is ready to leave. */
export interface Outbound {
  readonly key: string;
  readonly request: SipRequest;
  /** The request as printed. */
  readonly data: Buffer;
  readonly hop: Hop;
  readonly user: ClientTransactionUser;
}

export interface ClientHost extends MachineHost {
  /** Sends the CANCEL of an INVITE, with its branch, in a transaction of its own. */
  sendCancel(cancel: Omit<Outbound, 'key' | 'user'>, branch: string): void;
}

/** A CANCEL waits for the first provisional response and is sent once (RFC 3261 section 9.1). */
type Cancellation =
  { readonly kind: 'none' | 'sent' } | { readonly kind: 'wanted'; readonly cancel: SipRequest; readonly data: Buffer };

const NOT_CANCELLED: Cancellation = { kind: 'none' };
const CANCEL_SENT: Cancellation = { kind: 'sent' };

const INVITE_CLIENT = { table: inviteClientTable, initial: 'calling' } as const;
const NON_INVITE_CLIENT = { table: nonInviteClientTable, initial: 'trying' } as const;

/**
 * Runs one request that we send (RFC 3261 section 17.1): the request until it is answered, and its user until the final
 * response. What lingers holds only the ACK that it may have to repeat.
 */
export class ClientMachine extends Machine<ClientInput, ClientAction, SipResponse> {
  readonly method: string;
  declare protected readonly host: ClientHost;
  #request: SipRequest | undefined;
  #data: Buffer | undefined;
  #user: ClientTransactionUser | undefined;
  #failure: Error | undefined;
  #cancellation = NOT_CANCELLED;
  #ack: KeptBytes | undefined;

  constructor(host: ClientHost, outbound: Outbound) {
    super(host, outbound, outbound.request.method === 'INVITE' ? INVITE_CLIENT : NON_INVITE_CLIENT);
    this.method = outbound.request.method;
    this.#request = outbound.request;
    this.#data = outbound.data;
    this.#user = outbound.user;
  }

  /** Starts the timers of the initial state and sends the request. */
  start(): void {
    const isInvite = this.method === 'INVITE';
    this.startResending(isInvite ? 'timerA' : 'timerE');
    this.startLife(64 * this.host.timers.t1, isInvite ? 'timerB' : 'timerF');
    this.#send();
  }

  /** A response that matched (RFC 3261 section 17.1.3). */
  receive(response: SipResponse): void {
    const { status } = response;
    if (status < 200) this.take('1xx', response);
    else if (this.method !== 'INVITE') this.take('final', response);
    else this.take(status < 300 ? '2xx' : '3xx-6xx', response);
  }

  /** Nothing for other requests than INVITE, and after the final response. */
  cancel(headers: CancelHeaders): void {
    if (this.method !== 'INVITE' || this.#cancellation.kind !== 'none' || this.#request === undefined) return;
    const cancel = createCancel(this.#request, headers);
    this.#cancellation = { kind: 'wanted', cancel, data: printMessage(cancel) };
    this.take('cancel');
  }

  resendInvite(): void {
    this.continueResending('timerA', Infinity);
    this.#send();
  }

  resendRequest(): void {
    this.continueResending('timerE', this.host.timers.t2);
    this.#send();
  }

  /** Once the server works on it, the interval is T2 (RFC 3261 section 17.1.2.2). */
  resendRequestSlowly(): void {
    this.resendAfter(this.host.timers.t2, 'timerE');
    this.#send();
  }

  startTimerD(): void {
    this.startLinger(64 * this.host.timers.t1, 'timerD');
  }

  startTimerK(): void {
    this.startLinger(this.host.timers.t4, 'timerK');
  }

  startTimerM(): void {
    this.startLife(64 * this.host.timers.t1, 'timerM');
  }

  /** Nothing where the user has not asked for it. */
  sendCancel(): void {
    const cancellation = this.#cancellation;
    if (cancellation.kind !== 'wanted') return;
    this.#cancellation = CANCEL_SENT;
    this.startLife(64 * this.host.timers.t1, 'cancelExpired');
    const { cancel: request, data } = cancellation;
    this.host.sendCancel({ request, data, hop: this.hop }, this.key);
  }

  sendAck(response: SipResponse): void {
    if (this.#request === undefined) return;
    const data = printMessage(createAck(this.#request, response));
    this.#ack = this.reliable ? undefined : keepBytes(data);
    this.host.transport.send(data, this.hop);
  }

  resendAck(): void {
    if (this.#ack !== undefined) this.host.transport.send(releaseBytes(this.#ack), this.hop);
  }

  notifyResponse(response: SipResponse): void {
    guard(this.host.log, (message: SipResponse) => this.#user?.onResponse(message), response);
  }

  /** The user stays: every further 2xx is passed up until timer M. */
  notifyAccepted(response: SipResponse): void {
    this.#user = this.#release();
    this.notifyResponse(response);
  }

  /** The last that its user hears of it: from here on only retransmissions are answered. */
  notifyFinal(response: SipResponse): void {
    const user = this.#release();
    guard(this.host.log, (message: SipResponse) => user?.onResponse(message), response);
  }

  notifyTimeout(): void {
    const user = this.#release();
    guard(this.host.log, () => user?.onTimeout(), undefined);
  }

  notifySendFailed(): void {
    const user = this.#release();
    const failure = this.#failure ?? new Error('The request could not be sent.');
    guard(this.host.log, (error: Error) => user?.onTransportError(error), failure);
  }

  protected perform(action: ClientAction, response: SipResponse): void {
    this[action](response);
  }

  #send(): void {
    if (this.#data === undefined) return;
    this.host.transport.send(this.#data, this.hop, (error) => {
      this.#failure = error;
      this.take('sendFailed');
    });
  }

  /** Lets go of all that a retransmission does not need. */
  #release(): ClientTransactionUser | undefined {
    const user = this.#user;
    this.#cancellation = CANCEL_SENT;
    this.#request = this.#data = this.#user = undefined;
    return user;
  }
}

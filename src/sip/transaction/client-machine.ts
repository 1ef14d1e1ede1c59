import type { SipRequest, SipResponse } from '../message/message.ts';
import type { Hop } from '../transport/transport.ts';
import { Machine, type MachineHost } from './machine.ts';
import type { ClientTransactionUser } from './transaction.ts';

/** A request that is ready to leave. */
export interface Outbound {
  readonly key: string;
  readonly request: SipRequest;
  /** The request as printed. */
  readonly data: Buffer;
  readonly hop: Hop;
  readonly user: ClientTransactionUser;
}

/** What both client machines share: the request until it is answered, and the user until nothing is left to tell. */
export abstract class ClientMachine<State extends string, Input extends string, Action extends string> extends Machine<
  State,
  Input | 'sendFailed',
  Action,
  SipResponse
> {
  readonly method: string;
  protected request: SipRequest | undefined;
  protected data: Buffer | undefined;
  protected user: ClientTransactionUser | undefined;
  #failure: Error | undefined;

  constructor(host: MachineHost, outbound: Outbound, initial: State) {
    super(host, outbound.key, outbound.hop, initial);
    this.method = outbound.request.method;
    this.request = outbound.request;
    this.data = outbound.data;
    this.user = outbound.user;
  }

  /** Starts the timers of the initial state and sends the request. */
  abstract start(): void;

  /** A response that matched (RFC 3261 section 17.1.3). */
  abstract receive(response: SipResponse): void;

  protected sendRequest(): void {
    if (this.data === undefined) return;
    this.host.send(this.data, this.hop, (error) => {
      this.#failure = error;
      this.take('sendFailed');
    });
  }

  tellResponse(response: SipResponse): void {
    this.host.guard((message: SipResponse) => this.user?.onResponse(message), response);
  }

  /** Tells the last thing that this user is told: from here on only retransmissions are answered. */
  tellFinal(response: SipResponse): void {
    const user = this.release();
    this.host.guard((message: SipResponse) => user?.onResponse(message), response);
  }

  tellTimeout(): void {
    const user = this.release();
    this.host.guard(() => user?.onTimeout(), undefined);
  }

  tellSendFailed(): void {
    const user = this.release();
    const failure = this.#failure ?? new Error('The request could not be sent.');
    this.host.guard((error: Error) => user?.onTransportError(error), failure);
  }

  /** Lets go of all that a retransmission does not need. */
  protected release(): ClientTransactionUser | undefined {
    const { user } = this;
    this.request = this.data = this.user = undefined;
    return user;
  }
}

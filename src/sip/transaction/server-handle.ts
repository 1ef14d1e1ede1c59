import { createResponse } from '../message/create-response.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { printMessage } from '../message/print.ts';
import type { Arrival } from '../transport/transport.ts';
import type { MachineHost } from './machine.ts';
import type { Reply, Replying } from './server-machine.ts';
import type { ServerTransaction } from './transaction.ts';

/** The transaction as its user sees it. It knows its machine; the machine lets go of it at the final response. */
export class ServerHandle implements ServerTransaction {
  readonly request: SipRequest;
  readonly arrival: Arrival;
  onCancel: ((cancel: SipRequest) => void) | undefined;
  onTransportError: ((error: Error) => void) | undefined;
  readonly #machine: Replying;
  readonly #host: MachineHost;
  #last: SipResponse | undefined;

  constructor(request: SipRequest, arrival: Arrival, machine: Replying, host: MachineHost) {
    this.request = request;
    this.arrival = arrival;
    this.#machine = machine;
    this.#host = host;
  }

  respond(response: SipResponse): void {
    const reply = this.#reply(response);
    this.#last = response;
    this.#machine.respond(reply);
  }

  /** The To tag of the last response, where it had one: a CANCEL gets the same (RFC 3261 section 9.2). */
  get localTag(): string | undefined {
    return this.#last?.to.tag;
  }

  get answered(): boolean {
    return this.#last !== undefined && this.#last.status >= 200;
  }

  /** 100 (Trying), sent for a user who takes his time. */
  trying(): Reply {
    return this.#reply(createResponse(this.request, 100));
  }

  #reply(response: SipResponse): Reply {
    return {
      status: response.status,
      data: printMessage(response),
      onError: (error) => {
        this.#machine.take('sendFailed');
        this.#host.guard((failure: Error) => this.onTransportError?.(failure), error);
      },
    };
  }
}

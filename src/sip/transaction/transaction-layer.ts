import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { createResponse } from '../message/create-response.ts';
import type { SipMessage, SipRequest } from '../message/message.ts';
import type { Arrival, Hop, SipTransport } from '../transport/transport.ts';
import { ClientTransactions } from './client-transactions.ts';
import type { MachineHost } from './machine.ts';
import { ServerTransactions } from './server-transactions.ts';
import { TimerWheel } from './timer-wheel.ts';
import {
  defaultTimers,
  type ClientTransaction,
  type ClientTransactionUser,
  type TimerBase,
  type TransactionLayerUser,
  type Transactions,
} from './transaction.ts';

interface TransactionLayerOptions {
  readonly transport: SipTransport;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
  /** Other values are for private networks only (RFC 3261 section 17.1.1.1). */
  readonly timers?: TimerBase;
}

/** Until a user is set, requests are refused. */
const nobody: TransactionLayerUser = {
  onRequest: (transaction) => transaction.respond(createResponse(transaction.request, 503)),
  onAck: () => undefined,
};

/**
 * The transactions of one transport. Takes the transport's `onMessage`. A completed transaction keeps only the bytes
 * that it may have to send again, and lingers for as long as RFC 3261 and RFC 6026 say.
 */
export class TransactionLayer implements Transactions {
  user = nobody;
  readonly #transport: SipTransport;
  readonly #log: Log;
  readonly #clients: ClientTransactions;
  readonly #servers: ServerTransactions;

  constructor({ transport, clock, ids, log, timers = defaultTimers }: TransactionLayerOptions) {
    this.#transport = transport;
    this.#log = log;
    const host: Omit<MachineHost, 'forget'> = {
      wheel: new TimerWheel(clock),
      timers,
      send: (data, hop, onError) => transport.send(data, hop, onError),
      guard: (tell, argument) => this.#guard(tell, argument),
    };
    this.#clients = new ClientTransactions(host, transport, ids);
    this.#servers = new ServerTransactions(host, ids, log);
    transport.onMessage = (message, arrival) => this.#receive(message, arrival);
  }

  /** How many transactions there are, those that linger included. */
  get sizes(): { readonly clients: number; readonly servers: number } {
    return { clients: this.#clients.size, servers: this.#servers.size };
  }

  request(request: SipRequest, hop: Hop, user: ClientTransactionUser): ClientTransaction {
    return this.#clients.start(request, hop, user);
  }

  sendAck(ack: SipRequest, hop: Hop): Buffer {
    const sending = this.#clients.stamp(ack, hop);
    this.#transport.send(sending.data, sending.hop);
    return sending.data;
  }

  resend(data: Buffer, hop: Hop): void {
    this.#transport.send(data, hop);
  }

  close(): void {
    this.#clients.close();
    this.#servers.close();
  }

  #receive(message: SipMessage, arrival: Arrival): void {
    if (message.kind === 'response') this.#clients.receive(message);
    else this.#servers.receive(message, arrival, this.user);
  }

  /** A fault of one call must not end the others. */
  #guard<Argument>(tell: (argument: Argument) => void, argument: Argument): void {
    try {
      tell(argument);
    } catch (error) {
      this.#log.error({ err: error }, 'The user of a transaction failed');
    }
  }
}

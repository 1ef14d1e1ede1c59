import type { MonotonicClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { createResponse } from '../message/create-response.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { printMessage } from '../message/print.ts';
import type { Arrival, Hop, LocalAddress, SipTransport } from '../transport/transport.ts';
import { type ClientHost, ClientMachine, type Outbound } from './client-machine.ts';
import { keepBytes, releaseBytes } from './machine.ts';
import { clientKey, MAGIC_COOKIE } from './match-request.ts';
import { ServerTransactions } from './server-transactions.ts';
import { TimerWheel } from './timer-wheel.ts';
import {
  type CancelHeaders,
  type ClientTransaction,
  type ClientTransactionUser,
  defaultTimers,
  type KeptBytes,
  type TimerBase,
  type TransactionLayerUser,
  type Transactions,
} from './transaction.ts';

interface TransactionLayerOptions {
  readonly transport: SipTransport;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
  /** Other values are for private networks only (RFC 3261 section 17.1.1.1). */
  readonly timers?: TimerBase;
}

/** Until a user is set, requests are refused. */
const refusing: TransactionLayerUser = {
  onRequest: (transaction) => transaction.respond(createResponse(transaction.request, 503)),
  onAck: () => undefined,
};

/** The answer to a CANCEL is of no interest: what counts is the final response to its INVITE. */
const cancelUser: ClientTransactionUser = {
  onResponse: () => undefined,
  onTimeout: () => undefined,
  onTransportError: () => undefined,
};

const BRANCH_BITS = 96;
const BRANCH_LENGTH = MAGIC_COOKIE.length + BRANCH_BITS / 6;

/** Above this a request goes over a congestion controlled transport where it can (RFC 3261 section 18.1.1). */
const MAX_DATAGRAM_BYTES = 1300;

const viaFor = (local: LocalAddress, branch: string): string => {
  const rport = local.protocol === 'udp' ? ';rport' : '';
  return `SIP/2.0/${local.protocol.toUpperCase()} ${local.host}:${local.port};branch=${branch}${rport}`;
};

/**
 * The transactions of one transport. Takes the transport's `onMessage`. A completed transaction keeps only the bytes
 * that it may have to send again, and lingers for as long as RFC 3261 and RFC 6026 say.
 */
export class TransactionLayer implements Transactions, ClientHost {
  user = refusing;
  readonly transport: SipTransport;
  readonly wheel: TimerWheel;
  readonly timers: TimerBase;
  readonly log: Log;
  readonly #ids: IdSource;
  readonly #clients = new Map<string, ClientMachine>();
  readonly #servers: ServerTransactions;

  constructor({ transport, clock, ids, log, timers = defaultTimers }: TransactionLayerOptions) {
    this.transport = transport;
    this.wheel = new TimerWheel(clock);
    this.timers = timers;
    this.log = log;
    this.#ids = ids;
    this.#servers = new ServerTransactions({ transport, wheel: this.wheel, timers, ids, log });
    transport.onMessage = (message, arrival) => {
      if (message.kind === 'response') this.#receive(message, arrival);
      else this.#servers.receive(message, arrival, this.user);
    };
    transport.hasBranch = (text) => this.#clients.has(text.slice(0, BRANCH_LENGTH));
  }

  /** How many transactions there are, those that linger included. */
  get sizes(): { readonly clients: number; readonly servers: number } {
    return { clients: this.#clients.size, servers: this.#servers.size };
  }

  request(request: SipRequest, hop: Hop, user: ClientTransactionUser): ClientTransaction {
    const { branch, ...sending } = this.#stamp(request, hop);
    this.transport.know?.(sending.hop);
    const machine = new ClientMachine(this, { key: clientKey(branch, request.method), request, user, ...sending });
    this.#start(machine);
    return new ClientHandle(branch, request, sending.hop, machine);
  }

  sendCancel(cancel: Omit<Outbound, 'key' | 'user'>, branch: string): void {
    this.#start(new ClientMachine(this, { ...cancel, key: clientKey(branch, 'CANCEL'), user: cancelUser }));
  }

  sendAck(ack: SipRequest, hop: Hop): KeptBytes {
    const sending = this.#stamp(ack, hop);
    this.transport.send(sending.data, sending.hop);
    return keepBytes(sending.data);
  }

  resend(sent: KeptBytes, hop: Hop): void {
    this.transport.send(releaseBytes(sent), hop);
  }

  forget(key: string): void {
    this.#clients.delete(key);
  }

  close(): void {
    for (const machine of this.#clients.values()) machine.drop();
    this.#servers.close();
  }

  #start(machine: ClientMachine): void {
    this.#clients.set(machine.key, machine);
    machine.start();
  }

  /** Puts the top Via on a request that leaves for `hop`, or for the same peer over a reliable protocol if it is long. */
  #stamp(request: SipRequest, hop: Hop): { branch: string; data: Buffer; hop: Hop } {
    const branch = MAGIC_COOKIE + this.#ids.random(BRANCH_BITS);
    request.headers.prepend('via', viaFor(this.transport.localFor(hop), branch));
    request.forgetParsed();
    const data = printMessage(request);
    const reliable = data.length > MAX_DATAGRAM_BYTES ? this.transport.reliableHop?.(hop) : undefined;
    if (reliable === undefined) return { branch, data, hop };
    request.headers.replaceFirst('via', viaFor(this.transport.localFor(reliable), branch));
    request.forgetParsed();
    return { branch, data: printMessage(request), hop: reliable };
  }

  /** A response that matches nothing is dropped (RFC 3261 section 17.1.3, RFC 6026 section 7.2). */
  #receive(response: SipResponse, { source }: Arrival): void {
    const { branch } = response.topVia;
    const { method } = response.cseq;
    const machine = branch === undefined ? undefined : this.#clients.get(clientKey(branch, method));
    if (machine?.method === method) machine.receive(response);
    else this.transport.charge?.(source);
  }
}

/** The transaction as its user sees it. Its machine does not know it, so that it holds on to nothing. */
class ClientHandle implements ClientTransaction {
  readonly branch: string;
  readonly request: SipRequest;
  readonly hop: Hop;
  readonly #machine: ClientMachine;

  constructor(branch: string, request: SipRequest, hop: Hop, machine: ClientMachine) {
    this.branch = branch;
    this.request = request;
    this.hop = hop;
    this.#machine = machine;
  }

  cancel(headers: CancelHeaders = []): void {
    this.#machine.cancel(headers);
  }
}

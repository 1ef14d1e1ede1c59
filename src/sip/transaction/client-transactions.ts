import type { IdSource } from '../../shared/ids.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { printMessage } from '../message/print.ts';
import type { Hop, LocalAddress, SipTransport } from '../transport/transport.ts';
import type { Outbound } from './client-machine.ts';
import { InviteClient, type CancelHeaders } from './invite-client.ts';
import type { MachineHost } from './machine.ts';
import { clientKey, MAGIC_COOKIE } from './match-request.ts';
import { NonInviteClient } from './non-invite-client.ts';
import type { ClientTransaction, ClientTransactionUser } from './transaction.ts';

/** Above this a request goes over a congestion controlled transport where it can (RFC 3261 section 18.1.1). */
const MAX_DATAGRAM_BYTES = 1300;

/** Nobody waits for the answer to a CANCEL: what counts is the final response to its INVITE. */
const nobody: ClientTransactionUser = {
  onResponse: () => undefined,
  onTimeout: () => undefined,
  onTransportError: () => undefined,
};

const viaFor = (local: LocalAddress, branch: string): string => {
  const rport = local.protocol === 'udp' ? ';rport' : '';
  return `SIP/2.0/${local.protocol.toUpperCase()} ${local.host}:${local.port};branch=${branch}${rport}`;
};

/** The requests that we send: starts their machines, and finds the machine of a response. */
export class ClientTransactions {
  readonly #host: MachineHost;
  readonly #transport: SipTransport;
  readonly #ids: IdSource;
  readonly #machines = new Map<string, InviteClient | NonInviteClient>();
  readonly #startCancel = (cancel: Omit<Outbound, 'user'>): void =>
    this.#run(new NonInviteClient(this.#host, { ...cancel, user: nobody }));

  constructor(host: Omit<MachineHost, 'forget'>, transport: SipTransport, ids: IdSource) {
    this.#host = { ...host, forget: (key) => this.#machines.delete(key) };
    this.#transport = transport;
    this.#ids = ids;
  }

  get size(): number {
    return this.#machines.size;
  }

  start(request: SipRequest, hop: Hop, user: ClientTransactionUser): ClientTransaction {
    const { branch, ...sending } = this.stamp(request, hop);
    const outbound: Outbound = { key: clientKey(branch, request.method), request, user, ...sending };
    const machine =
      request.method === 'INVITE'
        ? new InviteClient(this.#host, outbound, this.#startCancel)
        : new NonInviteClient(this.#host, outbound);
    this.#run(machine);
    return new ClientHandle(branch, request, sending.hop, machine);
  }

  /** Puts the top Via on a request that leaves for `hop`, or for the same peer over a reliable protocol if it is long. */
  stamp(request: SipRequest, hop: Hop): { branch: string; data: Buffer; hop: Hop } {
    const branch = MAGIC_COOKIE + this.#ids.random(96);
    request.headers.prepend('via', viaFor(this.#transport.localFor(hop), branch));
    request.forgetParsed();
    const data = printMessage(request);
    const reliable = data.length > MAX_DATAGRAM_BYTES ? this.#transport.reliableHop?.(hop) : undefined;
    if (reliable === undefined) return { branch, data, hop };
    request.headers.replaceFirst('via', viaFor(this.#transport.localFor(reliable), branch));
    request.forgetParsed();
    return { branch, data: printMessage(request), hop: reliable };
  }

  /** A response that matches nothing is dropped (RFC 3261 section 17.1.3, RFC 6026 section 7.2). */
  receive(response: SipResponse): void {
    const { branch } = response.topVia;
    const { method } = response.cseq;
    if (branch === undefined) return;
    const machine = this.#machines.get(clientKey(branch, method));
    if (machine?.method === method) machine.receive(response);
  }

  close(): void {
    for (const machine of this.#machines.values()) machine.drop();
  }

  #run(machine: InviteClient | NonInviteClient): void {
    this.#machines.set(machine.key, machine);
    machine.start();
  }
}

/** The transaction as its user sees it. Its machine does not know it, so that it holds on to nothing. */
class ClientHandle implements ClientTransaction {
  readonly branch: string;
  readonly request: SipRequest;
  readonly hop: Hop;
  readonly #machine: InviteClient | NonInviteClient;

  constructor(branch: string, request: SipRequest, hop: Hop, machine: InviteClient | NonInviteClient) {
    this.branch = branch;
    this.request = request;
    this.hop = hop;
    this.#machine = machine;
  }

  cancel(headers: CancelHeaders = []): void {
    if (this.#machine instanceof InviteClient) this.#machine.cancel(headers);
  }
}

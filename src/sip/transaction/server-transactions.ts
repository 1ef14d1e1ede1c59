import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { createResponse } from '../message/create-response.ts';
import type { SipRequest } from '../message/message.ts';
import { responseHop } from '../transport/response-hop.ts';
import type { Arrival } from '../transport/transport.ts';
import { InviteServer } from './invite-server.ts';
import type { MachineHost } from './machine.ts';
import { serverKey } from './match-request.ts';
import { NonInviteServer } from './non-invite-server.ts';
import { ServerHandle } from './server-handle.ts';
import type { TransactionLayerUser } from './transaction.ts';

/** The requests that come in: finds the machine of each or starts one, and answers CANCEL. */
export class ServerTransactions {
  readonly #host: MachineHost;
  readonly #ids: IdSource;
  readonly #log: Log;
  readonly #machines = new Map<string, InviteServer | NonInviteServer>();

  constructor(host: Omit<MachineHost, 'forget'>, ids: IdSource, log: Log) {
    this.#host = { ...host, forget: (key) => this.#machines.delete(key) };
    this.#ids = ids;
    this.#log = log;
  }

  get size(): number {
    return this.#machines.size;
  }

  receive(request: SipRequest, arrival: Arrival, user: TransactionLayerUser): void {
    if (request.method === 'ACK') {
      this.#receiveAck(request, arrival, user);
      return;
    }
    const key = serverKey(request, request.method);
    const known = this.#machines.get(key);
    if (known !== undefined) {
      known.take('retransmission');
      return;
    }
    const handle = this.#open(key, request, arrival);
    if (request.method === 'CANCEL') this.#cancel(handle);
    else this.#tell(handle, user);
  }

  close(): void {
    for (const machine of this.#machines.values()) machine.drop();
  }

  /** The ACK of a non-2xx ends here (RFC 3261 section 17.2.1); any other is the user's (section 13.3.1.4). */
  #receiveAck(ack: SipRequest, arrival: Arrival, user: TransactionLayerUser): void {
    const invite = this.#machines.get(serverKey(ack, 'INVITE'));
    if (invite instanceof InviteServer && invite.state !== 'accepted') invite.take('ack');
    else this.#host.guard(() => user.onAck(ack, arrival), undefined);
  }

  #open(key: string, request: SipRequest, arrival: Arrival): ServerHandle {
    const hop = responseHop(request.topVia, arrival);
    if (request.method !== 'INVITE') {
      const machine = new NonInviteServer(this.#host, key, hop);
      this.#machines.set(key, machine);
      return new ServerHandle(request, arrival, machine, this.#host);
    }
    const machine = new InviteServer(this.#host, key, hop);
    this.#machines.set(key, machine);
    machine.handle = new ServerHandle(request, arrival, machine, this.#host);
    return machine.handle;
  }

  /** RFC 3261 section 9.2. A CANCEL changes nothing once the INVITE has its final response. */
  #cancel(handle: ServerHandle): void {
    const { request } = handle;
    const invite = this.#machines.get(serverKey(request, 'INVITE'));
    if (!(invite instanceof InviteServer)) {
      handle.respond(createResponse(request, 481, { toTag: this.#newTag() }));
      return;
    }
    const target = invite.handle;
    handle.respond(createResponse(request, 200, { toTag: target?.localTag ?? this.#newTag() }));
    this.#host.guard((cancel: SipRequest) => target?.onCancel?.(cancel), request);
  }

  #tell(handle: ServerHandle, user: TransactionLayerUser): void {
    try {
      user.onRequest(handle);
    } catch (error) {
      this.#log.error({ err: error, method: handle.request.method }, 'A request could not be handled');
      if (!handle.answered) handle.respond(createResponse(handle.request, 500, { toTag: this.#newTag() }));
    }
  }

  #newTag(): string {
    return this.#ids.random(64);
  }
}

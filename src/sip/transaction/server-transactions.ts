import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { createResponse } from '../message/create-response.ts';
import type { SipRequest } from '../message/message.ts';
import { responseHop } from '../transport/response-hop.ts';
import type { Arrival, SipTransport } from '../transport/transport.ts';
import { guard, type MachineHost } from './machine.ts';
import { serverKey } from './match-request.ts';
import { ServerHandle, ServerMachine, type StatelessTag } from './server-machine.ts';
import { createStatelessTag } from './stateless-tag.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { TimerBase, TransactionLayerUser } from './transaction.ts';

/** The requests that come in: finds the machine of each or starts one, and answers CANCEL. */
export class ServerTransactions implements MachineHost {
  readonly transport: SipTransport;
  readonly wheel: TimerWheel;
  readonly timers: TimerBase;
  readonly log: Log;
  readonly #ids: IdSource;
  readonly #statelessTag: StatelessTag;
  readonly #machines = new Map<string, ServerMachine>();

  constructor({ transport, wheel, timers, log, ids }: Omit<MachineHost, 'forget'> & { readonly ids: IdSource }) {
    this.transport = transport;
    this.wheel = wheel;
    this.timers = timers;
    this.log = log;
    this.#ids = ids;
    this.#statelessTag = createStatelessTag(ids);
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
    else this.#notify(handle, user);
  }

  forget(key: string): void {
    this.#machines.delete(key);
  }

  close(): void {
    for (const machine of this.#machines.values()) machine.drop();
  }

  /** The ACK of a non-2xx ends here (RFC 3261 section 17.2.1); any other is the user's (section 13.3.1.4). */
  #receiveAck(ack: SipRequest, arrival: Arrival, user: TransactionLayerUser): void {
    const invite = this.#machines.get(serverKey(ack, 'INVITE'));
    if (invite !== undefined && invite.state !== 'accepted') invite.take('ack');
    else guard(this.log, () => user.onAck(ack, arrival), undefined);
  }

  #open(key: string, request: SipRequest, arrival: Arrival): ServerHandle {
    const { method } = request;
    const machine = new ServerMachine(this, { key, hop: responseHop(request.topVia, arrival) }, method);
    this.#machines.set(key, machine);
    const handle = new ServerHandle({ request, arrival, machine, log: this.log, statelessTag: this.#statelessTag });
    if (method === 'INVITE') machine.handle = handle;
    return handle;
  }

  /** RFC 3261 section 9.2. A CANCEL changes nothing once the INVITE has its final response. */
  #cancel(handle: ServerHandle): void {
    const { request } = handle;
    const invite = this.#machines.get(serverKey(request, 'INVITE'));
    if (invite === undefined) {
      handle.answerOnce(481);
      return;
    }
    const target = invite.handle;
    handle.respond(createResponse(request, 200, { toTag: target?.localTag ?? this.#newTag() }));
    guard(this.log, (cancel: SipRequest) => target?.onCancel?.(cancel), request);
  }

  #notify(handle: ServerHandle, user: TransactionLayerUser): void {
    try {
      user.onRequest(handle);
    } catch (error) {
      this.log.error({ err: error, method: handle.request.method }, 'A request could not be handled');
      if (!handle.answered) handle.respond(createResponse(handle.request, 500, { toTag: this.#newTag() }));
    }
  }

  #newTag(): string {
    return this.#ids.random(64);
  }
}

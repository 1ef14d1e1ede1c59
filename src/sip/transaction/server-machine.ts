import type { Log } from '../../shared/log.ts';
import { createResponse, type ResponseOptions } from '../message/create-response.ts';
import type { SipRequest, SipResponse } from '../message/message.ts';
import { printMessage } from '../message/print.ts';
import type { Arrival, Hop } from '../transport/transport.ts';
import { guard, keepBytes, Machine, type MachineHost, releaseBytes } from './machine.ts';
import { inviteServerTable, nonInviteServerTable, type ServerAction, type ServerInput } from './server-tables.ts';
import type { KeptBytes, ServerTransaction } from './transaction.ts';

/** A response that is ready to leave. */
interface Reply {
  readonly status: number;
  readonly data: Buffer;
  readonly onError: (error: Error) => void;
}

/** How long the user may take before 100 (Trying) is sent for it (RFC 3261 section 17.2.1). */
const TRYING_AFTER_MS = 200;

const INVITE_SERVER = { table: inviteServerTable, initial: 'proceeding' } as const;
const NON_INVITE_SERVER = { table: nonInviteServerTable, initial: 'trying' } as const;

/**
 * Runs one request other than ACK that came in (RFC 3261 section 17.2): the last response, kept for as long as the
 * request may come again.
 */
export class ServerMachine extends Machine<ServerInput, ServerAction, Reply> {
  readonly method: string;
  /** Of an INVITE alone, until its final response: 100 (Trying) and a CANCEL need it. */
  handle: ServerHandle | undefined;
  #last: KeptBytes | undefined;

  constructor(host: MachineHost, way: { readonly key: string; readonly hop: Hop }, method: string) {
    super(host, way, method === 'INVITE' ? INVITE_SERVER : NON_INVITE_SERVER);
    this.method = method;
    if (method === 'INVITE') this.startLife(TRYING_AFTER_MS, 'timer100');
  }

  /** The transaction user answers. */
  respond(reply: Reply): void {
    const { status } = reply;
    if (this.method === 'INVITE' && status > 100 && status < 300) this.host.transport.know?.(this.hop);
    if (status < 200) this.take('1xx', reply);
    else if (this.method !== 'INVITE') this.take('final', reply);
    else this.take(status < 300 ? '2xx' : '3xx-6xx', reply);
  }

  /** Leaves nothing behind but the bytes on the wire. */
  sendAndForget(data: Buffer): void {
    this.drop();
    this.host.transport.send(data, this.hop);
  }

  sendTrying(): void {
    const trying = this.handle?.trying();
    if (trying !== undefined) this.sendReply(trying);
  }

  sendReply(reply: Reply): void {
    this.#last = keepBytes(reply.data);
    this.host.transport.send(reply.data, this.hop, reply.onError);
  }

  /** Sends a response that its user repeats, so that nothing is kept. */
  sendReplyOnce(reply: Reply): void {
    this.#last = undefined;
    this.host.transport.send(reply.data, this.hop, reply.onError);
  }

  resendReply(): void {
    if (this.#last !== undefined) this.host.transport.send(releaseBytes(this.#last), this.hop);
  }

  repeatReply(): void {
    this.continueResending('timerG', this.host.timers.t2);
    this.resendReply();
  }

  forgetReply(): void {
    this.#last = undefined;
  }

  releaseUser(): void {
    this.handle = undefined;
  }

  startTimerG(): void {
    this.startResending('timerG');
  }

  startTimerH(): void {
    this.startLife(64 * this.host.timers.t1, 'timerH');
  }

  startTimerI(): void {
    this.startLinger(this.host.timers.t4, 'timerI');
  }

  startTimerJ(): void {
    this.startLinger(64 * this.host.timers.t1, 'timerJ');
  }

  startTimerL(): void {
    this.startLife(64 * this.host.timers.t1, 'timerL');
  }

  protected perform(action: ServerAction, reply: Reply): void {
    this[action](reply);
  }
}

/** How the To tag of an answer without state is made. */
export type StatelessTag = (request: SipRequest) => string;

interface ServerHandleOptions {
  readonly request: SipRequest;
  readonly arrival: Arrival;
  readonly machine: ServerMachine;
  readonly log: Log;
  readonly statelessTag: StatelessTag;
}

/** The transaction as its user sees it. It knows its machine; the machine lets go of it at the final response. */
export class ServerHandle implements ServerTransaction {
  readonly request: SipRequest;
  readonly arrival: Arrival;
  onCancel: ((cancel: SipRequest) => void) | undefined;
  onTransportError: ((error: Error) => void) | undefined;
  readonly #machine: ServerMachine;
  readonly #log: Log;
  readonly #statelessTag: StatelessTag;
  #last: SipResponse | undefined;

  constructor({ request, arrival, machine, log, statelessTag }: ServerHandleOptions) {
    this.request = request;
    this.arrival = arrival;
    this.#machine = machine;
    this.#log = log;
    this.#statelessTag = statelessTag;
  }

  respond(response: SipResponse): void {
    const reply = this.#reply(response);
    this.#last = response;
    this.#machine.respond(reply);
  }

  answerOnce(status: number, headers?: ResponseOptions['headers']): void {
    if (this.#last !== undefined) return;
    this.#last = createResponse(this.request, status, { toTag: this.#statelessTag(this.request), headers });
    this.#machine.sendAndForget(printMessage(this.#last));
  }

  /** The To tag of the last response, where it had one: a CANCEL gets the same (RFC 3261 section 9.2). */
  get localTag(): string | undefined {
    return this.#last?.to.tag;
  }

  get answered(): boolean {
    return this.#last !== undefined && this.#last.status >= 200;
  }

  /** 100 (Trying), sent for a user that has not answered yet. */
  trying(): Reply {
    return this.#reply(createResponse(this.request, 100));
  }

  #reply(response: SipResponse): Reply {
    return {
      status: response.status,
      data: printMessage(response),
      onError: (error) => {
        this.#machine.take('sendFailed');
        guard(this.#log, (failure: Error) => this.onTransportError?.(failure), error);
      },
    };
  }
}

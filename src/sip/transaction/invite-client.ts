import type { SipRequest, SipResponse } from '../message/message.ts';
import { printMessage } from '../message/print.ts';
import { createAck } from './create-ack.ts';
import { createCancel } from './create-cancel.ts';
import { ClientMachine, type Outbound } from './client-machine.ts';
import { clientKey } from './match-request.ts';
import type { ClientTransactionUser } from './transaction.ts';
import { keepBytes, releaseBytes, type KeptBytes } from './kept-bytes.ts';
import type { MachineHost, TransitionTable } from './machine.ts';

type State = 'calling' | 'proceeding' | 'accepted' | 'completed';

type Input =
  '1xx' | '2xx' | '3xx-6xx' | 'cancel' | 'cancelExpired' | 'sendFailed' | 'timerA' | 'timerB' | 'timerD' | 'timerM';

type Action =
  | 'resendRequest'
  | 'stopTimers'
  | 'startTimerD'
  | 'startTimerM'
  | 'sendCancel'
  | 'sendAck'
  | 'resendAck'
  | 'tellResponse'
  | 'tellAccepted'
  | 'tellFinal'
  | 'tellTimeout'
  | 'tellSendFailed';

/** The INVITE client transaction (RFC 3261 section 17.1.1, with the accepted state of RFC 6026 section 7.2). */
export const inviteClientTable: TransitionTable<State, Input, Action> = {
  calling: {
    timerA: { next: 'calling', actions: ['resendRequest'] }, // RFC 3261 17.1.1.2
    timerB: { next: 'terminated', actions: ['tellTimeout'] }, // 17.1.1.2
    sendFailed: { next: 'terminated', actions: ['tellSendFailed'] }, // 17.1.4
    '1xx': { next: 'proceeding', actions: ['stopTimers', 'sendCancel', 'tellResponse'] }, // 17.1.1.2, 9.1
    '2xx': { next: 'accepted', actions: ['stopTimers', 'startTimerM', 'tellAccepted'] }, // RFC 6026 7.2
    '3xx-6xx': { next: 'completed', actions: ['stopTimers', 'sendAck', 'startTimerD', 'tellFinal'] }, // 17.1.1.2
  },
  proceeding: {
    cancel: { next: 'proceeding', actions: ['sendCancel'] }, // 9.1
    cancelExpired: { next: 'terminated', actions: ['tellTimeout'] }, // 9.1
    '1xx': { next: 'proceeding', actions: ['tellResponse'] }, // 17.1.1.2
    '2xx': { next: 'accepted', actions: ['stopTimers', 'startTimerM', 'tellAccepted'] }, // RFC 6026 7.2
    '3xx-6xx': { next: 'completed', actions: ['stopTimers', 'sendAck', 'startTimerD', 'tellFinal'] }, // 17.1.1.2
  },
  accepted: {
    '2xx': { next: 'accepted', actions: ['tellResponse'] }, // RFC 6026 7.2
    timerM: { next: 'terminated', actions: [] }, // RFC 6026 7.2
  },
  completed: {
    '3xx-6xx': { next: 'completed', actions: ['resendAck'] }, // 17.1.1.2
    timerD: { next: 'terminated', actions: [] }, // 17.1.1.2
  },
};

export type CancelHeaders = readonly (readonly [name: string, value: string])[];

/** Sends a CANCEL in a transaction of its own. Shared by all: a closure here would hold on to the request. */
type StartCancel = (cancel: Omit<Outbound, 'user'>) => void;

/** A CANCEL waits for the first provisional response and is sent once (RFC 3261 section 9.1). */
type Cancellation =
  { readonly kind: 'none' | 'sent' } | { readonly kind: 'wanted'; readonly cancel: SipRequest; readonly data: Buffer };

/** Runs one INVITE that we send. */
export class InviteClient extends ClientMachine<State, Input, Action> {
  protected readonly table = inviteClientTable;
  readonly #startCancel: StartCancel;
  #cancellation: Cancellation = { kind: 'none' };
  #ack: KeptBytes | undefined;

  constructor(host: MachineHost, outbound: Outbound, startCancel: StartCancel) {
    super(host, outbound, 'calling');
    this.#startCancel = startCancel;
  }

  start(): void {
    this.startResending('timerA');
    this.startLife(64 * this.host.timers.t1, 'timerB');
    this.sendRequest();
  }

  receive(response: SipResponse): void {
    if (response.status < 200) this.take('1xx', response);
    else this.take(response.status < 300 ? '2xx' : '3xx-6xx', response);
  }

  cancel(headers: CancelHeaders): void {
    if (this.#cancellation.kind !== 'none' || this.request === undefined) return;
    const cancel = createCancel(this.request, headers);
    this.#cancellation = { kind: 'wanted', cancel, data: printMessage(cancel) };
    this.take('cancel');
  }

  resendRequest(): void {
    this.continueResending('timerA', Infinity);
    this.sendRequest();
  }

  startTimerD(): void {
    this.startLinger(64 * this.host.timers.t1, 'timerD');
  }

  startTimerM(): void {
    this.startLife(64 * this.host.timers.t1, 'timerM');
  }

  /** Nothing where the user has not asked for it. */
  sendCancel(): void {
    const cancellation = this.#cancellation;
    if (cancellation.kind !== 'wanted') return;
    this.#cancellation = { kind: 'sent' };
    this.startLife(64 * this.host.timers.t1, 'cancelExpired');
    const { cancel: request, data } = cancellation;
    this.#startCancel({ key: clientKey(this.key, 'CANCEL'), request, data, hop: this.hop });
  }

  sendAck(response: SipResponse): void {
    if (this.request === undefined) return;
    const data = printMessage(createAck(this.request, response));
    this.#ack = this.reliable ? undefined : keepBytes(data);
    this.host.send(data, this.hop);
  }

  resendAck(): void {
    if (this.#ack !== undefined) this.host.send(releaseBytes(this.#ack), this.hop);
  }

  /** The user stays: every further 2xx is passed up until timer M. */
  tellAccepted(response: SipResponse): void {
    const user = this.release();
    this.user = user;
    this.tellResponse(response);
  }

  protected override release(): ClientTransactionUser | undefined {
    this.#cancellation = { kind: 'sent' };
    return super.release();
  }

  protected perform(action: Action, response: SipResponse): void {
    this[action](response);
  }
}

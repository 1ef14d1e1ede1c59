import type { SipResponse } from '../message/message.ts';
import { ClientMachine, type Outbound } from './client-machine.ts';
import type { MachineHost, TransitionTable } from './machine.ts';

type State = 'trying' | 'proceeding' | 'completed';

type Input = '1xx' | 'final' | 'sendFailed' | 'timerE' | 'timerF' | 'timerK';

type Action =
  | 'resendRequest'
  | 'resendRequestSlowly'
  | 'stopTimers'
  | 'startTimerK'
  | 'tellResponse'
  | 'tellFinal'
  | 'tellTimeout'
  | 'tellSendFailed';

/** The non-INVITE client transaction (RFC 3261 section 17.1.2). */
export const nonInviteClientTable: TransitionTable<State, Input, Action> = {
  trying: {
    timerE: { next: 'trying', actions: ['resendRequest'] }, // 17.1.2.2
    timerF: { next: 'terminated', actions: ['tellTimeout'] }, // 17.1.2.2
    sendFailed: { next: 'terminated', actions: ['tellSendFailed'] }, // 17.1.4
    '1xx': { next: 'proceeding', actions: ['tellResponse'] }, // 17.1.2.2
    final: { next: 'completed', actions: ['stopTimers', 'startTimerK', 'tellFinal'] }, // 17.1.2.2
  },
  proceeding: {
    timerE: { next: 'proceeding', actions: ['resendRequestSlowly'] }, // 17.1.2.2
    timerF: { next: 'terminated', actions: ['tellTimeout'] }, // 17.1.2.2
    sendFailed: { next: 'terminated', actions: ['tellSendFailed'] }, // 17.1.4
    '1xx': { next: 'proceeding', actions: ['tellResponse'] }, // 17.1.2.2
    final: { next: 'completed', actions: ['stopTimers', 'startTimerK', 'tellFinal'] }, // 17.1.2.2
  },
  completed: {
    timerK: { next: 'terminated', actions: [] }, // 17.1.2.2
  },
};

/** Runs one request other than INVITE and ACK that we send. */
export class NonInviteClient extends ClientMachine<State, Input, Action> {
  protected readonly table = nonInviteClientTable;

  constructor(host: MachineHost, outbound: Outbound) {
    super(host, outbound, 'trying');
  }

  start(): void {
    this.startResending('timerE');
    this.startLife(64 * this.host.timers.t1, 'timerF');
    this.sendRequest();
  }

  receive(response: SipResponse): void {
    this.take(response.status < 200 ? '1xx' : 'final', response);
  }

  resendRequest(): void {
    this.continueResending('timerE', this.host.timers.t2);
    this.sendRequest();
  }

  /** Once the server works on it, the interval is T2 (RFC 3261 section 17.1.2.2). */
  resendRequestSlowly(): void {
    this.resendAfter(this.host.timers.t2, 'timerE');
    this.sendRequest();
  }

  startTimerK(): void {
    this.startLinger(this.host.timers.t4, 'timerK');
  }

  protected perform(action: Action, response: SipResponse): void {
    this[action](response);
  }
}

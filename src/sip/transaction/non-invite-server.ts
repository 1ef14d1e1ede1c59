import type { Hop } from '../transport/transport.ts';
import type { MachineHost, TransitionTable } from './machine.ts';
import { ServerMachine, type Reply } from './server-machine.ts';

type State = 'trying' | 'proceeding' | 'completed';

type Input = 'retransmission' | '1xx' | 'final' | 'sendFailed' | 'timerJ';

type Action = 'sendReply' | 'resendReply' | 'startTimerJ';

/** The non-INVITE server transaction (RFC 3261 section 17.2.2). */
export const nonInviteServerTable: TransitionTable<State, Input, Action> = {
  trying: {
    '1xx': { next: 'proceeding', actions: ['sendReply'] }, // 17.2.2
    final: { next: 'completed', actions: ['startTimerJ', 'sendReply'] }, // 17.2.2
  },
  proceeding: {
    retransmission: { next: 'proceeding', actions: ['resendReply'] }, // 17.2.2
    '1xx': { next: 'proceeding', actions: ['sendReply'] }, // 17.2.2
    final: { next: 'completed', actions: ['startTimerJ', 'sendReply'] }, // 17.2.2
    sendFailed: { next: 'terminated', actions: [] }, // 17.2.4
  },
  completed: {
    retransmission: { next: 'completed', actions: ['resendReply'] }, // 17.2.2
    sendFailed: { next: 'terminated', actions: [] }, // 17.2.4
    timerJ: { next: 'terminated', actions: [] }, // 17.2.2
  },
};

/** Runs one request other than INVITE and ACK that came in. */
export class NonInviteServer extends ServerMachine<State, Input, Action> {
  protected readonly table = nonInviteServerTable;

  constructor(host: MachineHost, key: string, hop: Hop) {
    super(host, key, hop, 'trying');
  }

  respond(reply: Reply): void {
    this.take(reply.status < 200 ? '1xx' : 'final', reply);
  }

  startTimerJ(): void {
    this.startLinger(64 * this.host.timers.t1, 'timerJ');
  }

  protected perform(action: Action, reply: Reply): void {
    this[action](reply);
  }
}

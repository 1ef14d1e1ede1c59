import type { Hop } from '../transport/transport.ts';
import type { MachineHost, TransitionTable } from './machine.ts';
import type { ServerHandle } from './server-handle.ts';
import { ServerMachine, type Reply } from './server-machine.ts';

type State = 'proceeding' | 'accepted' | 'completed' | 'confirmed';

type Input =
  | 'retransmission'
  | '1xx'
  | '2xx'
  | '3xx-6xx'
  | 'ack'
  | 'sendFailed'
  | 'timer100'
  | 'timerG'
  | 'timerH'
  | 'timerI'
  | 'timerL';

type Action =
  | 'sendTrying'
  | 'sendReply'
  | 'sendReplyOnce'
  | 'resendReply'
  | 'repeatReply'
  | 'forgetReply'
  | 'releaseUser'
  | 'stopTimers'
  | 'startTimerG'
  | 'startTimerH'
  | 'startTimerI'
  | 'startTimerL';

/** The INVITE server transaction (RFC 3261 section 17.2.1, with the accepted state of RFC 6026 section 7.1). */
export const inviteServerTable: TransitionTable<State, Input, Action> = {
  proceeding: {
    timer100: { next: 'proceeding', actions: ['sendTrying'] }, // RFC 3261 17.2.1
    retransmission: { next: 'proceeding', actions: ['resendReply'] }, // 17.2.1
    '1xx': { next: 'proceeding', actions: ['stopTimers', 'sendReply'] }, // 17.2.1
    '2xx': { next: 'accepted', actions: ['stopTimers', 'startTimerL', 'releaseUser', 'sendReplyOnce'] }, // RFC 6026 7.1
    '3xx-6xx': { next: 'completed', actions: ['stopTimers', 'startTimerG', 'startTimerH', 'releaseUser', 'sendReply'] }, // 17.2.1
    sendFailed: { next: 'terminated', actions: ['releaseUser'] }, // 17.2.4
  },
  accepted: {
    '2xx': { next: 'accepted', actions: ['sendReplyOnce'] }, // RFC 6026 7.1
    timerL: { next: 'terminated', actions: [] }, // RFC 6026 7.1
  },
  completed: {
    retransmission: { next: 'completed', actions: ['resendReply'] }, // 17.2.1
    timerG: { next: 'completed', actions: ['repeatReply'] }, // 17.2.1
    timerH: { next: 'terminated', actions: [] }, // 17.2.1
    sendFailed: { next: 'terminated', actions: [] }, // 17.2.4
    ack: { next: 'confirmed', actions: ['stopTimers', 'forgetReply', 'startTimerI'] }, // 17.2.1
  },
  confirmed: {
    timerI: { next: 'terminated', actions: [] }, // 17.2.1
  },
};

/** How long the user may take before 100 (Trying) is sent for it (RFC 3261 section 17.2.1). */
const TRYING_AFTER_MS = 200;

/** Runs one INVITE that came in. */
export class InviteServer extends ServerMachine<State, Input, Action> {
  protected readonly table = inviteServerTable;
  /** Held until the final response. */
  handle: ServerHandle | undefined;

  constructor(host: MachineHost, key: string, hop: Hop) {
    super(host, key, hop, 'proceeding');
    this.startLife(TRYING_AFTER_MS, 'timer100');
  }

  respond(reply: Reply): void {
    if (reply.status < 200) this.take('1xx', reply);
    else this.take(reply.status < 300 ? '2xx' : '3xx-6xx', reply);
  }

  sendTrying(): void {
    const trying = this.handle?.trying();
    if (trying !== undefined) this.sendReply(trying);
  }

  repeatReply(): void {
    this.continueResending('timerG', this.host.timers.t2);
    this.resendReply();
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

  startTimerL(): void {
    this.startLife(64 * this.host.timers.t1, 'timerL');
  }

  protected perform(action: Action, reply: Reply): void {
    this[action](reply);
  }
}

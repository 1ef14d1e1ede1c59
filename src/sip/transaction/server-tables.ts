import type { TransitionTable } from './machine.ts';

/** What a server machine can do; each action is a method of `ServerMachine`. */
export type ServerAction =
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
  | 'startTimerJ'
  | 'startTimerL';

type InviteState = 'proceeding' | 'accepted' | 'completed' | 'confirmed';

type InviteInput =
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

/** The INVITE server transaction (RFC 3261 section 17.2.1, with the accepted state of RFC 6026 section 7.1). */
export const inviteServerTable: TransitionTable<InviteState, InviteInput, ServerAction> = {
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

type NonInviteState = 'trying' | 'proceeding' | 'completed';

type NonInviteInput = 'retransmission' | '1xx' | 'final' | 'sendFailed' | 'timerJ';

/** The non-INVITE server transaction (RFC 3261 section 17.2.2). */
export const nonInviteServerTable: TransitionTable<NonInviteState, NonInviteInput, ServerAction> = {
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

export type ServerInput = InviteInput | NonInviteInput;

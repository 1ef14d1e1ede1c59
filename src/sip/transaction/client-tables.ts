import type { TransitionTable } from './machine.ts';

/** What a client machine can do; each action is a method of `ClientMachine`. */
export type ClientAction =
  | 'resendInvite'
  | 'resendRequest'
  | 'resendRequestSlowly'
  | 'stopTimers'
  | 'startTimerD'
  | 'startTimerK'
  | 'startTimerM'
  | 'sendCancel'
  | 'sendAck'
  | 'resendAck'
  | 'notifyResponse'
  | 'notifyAccepted'
  | 'notifyFinal'
  | 'notifyTimeout'
  | 'notifySendFailed';

type InviteState = 'calling' | 'proceeding' | 'accepted' | 'completed';

type InviteInput =
  '1xx' | '2xx' | '3xx-6xx' | 'cancel' | 'cancelExpired' | 'sendFailed' | 'timerA' | 'timerB' | 'timerD' | 'timerM';

/** The INVITE client transaction (RFC 3261 section 17.1.1, with the accepted state of RFC 6026 section 7.2). */
export const inviteClientTable: TransitionTable<InviteState, InviteInput, ClientAction> = {
  calling: {
    timerA: { next: 'calling', actions: ['resendInvite'] }, // RFC 3261 17.1.1.2
    timerB: { next: 'terminated', actions: ['notifyTimeout'] }, // 17.1.1.2
    sendFailed: { next: 'terminated', actions: ['notifySendFailed'] }, // 17.1.4
    '1xx': { next: 'proceeding', actions: ['stopTimers', 'sendCancel', 'notifyResponse'] }, // 17.1.1.2, 9.1
    '2xx': { next: 'accepted', actions: ['stopTimers', 'startTimerM', 'notifyAccepted'] }, // RFC 6026 7.2
    '3xx-6xx': { next: 'completed', actions: ['stopTimers', 'sendAck', 'startTimerD', 'notifyFinal'] }, // 17.1.1.2
  },
  proceeding: {
    cancel: { next: 'proceeding', actions: ['sendCancel'] }, // 9.1
    cancelExpired: { next: 'terminated', actions: ['notifyTimeout'] }, // 9.1
    '1xx': { next: 'proceeding', actions: ['notifyResponse'] }, // 17.1.1.2
    '2xx': { next: 'accepted', actions: ['stopTimers', 'startTimerM', 'notifyAccepted'] }, // RFC 6026 7.2
    '3xx-6xx': { next: 'completed', actions: ['stopTimers', 'sendAck', 'startTimerD', 'notifyFinal'] }, // 17.1.1.2
  },
  accepted: {
    '2xx': { next: 'accepted', actions: ['notifyResponse'] }, // RFC 6026 7.2
    timerM: { next: 'terminated', actions: [] }, // RFC 6026 7.2
  },
  completed: {
    '3xx-6xx': { next: 'completed', actions: ['resendAck'] }, // 17.1.1.2
    timerD: { next: 'terminated', actions: [] }, // 17.1.1.2
  },
};

type NonInviteState = 'trying' | 'proceeding' | 'completed';

type NonInviteInput = '1xx' | 'final' | 'sendFailed' | 'timerE' | 'timerF' | 'timerK';

/** The non-INVITE client transaction (RFC 3261 section 17.1.2). */
export const nonInviteClientTable: TransitionTable<NonInviteState, NonInviteInput, ClientAction> = {
  trying: {
    timerE: { next: 'trying', actions: ['resendRequest'] }, // 17.1.2.2
    timerF: { next: 'terminated', actions: ['notifyTimeout'] }, // 17.1.2.2
    sendFailed: { next: 'terminated', actions: ['notifySendFailed'] }, // 17.1.4
    '1xx': { next: 'proceeding', actions: ['notifyResponse'] }, // 17.1.2.2
    final: { next: 'completed', actions: ['stopTimers', 'startTimerK', 'notifyFinal'] }, // 17.1.2.2
  },
  proceeding: {
    timerE: { next: 'proceeding', actions: ['resendRequestSlowly'] }, // 17.1.2.2
    timerF: { next: 'terminated', actions: ['notifyTimeout'] }, // 17.1.2.2
    sendFailed: { next: 'terminated', actions: ['notifySendFailed'] }, // 17.1.4
    '1xx': { next: 'proceeding', actions: ['notifyResponse'] }, // 17.1.2.2
    final: { next: 'completed', actions: ['stopTimers', 'startTimerK', 'notifyFinal'] }, // 17.1.2.2
  },
  completed: {
    timerK: { next: 'terminated', actions: [] }, // 17.1.2.2
  },
};

export type ClientInput = InviteInput | NonInviteInput;

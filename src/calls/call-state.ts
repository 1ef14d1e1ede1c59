/**
 * The states of a call and of its legs, as data.
 *
 *   created ──▶ calling ──▶ dialling ──▶ connected
 *      │           │            │            │
 *      └───────────┴────────────┴────────────┴──▶ ended
 */
export type CallState = 'created' | 'calling' | 'dialling' | 'connected' | 'ended';

export type LegState = 'created' | 'calling' | 'ringing' | 'answered' | 'ending' | 'ended';

/** The user's own phone is the caller, the number is the callee. */
export type LegRole = 'caller' | 'callee';

export type Outcome = 'completed' | 'busy' | 'declined' | 'no-answer' | 'unreachable' | 'failed' | 'cancelled' | 'lost';

export type EndedBy = 'user' | 'operator' | 'caller' | 'callee' | 'policy' | 'system';

/** Which states may follow a state. A call may end from anywhere and never leaves `ended`. */
export const callTransitions: Readonly<Record<CallState, readonly CallState[]>> = {
  created: ['calling', 'ended'],
  calling: ['dialling', 'ended'],
  dialling: ['connected', 'ended'],
  connected: ['ended'],
  ended: [],
};

/** Which states may follow a leg's state. A leg that was never called ends at once; the next address is called again. */
export const legTransitions: Readonly<Record<LegState, readonly LegState[]>> = {
  created: ['calling', 'ended'],
  calling: ['calling', 'ringing', 'answered', 'ending', 'ended'],
  // Of several phones one rings and another answers; after a trunk that rang and failed the next is tried.
  ringing: ['calling', 'answered', 'ending', 'ended'],
  answered: ['ending', 'ended'],
  ending: ['ended'],
  ended: [],
};

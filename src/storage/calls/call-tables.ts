import type { Generated } from 'kysely';
import type { CallState, EndedBy, LegRole, LegState, Outcome } from '../../calls/call-state.ts';

interface CallsTable {
  id: Generated<number>;
  token_call: string;
  user_id: string;
  username: string;
  client_id: string;
  number: string;
  state: CallState;
  outcome: Outcome | null;
  ended_by: EndedBy | null;
  ended_leg: LegRole | null;
  created_at: number;
  answered_at: number | null;
  connected_at: number | null;
  ended_at: number | null;
  node_id: string;
  epoch: number;
  /** Of the last event. */
  sequence: number;
  /** The last row of `call_events`; each of them names the one before it. */
  last_change: number | null;
  talk_ms: number | null;
  end_requested_by: EndedBy | null;
  /** 1: a test call. */
  is_test: Generated<number>;
}

interface LegsTable {
  call_id: number;
  role: LegRole;
  address: string;
  state: LegState;
  sip_status: number | null;
  q850_cause: number | null;
  reason: string | null;
  ringing_at: number | null;
  answered_at: number | null;
  ended_at: number | null;
  /** When `address` was called. */
  called_at: number | null;
  trunk: string | null;
}

/** One row for each write of a call. */
interface CallEventsTable {
  id: Generated<number>;
  call_id: number;
  previous: number | null;
  /** Of the first event in the row. */
  sequence: number;
  /** Of the first event in the row. */
  at: number;
  /** See event-codec.ts. */
  changes: string;
}

interface NodesTable {
  id: string;
  started_at: number;
  seen_at: number;
  beat: number;
}

interface IdempotencyKeysTable {
  user_id: string;
  client_id: string;
  key: string;
  fingerprint: string;
  token_call: string;
  expires_at: number;
}

/** The tables of the journal of calls. */
export interface CallTables {
  calls: CallsTable;
  legs: LegsTable;
  call_events: CallEventsTable;
  nodes: NodesTable;
  idempotency_keys: IdempotencyKeysTable;
}

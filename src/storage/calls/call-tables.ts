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
}

interface CallEventsTable {
  id: Generated<number>;
  call_id: number;
  sequence: number;
  name: string;
  at: number;
  payload: string;
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
  idempotency_keys: IdempotencyKeysTable;
}

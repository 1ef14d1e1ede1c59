import type { Kysely } from 'kysely';
import type { CallEvent, CallRecord, LegRecord } from '../../calls/call-store.ts';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';

/** A record with the number of the call that it belongs to. */
type OfCall<Record> = Record & { readonly callId: number };

/** The writes of the journal. */
export const compileCallWrites = (database: Kysely<Schema>) => ({
  insertCall: compileOnce((call: CallRecord) =>
    database
      .insertInto('calls')
      .values({
        token_call: call.tokenCall,
        user_id: call.userId,
        username: call.username,
        client_id: call.clientId,
        number: call.number,
        created_at: call.createdAt,
        ...callProgress(call),
      })
      .returning('id'),
  ),

  updateCall: compileOnce((call: CallRecord) =>
    database.updateTable('calls').set(callProgress(call)).where('token_call', '=', call.tokenCall).returning('id'),
  ),

  insertLeg: compileOnce((leg: OfCall<LegRecord>) =>
    database.insertInto('legs').values({ call_id: leg.callId, role: leg.role, ...legProgress(leg) }),
  ),

  updateLeg: compileOnce((leg: OfCall<LegRecord>) =>
    database.updateTable('legs').set(legProgress(leg)).where('call_id', '=', leg.callId).where('role', '=', leg.role),
  ),

  appendEvent: compileOnce((event: OfCall<Omit<CallEvent, 'payload'> & { readonly payload: string }>) =>
    database.insertInto('call_events').values({
      call_id: event.callId,
      sequence: event.sequence,
      name: event.name,
      at: event.at,
      payload: event.payload,
    }),
  ),
});

/** What changes in the course of a call. */
const callProgress = (call: CallRecord) => ({
  state: call.state,
  outcome: call.outcome,
  ended_by: call.endedBy,
  ended_leg: call.endedLeg,
  answered_at: call.answeredAt,
  connected_at: call.connectedAt,
  ended_at: call.endedAt,
});

const legProgress = (leg: LegRecord) => ({
  address: leg.address,
  state: leg.state,
  sip_status: leg.sipStatus,
  q850_cause: leg.q850Cause,
  reason: leg.reason,
  ringing_at: leg.ringingAt,
  answered_at: leg.answeredAt,
  ended_at: leg.endedAt,
});

import type { Kysely } from 'kysely';
import type { CallRecord, LegRecord } from '../../calls/call-record.ts';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';

/** A record with the number of the call that it belongs to. */
type OfCall<Record> = Record & { readonly callId: number };

/** When a leg was called, and over which trunk; both null where that is not news. */
export interface Attempt {
  readonly calledAt: number | null;
  readonly trunk: string | null;
}

/** What changes in the course of a call. */
type Progress = Pick<
  CallRecord,
  'sequence' | 'state' | 'outcome' | 'endedBy' | 'endedLeg' | 'answeredAt' | 'connectedAt' | 'endedAt' | 'talkMs'
>;

/** Who carries the call, as its row says it. */
interface Owner {
  readonly nodeId: string;
  readonly epoch: number;
}

type NewCall = Omit<CallRecord, 'owner' | 'legs' | 'purpose'> & Owner & { readonly isTest: 0 | 1 };

/** From one row of its events to the next. */
interface Step {
  readonly previous: number;
  readonly lastChange: number;
}

/** One write of a call, in the feed. */
interface CallChanges {
  readonly previous: number | null;
  readonly sequence: number;
  readonly at: number;
  readonly changes: string;
}

/** The writes of the journal. */
export const compileCallWrites = (database: Kysely<Schema>) => ({
  ...compileInserts(database),
  ...compileUpdates(database),
});

const compileInserts = (database: Kysely<Schema>) => ({
  insertCall: compileOnce((call: NewCall) =>
    database
      .insertInto('calls')
      .values({
        token_call: call.tokenCall,
        user_id: call.userId,
        username: call.username,
        client_id: call.clientId,
        number: call.number,
        created_at: call.createdAt,
        is_test: call.isTest,
        node_id: call.nodeId,
        epoch: call.epoch,
        ...callProgress(call),
      })
      .returning('id'),
  ),

  insertLeg: compileOnce((leg: OfCall<LegRecord>) =>
    database.insertInto('legs').values({ call_id: leg.callId, role: leg.role, ...legProgress(leg) }),
  ),

  appendChanges: compileOnce((row: OfCall<CallChanges>) =>
    database
      .insertInto('call_events')
      .values({
        call_id: row.callId,
        previous: row.previous,
        sequence: row.sequence,
        at: row.at,
        changes: row.changes,
      })
      .returning('id'),
  ),
});

const compileUpdates = (database: Kysely<Schema>) => ({
  /** Writes nothing where another node or epoch carries the call, or other events were written meanwhile. */
  updateCall: compileOnce((call: OfCall<Progress> & Owner & Step) =>
    database
      .updateTable('calls')
      .set({ ...callProgress(call), last_change: call.lastChange })
      .where('id', '=', call.callId)
      .where('node_id', '=', call.nodeId)
      .where('epoch', '=', call.epoch)
      .where((row) => row.fn.coalesce('last_change', row.lit(0)), '=', call.previous),
  ),

  noteChange: compileOnce(({ callId, lastChange }: { readonly callId: number; readonly lastChange: number }) =>
    database.updateTable('calls').set({ last_change: lastChange }).where('id', '=', callId),
  ),

  updateLeg: compileOnce((leg: OfCall<LegRecord> & Attempt) =>
    database
      .updateTable('legs')
      .set((row) => ({
        ...legProgress(leg),
        called_at: row.fn.coalesce(row.val(leg.calledAt), 'called_at'),
        trunk: row.fn.coalesce(row.val(leg.trunk), 'trunk'),
      }))
      .where('call_id', '=', leg.callId)
      .where('role', '=', leg.role),
  ),

  dropChanges: compileOnce(({ id }: { readonly id: number }) =>
    database.deleteFrom('call_events').where('id', '=', id),
  ),
});

const callProgress = (call: Progress) => ({
  sequence: call.sequence,
  state: call.state,
  outcome: call.outcome,
  ended_by: call.endedBy,
  ended_leg: call.endedLeg,
  answered_at: call.answeredAt,
  connected_at: call.connectedAt,
  ended_at: call.endedAt,
  talk_ms: call.talkMs,
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

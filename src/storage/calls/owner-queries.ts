import type { Kysely } from 'kysely';
import type { EndRequest } from '../../calls/call-store.ts';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';

/** Whose call it must be. */
export interface Owned {
  readonly tokenCall: string;
  readonly nodeId: string;
  readonly epoch: number;
}

/** Who carries a call, and what others want of it. */
export const compileOwnerQueries = (database: Kysely<Schema>) => ({
  owned: compileOnce(({ tokenCall, nodeId, epoch }: Owned) =>
    database
      .selectFrom('calls')
      .select(['id', 'sequence', 'last_change as lastChange'])
      .where('token_call', '=', tokenCall)
      .where('node_id', '=', nodeId)
      .where('epoch', '=', epoch),
  ),

  takeOver: compileOnce(({ tokenCall, nodeId, epoch }: Owned) =>
    database.updateTable('calls').set({ node_id: nodeId, epoch }).where('token_call', '=', tokenCall),
  ),

  requestEnd: compileOnce(({ tokenCall, endedBy }: EndRequest) =>
    database
      .updateTable('calls')
      .set({ end_requested_by: endedBy })
      .where('token_call', '=', tokenCall)
      .where('state', '<>', 'ended'),
  ),
});

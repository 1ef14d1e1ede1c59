import type { CompiledQuery } from 'kysely';
import type { LegRole } from '../../calls/call-state.ts';
import type { CallEvent, CallRecord, CallStore, IdempotencyRecord } from '../../calls/call-store.ts';
import type { WallClock } from '../../shared/clock.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { compileCallReads } from './call-reads.ts';
import { toCall } from './call-row.ts';
import { compileCallWrites } from './call-writes.ts';
import { compileIdempotencyQueries, expiredKeys } from './idempotency-queries.ts';

const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** The journal of calls in SQL. */
export class KyselyCallStore implements CallStore {
  readonly #database: Database;
  readonly #clock: WallClock;
  readonly #writes: ReturnType<typeof compileCallWrites>;
  readonly #reads: ReturnType<typeof compileCallReads>;
  readonly #keys: ReturnType<typeof compileIdempotencyQueries>;

  constructor(database: Database, clock: WallClock) {
    this.#database = database;
    this.#clock = clock;
    this.#writes = compileCallWrites(database.builder);
    this.#reads = compileCallReads(database.builder);
    this.#keys = compileIdempotencyQueries(database.builder);
  }

  insert(call: CallRecord, event: CallEvent, idempotency?: IdempotencyRecord): Promise<IdempotencyRecord | undefined> {
    return this.#database.write(() => this.#insert(call, event, idempotency));
  }

  update(call: CallRecord, changedLegs: readonly LegRole[], events: readonly CallEvent[]): Promise<void> {
    return this.#database.write(() => this.#update(call, changedLegs, events));
  }

  async find(tokenCall: string): Promise<CallRecord | undefined> {
    const [row] = await this.#database.read(this.#reads.find({ tokenCall }));
    return row && toCall(row);
  }

  async findIdempotent(key: string, userId: string, clientId: string): Promise<IdempotencyRecord | undefined> {
    const owner = { key, userId, clientId, now: this.#clock.now() };
    const [record] = await this.#database.read(this.#keys.heldKey(owner));
    return record;
  }

  async ongoingOf(userId: string): Promise<readonly CallRecord[]> {
    const rows = await this.#database.read(this.#reads.ongoingOf({ userId }));
    return rows.map(toCall);
  }

  async ongoing(): Promise<readonly CallRecord[]> {
    const rows = await this.#database.read(this.#reads.ongoing({}));
    return rows.map(toCall);
  }

  async unfinished(): Promise<readonly CallRecord[]> {
    const rows = await this.#database.read(this.#reads.unfinished({}));
    return rows.map(toCall);
  }

  async events(tokenCall: string): Promise<readonly CallEvent[]> {
    const rows = await this.#database.read(this.#reads.events({ tokenCall }));
    return rows.map((row) => ({ ...row, payload: JSON.parse(row.payload) as CallEvent['payload'] }));
  }

  /** Deletes the idempotency keys that have expired. */
  deleteExpired(now: number): Promise<void> {
    return deleteInSteps(this.#database, (limit) => run(expiredKeys(this.#database.builder, { now, limit }).compile()));
  }

  *#insert(
    call: CallRecord,
    event: CallEvent,
    idempotency: IdempotencyRecord | undefined,
  ): UnitOfWork<IdempotencyRecord | undefined> {
    const holder = idempotency && (yield* this.#takeKey(idempotency));
    if (holder !== undefined) return holder;
    const callId = yield* writeCall(this.#writes.insertCall(call));
    for (const leg of call.legs) yield* run(this.#writes.insertLeg({ ...leg, callId }));
    yield* this.#append(callId, event);
    return undefined;
  }

  *#update(call: CallRecord, changedLegs: readonly LegRole[], events: readonly CallEvent[]): UnitOfWork<void> {
    const callId = yield* writeCall(this.#writes.updateCall(call));
    for (const leg of call.legs) {
      if (changedLegs.includes(leg.role)) yield* run(this.#writes.updateLeg({ ...leg, callId }));
    }
    for (const event of events) yield* this.#append(callId, event);
  }

  *#append(callId: number, event: CallEvent): UnitOfWork<void> {
    yield* run(this.#writes.appendEvent({ ...event, callId, payload: JSON.stringify(event.payload) }));
  }

  /** @returns the record that holds the key already; undefined where it was free */
  *#takeKey(record: IdempotencyRecord): UnitOfWork<IdempotencyRecord | undefined> {
    const now = this.#clock.now();
    const taken = yield* run(this.#keys.takeKey({ ...record, now, expiresAt: now + KEY_LIFETIME_MS }));
    if (taken.rows.length > 0) return undefined;
    const held = yield* run(this.#keys.heldKey({ ...record, now }));
    return held.rows[0];
  }
}

/** @returns the number by which legs and events refer to the call */
function* writeCall(query: CompiledQuery<{ readonly id: number }>): UnitOfWork<number> {
  const { rows } = yield* run(query);
  const [row] = rows;
  if (row === undefined) throw new Error('a call was changed that is not in the journal');
  return row.id;
}

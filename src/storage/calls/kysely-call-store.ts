import type { CallEvent } from '../../calls/call-events.ts';
import type { CallRecord } from '../../calls/call-record.ts';
import type { LegRole } from '../../calls/call-state.ts';
import type {
  CallProgress,
  CallStore,
  EndRequest,
  IdempotencyRecord,
  TakenCall,
  Written,
} from '../../calls/call-store.ts';
import type { WallClock } from '../../shared/clock.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { compileCallReads } from './call-reads.ts';
import { toCall } from './call-row.ts';
import { readStory } from './call-stories.ts';
import { compileCallWrites } from './call-writes.ts';
import { encodeEvents } from './event-codec.ts';
import { compileIdempotencyQueries, expiredKeys } from './idempotency-queries.ts';
import { compileOwnerQueries } from './owner-queries.ts';

const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** The call as its own row has it: the owner in columns beside the others. */
const flat = (call: CallRecord) => ({ ...call, ...call.owner });

/** The journal of calls in SQL. */
export class KyselyCallStore implements CallStore {
  readonly #database: Database;
  readonly #clock: WallClock;
  readonly #writes: ReturnType<typeof compileCallWrites>;
  readonly #reads: ReturnType<typeof compileCallReads>;
  readonly #owners: ReturnType<typeof compileOwnerQueries>;
  readonly #keys: ReturnType<typeof compileIdempotencyQueries>;

  constructor(database: Database, clock: WallClock) {
    this.#database = database;
    this.#clock = clock;
    this.#writes = compileCallWrites(database.builder);
    this.#reads = compileCallReads(database.builder);
    this.#owners = compileOwnerQueries(database.builder);
    this.#keys = compileIdempotencyQueries(database.builder);
  }

  insert(call: CallRecord, event: CallEvent, idempotency?: IdempotencyRecord): Promise<IdempotencyRecord | undefined> {
    return this.#database.write(() => this.#insert(call, event, idempotency));
  }

  update(call: CallRecord, changedLegs: readonly LegRole[], events: readonly CallEvent[]): Promise<Written> {
    return this.#database.write(() => this.#update({ call, changedLegs, events }));
  }

  follow(progress: () => CallProgress): Promise<Written> {
    return this.#database.write(() => this.#update(progress()), 'in-company');
  }

  hurry(): void {
    this.#database.hurry();
  }

  withdraw(call: CallRecord, events: readonly CallEvent[], idempotency?: IdempotencyRecord): Promise<Written> {
    return this.#database.write(() => this.#withdraw(call, events, idempotency));
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

  takeOver(nodeId: string): Promise<readonly TakenCall[]> {
    return this.#database.write(() => this.#takeOver(nodeId));
  }

  async requestEnd(request: EndRequest): Promise<void> {
    await this.#database.write(() => run(this.#owners.requestEnd(request)));
  }

  async endRequests(nodeId: string): Promise<readonly EndRequest[]> {
    const rows = await this.#database.read(this.#reads.endRequests({ nodeId }));
    return rows.flatMap(({ tokenCall, endedBy }) => (endedBy === null ? [] : [{ tokenCall, endedBy }]));
  }

  async events(tokenCall: string): Promise<readonly CallEvent[]> {
    const [row] = await this.#database.read(this.#reads.lastChange({ tokenCall }));
    return row?.lastChange == null ? [] : readStory(this.#database, row.lastChange);
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
    const { rows } = yield* run(this.#writes.insertCall(flat(call)));
    const callId = rows[0]?.id ?? 0;
    for (const leg of call.legs) yield* run(this.#writes.insertLeg({ ...leg, callId }));
    const lastChange = yield* this.#append(callId, null, [event]);
    yield* run(this.#writes.noteChange({ callId, lastChange }));
    return undefined;
  }

  *#update({ call, changedLegs, events }: CallProgress): UnitOfWork<Written> {
    const { rows } = yield* run(this.#owners.owned({ tokenCall: call.tokenCall, ...call.owner }));
    const [row] = rows;
    if (row === undefined) return 'not-owned';
    const fresh = events.filter(({ sequence }) => sequence > row.sequence);
    if (fresh.length === 0) return 'written';
    const lastChange = yield* this.#append(row.id, row.lastChange, fresh);
    yield* run(this.#writes.updateCall({ ...flat(call), callId: row.id, lastChange }));
    for (const leg of call.legs) {
      if (changedLegs.includes(leg.role)) yield* run(this.#writes.updateLeg({ ...leg, callId: row.id }));
    }
    return 'written';
  }

  *#withdraw(
    call: CallRecord,
    events: readonly CallEvent[],
    idempotency: IdempotencyRecord | undefined,
  ): UnitOfWork<Written> {
    if (idempotency !== undefined) yield* run(this.#keys.forgetKey(idempotency));
    return yield* this.#update({ call, changedLegs: ['caller', 'callee'], events });
  }

  *#takeOver(nodeId: string): UnitOfWork<readonly TakenCall[]> {
    const { rows } = yield* run(this.#reads.unfinishedElsewhere({ nodeId }));
    const taken: TakenCall[] = [];
    for (const { nodeSeenAt, ...row } of rows) {
      const call = { ...toCall(row), owner: { nodeId, epoch: row.epoch + 1 } };
      yield* run(this.#owners.takeOver({ tokenCall: call.tokenCall, ...call.owner }));
      taken.push({ call, nodeSeenAt });
    }
    return taken;
  }

  /** @returns the number of the row in the feed */
  *#append(callId: number, previous: number | null, events: readonly CallEvent[]): UnitOfWork<number> {
    const { sequence = 0, at = 0 } = events[0] ?? {};
    const row = { callId, previous, sequence, at, changes: encodeEvents(events) };
    const { rows } = yield* run(this.#writes.appendChanges(row));
    return rows[0]?.id ?? 0;
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

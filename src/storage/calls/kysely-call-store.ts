import type { CallEvent } from '../../calls/call-events.ts';
import type { CallRecord, LegRecord } from '../../calls/call-record.ts';
import type { LegRole } from '../../calls/call-state.ts';
import type {
  CallProgress,
  CallStore,
  EndRequest,
  IdempotencyRecord,
  TakenCall,
  UseTimes,
  Written,
} from '../../calls/call-store.ts';
import type { CallUse } from '../../calls/daily-use.ts';
import type { WallClock } from '../../shared/clock.ts';
import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { compileCallReads } from './call-reads.ts';
import { toCall } from './call-row.ts';
import { readStory } from './call-stories.ts';
import { type Attempt, compileCallWrites } from './call-writes.ts';
import { encodeEvents } from './event-codec.ts';
import { compileIdempotencyQueries, expiredKeys } from './idempotency-queries.ts';
import { compileOwnerQueries } from './owner-queries.ts';

const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Where the journal is with a call. */
interface Place {
  readonly callId: number;
  /** The last row of its events. */
  readonly lastChange: number | null;
  /** Of the last event in it. */
  readonly sequence: number;
}

const isOver = ({ state, legs: [caller, callee] }: CallRecord): boolean =>
  state === 'ended' && caller.state === 'ended' && callee.state === 'ended';

const noAttempt: Attempt = { calledAt: null, trunk: null };

/**
 * Of the address that was called last before it rang: what is measured of a leg is measured from there. Another address after
 * that is the phone that answered of several, which were all called at once.
 */
const attemptOf = ({ role, ringingAt }: LegRecord, events: readonly CallEvent[]): Attempt => {
  let attempt = noAttempt;
  for (const event of events) {
    if (event.name !== 'leg.calling' || event.payload.leg !== role) continue;
    if (ringingAt !== null && event.at > ringingAt) continue;
    attempt = { calledAt: event.at, trunk: event.payload.trunk };
  }
  return attempt;
};

/** The journal of calls in SQL. */
export class KyselyCallStore implements CallStore {
  readonly #database: Database;
  readonly #clock: WallClock;
  readonly #writes: ReturnType<typeof compileCallWrites>;
  readonly #reads: ReturnType<typeof compileCallReads>;
  readonly #owners: ReturnType<typeof compileOwnerQueries>;
  readonly #keys: ReturnType<typeof compileIdempotencyQueries>;
  /**
   * Of the calls that were inserted here, until they are over: their rows need not be looked for. Noted only when a commit
   * is safe, and believed only where the row of the call agrees.
   */
  readonly #places = new Map<string, Place>();

  constructor(database: Database, clock: WallClock) {
    this.#database = database;
    this.#clock = clock;
    this.#writes = compileCallWrites(database.builder);
    this.#reads = compileCallReads(database.builder);
    this.#owners = compileOwnerQueries(database.builder);
    this.#keys = compileIdempotencyQueries(database.builder);
  }

  async insert(
    call: CallRecord,
    event: CallEvent,
    idempotency?: IdempotencyRecord,
  ): Promise<IdempotencyRecord | undefined> {
    const inserted = await this.#database.write(() => this.#insert(call, event, idempotency));
    if ('key' in inserted) return inserted;
    this.#places.set(call.tokenCall, inserted);
    return undefined;
  }

  async update(call: CallRecord, changedLegs: readonly LegRole[], events: readonly CallEvent[]): Promise<Written> {
    return this.#note(call, await this.#database.write(() => this.#update({ call, changedLegs, events })));
  }

  async follow(progress: () => CallProgress): Promise<Written> {
    const place = await this.#database.write(() => this.#update(progress()), 'in-company');
    return this.#note(progress().call, place);
  }

  hurry(): void {
    this.#database.hurry();
  }

  async withdraw(call: CallRecord, events: readonly CallEvent[], idempotency?: IdempotencyRecord): Promise<Written> {
    return this.#note(call, await this.#database.write(() => this.#withdraw(call, events, idempotency)));
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

  async usedSince(
    { userId, username }: Pick<CallRecord, 'userId' | 'username'>,
    { since, now }: UseTimes,
  ): Promise<readonly CallUse[]> {
    const rows = await this.#database.read(this.#reads.usedSince({ userId, username, since }));
    return rows.map(({ answeredAt, createdAt, endedAt, talkMs, tokenCall }) => {
      const untilNow = answeredAt === null || endedAt !== null ? 0 : Math.max(0, now - answeredAt);
      return { tokenCall, createdAt, talkMs: talkMs ?? untilNow };
    });
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

  #note(call: CallRecord, place: Place | undefined): Written {
    if (place === undefined || isOver(call)) this.#places.delete(call.tokenCall);
    else this.#places.set(call.tokenCall, place);
    return place === undefined ? 'not-owned' : 'written';
  }

  *#insert(
    call: CallRecord,
    event: CallEvent,
    idempotency: IdempotencyRecord | undefined,
  ): UnitOfWork<IdempotencyRecord | Place> {
    const holder = idempotency && (yield* this.#takeKey(idempotency));
    if (holder !== undefined) return holder;
    const { rows } = yield* run(
      this.#writes.insertCall({ ...call, ...call.owner, isTest: call.purpose === 'test' ? 1 : 0 }),
    );
    const callId = rows[0]?.id ?? 0;
    for (const leg of call.legs) yield* run(this.#writes.insertLeg({ ...leg, callId }));
    const lastChange = yield* this.#append(callId, null, [event]);
    yield* run(this.#writes.noteChange({ callId, lastChange }));
    return { callId, lastChange, sequence: call.sequence };
  }

  /** @returns where the call is now; undefined where it is not its owner's any more */
  *#update(progress: CallProgress): UnitOfWork<Place | undefined> {
    const { call, events } = progress;
    const known = this.#places.get(call.tokenCall);
    if (known !== undefined && known.sequence + 1 === events[0]?.sequence) {
      const next = yield* this.#goOn(known, progress);
      if (next !== undefined) return next;
    }
    const { rows } = yield* run(this.#owners.owned({ tokenCall: call.tokenCall, ...call.owner }));
    const [row] = rows;
    if (row === undefined) return undefined;
    const place = { callId: row.id, lastChange: row.lastChange, sequence: row.sequence };
    const fresh = events.filter(({ sequence }) => sequence > row.sequence);
    if (fresh.length === 0) return place;
    return yield* this.#goOn(place, { ...progress, events: fresh });
  }

  /** @returns undefined where the call is another node's, or is not at that place: nothing was written then */
  *#goOn(place: Place, { call, changedLegs, events }: CallProgress): UnitOfWork<Place | undefined> {
    const { callId } = place;
    const lastChange = yield* this.#append(callId, place.lastChange, events);
    const { nodeId, epoch } = call.owner;
    const { sequence, state, outcome, endedBy, endedLeg, answeredAt, connectedAt, endedAt, talkMs } = call;
    const progress = { sequence, state, outcome, endedBy, endedLeg, answeredAt, connectedAt, endedAt, talkMs };
    const step = { callId, nodeId, epoch, previous: place.lastChange ?? 0, lastChange };
    const { changes } = yield* run(this.#writes.updateCall({ ...progress, ...step }));
    if (changes === 0) {
      yield* run(this.#writes.dropChanges({ id: lastChange }));
      return undefined;
    }
    for (const leg of call.legs) {
      if (changedLegs.includes(leg.role))
        yield* run(this.#writes.updateLeg({ ...leg, ...attemptOf(leg, events), callId }));
    }
    return { callId, lastChange, sequence };
  }

  *#withdraw(
    call: CallRecord,
    events: readonly CallEvent[],
    idempotency: IdempotencyRecord | undefined,
  ): UnitOfWork<Place | undefined> {
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

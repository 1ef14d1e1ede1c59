import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Test } from 'supertest';
import { composeHistory } from '../../../src/app/history.ts';
import type { CallFact } from '../../../src/calls/call-events.ts';
import { createCallRates } from '../../../src/calls/call-rates.ts';
import type { CallRecord, LegRecord } from '../../../src/calls/call-record.ts';
import type { Outcome } from '../../../src/calls/call-state.ts';
import type { HistoryStore } from '../../../src/features/history/history-store.ts';
import { summarize } from '../../../src/features/history/summary.ts';
import { Turns } from '../../../src/features/history/turns.ts';
import { aLeg, anEvent } from '../../contracts/records.ts';
import { type CallApi, createCallApi, PUBLIC_URL } from '../../support/call-api.ts';
import { parseCsv } from './parse-csv.ts';
import { aPastCall, insertAll, somePastCalls, START } from './past-calls.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

let api: CallApi;
beforeEach(async () => {
  api = await createCallApi();
});
afterEach(() => api.close());

const get = (query: string, token = 'operator-all'): Test =>
  request(api.app).get(`/rest/call/summary?${query}`).set('Authorization', `Bearer ${token}`);

/** What became of one attempt to reach a destination; times are milliseconds after it was called. */
interface Attempt {
  readonly outcome: Outcome;
  readonly trunk?: string | null;
  /** After `START`. */
  readonly at?: number;
  readonly rangAfter?: number;
  readonly answeredAfter?: number;
  readonly sipStatus?: number;
  readonly endedAfter?: number;
  readonly talkMs?: number;
  /** The user's own phone was not taken: the destination was not called. */
  readonly wasCalled?: false;
  readonly changes?: Partial<CallRecord>;
}

let attempts = 0;

/** Journals a call as the call domain does: a new one, the destination called, and its end. */
const journal = async ({ at = 0, wasCalled, trunk = 'carrier', ...attempt }: Attempt): Promise<void> => {
  attempts += 1;
  const createdAt = START + at;
  const calledAt = createdAt + 2000;
  const after = (delay: number | undefined): number | null => (delay === undefined ? null : calledAt + delay);
  const end: Partial<LegRecord> = { state: 'ended', sipStatus: attempt.sipStatus ?? null };
  const callee: LegRecord = aLeg('callee', {
    ...end,
    ...{ ringingAt: after(attempt.rangAfter), answeredAt: after(attempt.answeredAfter) },
    endedAt: after(attempt.endedAfter),
  });
  const call = aPastCall(`attempt-${attempts}`, {
    ...{ createdAt, outcome: attempt.outcome, talkMs: attempt.talkMs ?? null, sequence: 2 },
    legs: [aLeg('caller', { state: 'ended' }), callee],
    ...attempt.changes,
  });
  await api.stores.calls.insert({ ...call, sequence: 1, state: 'created', outcome: null }, anEvent(1));
  const calling: CallFact = { name: 'leg.calling', payload: { leg: 'callee', address: '+12025550100', trunk } };
  const fact: CallFact = wasCalled === false ? { name: 'call.calling', payload: {} } : calling;
  await api.stores.calls.update(call, ['caller', 'callee'], [{ ...anEvent(2, fact), at: calledAt }]);
};

const DAY_OF_START = 'since=2026-03-01&until=2026-03-02';

describe('GET /rest/call/summary', () => {
  /*
   * By hand, of these eleven: the destination was called in ten. Two answered: ASR 20 %. The network did its part in those
   * two, busy, declined, no answer, not there (480) and given up while it rang: 7 of 10, NER 70 %. They talked 60 and 31 s:
   * ACD 45.5 s. Delays: 800, 900, 1200, 2000, 2500 ms: the third of five is the median, the fifth is at 95 %. Three rang,
   * 4200 ms until the answer, 1100 and 28800 ms until they were over; when one more was over was not noted. All begin at once.
   */
  const elevenCalls: readonly Attempt[] = [
    { outcome: 'completed', rangAfter: 800, answeredAfter: 5000, sipStatus: 200, talkMs: 60_000 },
    { outcome: 'completed', answeredAfter: 2500, sipStatus: 200, talkMs: 31_000 },
    { outcome: 'busy', sipStatus: 486 },
    { outcome: 'declined', rangAfter: 900, endedAfter: 2000, sipStatus: 603 },
    { outcome: 'no-answer', rangAfter: 1200, endedAfter: 30_000, sipStatus: 487 },
    { outcome: 'unreachable', sipStatus: 480 },
    { outcome: 'unreachable', sipStatus: 404 },
    { outcome: 'cancelled', rangAfter: 2000, sipStatus: 487 },
    { outcome: 'cancelled', sipStatus: 487 },
    { outcome: 'failed', sipStatus: 503 },
    { outcome: 'no-answer', wasCalled: false },
  ];

  it('gives the figures that are computed by hand', async () => {
    for (const attempt of elevenCalls) await journal(attempt);
    const { body } = await get(`all=true&${DAY_OF_START}&by=day`).expect(200);
    expect(body).toEqual({
      ...{ since: '2026-03-01T00:00:00.000Z', until: '2026-03-02T00:00:00.000Z', by: 'day' },
      rows: [
        {
          ...{ key: '2026-03-01', calls: 11, attempts: 10, answered: 2 },
          ...{ asr: 20, ner: 70, acd_seconds: 45.5, pdd_ms_p50: 1200, pdd_ms_p95: 2500 },
          ...{ ring_ms_p50: 4200, ring_ms_p95: 28_800, most_concurrent: 11 },
        },
      ],
    });
  });

  it.each<[string, Attempt, number]>([
    ['completed', { outcome: 'completed', answeredAfter: 1, sipStatus: 200 }, 100],
    ['answered, but its media could not be joined', { outcome: 'failed', answeredAfter: 1, sipStatus: 200 }, 100],
    ['busy', { outcome: 'busy', sipStatus: 600 }, 100],
    ['declined', { outcome: 'declined', sipStatus: 608 }, 100],
    ['not answered', { outcome: 'no-answer', rangAfter: 1 }, 100],
    ['known, and not there', { outcome: 'unreachable', sipStatus: 480 }, 100],
    ['of no such number', { outcome: 'unreachable', sipStatus: 404 }, 0],
    ['without any response', { outcome: 'unreachable' }, 0],
    ['given up while it rang', { outcome: 'cancelled', rangAfter: 1 }, 100],
    ['given up before it rang', { outcome: 'cancelled' }, 0],
    ['failed', { outcome: 'failed', sipStatus: 500, rangAfter: 1 }, 0],
    ['lost at a crash', { outcome: 'lost', rangAfter: 1 }, 0],
  ])('counts a call that was %s for the network effectiveness as it is documented', async (_name, attempt, ner) => {
    await journal(attempt);
    const { body } = await get(`all=true&${DAY_OF_START}&by=outcome`).expect(200);
    expect(body).toMatchObject({ rows: [{ key: attempt.outcome, ner }] });
  });

  it('leaves ratios and delays open where there is nothing to compute them of', async () => {
    await journal({ outcome: 'no-answer', wasCalled: false });
    const { body } = await get(`all=true&${DAY_OF_START}&by=day`).expect(200);
    const none = { asr: null, ner: null, acd_seconds: null, pdd_ms_p50: null, pdd_ms_p95: null, ring_ms_p50: null };
    expect(body).toMatchObject({ rows: [{ calls: 1, attempts: 0, answered: 0, ...none }] });
  });

  it('measures the delay from the trunk that was called last', async () => {
    await journal({ outcome: 'completed', rangAfter: 5000, answeredAfter: 6000, trunk: 'first' });
    const call = (await api.stores.calls.find(`attempt-${attempts}`))!;
    const again: CallFact = { name: 'leg.calling', payload: { leg: 'callee', address: 'x', trunk: 'second' } };
    const event = { ...anEvent(3, again), at: START + 2000 + 4000 };
    await api.stores.calls.update({ ...call, sequence: 3 }, ['callee'], [event]);
    const { body } = await get(`all=true&${DAY_OF_START}&by=trunk`).expect(200);
    expect(body).toMatchObject({ rows: [{ key: 'second', pdd_ms_p50: 1000 }] });
  });

  it('counts calls from before the destination was dated as attempts where the user had answered, without a delay', async () => {
    const caller = aLeg('caller', { state: 'ended', answeredAt: START + 1 });
    const callee = aLeg('callee', { state: 'ended', ringingAt: START + 9 });
    await insertAll(api.stores.calls, [
      aPastCall('old', { outcome: 'no-answer', legs: [caller, callee] }),
      aPastCall('older', { outcome: 'no-answer' }),
    ]);
    const { body } = await get(`all=true&${DAY_OF_START}&by=trunk`).expect(200);
    expect(body).toMatchObject({ rows: [{ key: null, calls: 2, attempts: 1, ner: 100, pdd_ms_p50: null }] });
  });

  it('leaves test calls out', async () => {
    await journal({ outcome: 'busy', changes: { purpose: 'test' } });
    await journal({ outcome: 'completed', answeredAfter: 1 });
    const { body } = await get(`all=true&${DAY_OF_START}&by=outcome`).expect(200);
    expect(body).toMatchObject({ rows: [{ key: 'completed', calls: 1 }] });
    expect((body as { rows: unknown[] }).rows).toHaveLength(1);
  });

  it('groups by hour and day of UTC, outcome, trunk and user, each in its order', async () => {
    const alice = { userId: 'user-alice', username: 'alice' };
    await journal({ outcome: 'busy', at: 0, trunk: 'west' });
    await journal({ outcome: 'completed', at: HOUR - 1, answeredAfter: 1, trunk: 'east', changes: alice });
    await journal({ outcome: 'busy', at: HOUR, trunk: null });
    await journal({ outcome: 'busy', at: 25 * HOUR, trunk: 'east' });
    const counted = async (by: string): Promise<unknown> => {
      const { body } = await get(`all=true&since=2026-03-01&until=2026-03-04&by=${by}`).expect(200);
      return (body as { rows: { key: string; calls: number }[] }).rows.map(({ key, calls }) => [key, calls]);
    };
    expect(await counted('hour')).toEqual([
      ['2026-03-01T00:00:00.000Z', 2],
      ['2026-03-01T01:00:00.000Z', 1],
      ['2026-03-02T01:00:00.000Z', 1],
    ]);
    expect(await counted('day')).toEqual([
      ['2026-03-01', 3],
      ['2026-03-02', 1],
    ]);
    expect(await counted('outcome')).toEqual([
      ['busy', 3],
      ['completed', 1],
    ]);
    expect(await counted('trunk')).toEqual([
      ['east', 2],
      ['west', 1],
      [null, 1],
    ]);
    expect(await counted('user')).toEqual([
      ['alice', 1],
      ['demo', 3],
    ]);
  });

  it('is of one’s own calls, of an application’s, or of everybody’s', async () => {
    await journal({ outcome: 'busy' });
    await journal({ outcome: 'busy', changes: { clientId: 'other-app' } });
    await journal({ outcome: 'busy', changes: { userId: 'user-alice', username: 'alice' } });
    const counted = async (token: string, query = ''): Promise<number | undefined> => {
      const { body } = await get(`${DAY_OF_START}&by=day${query}`, token).expect(200);
      return (body as { rows: { calls: number }[] }).rows[0]?.calls;
    };
    expect(await counted('demo-read')).toBe(2);
    expect(await counted('alice-call')).toBe(1);
    expect(await counted('operator-all')).toBeUndefined();
    expect(await counted('operator-all', '&all=true')).toBe(3);
    expect(await counted('app-application')).toBe(1);
    await get(`${DAY_OF_START}&by=day&all=true`, 'demo-read').expect(403);
    await get(`${DAY_OF_START}&by=day&all=true`, 'app-application').expect(403);
    await get(`${DAY_OF_START}&by=day`, 'demo-public').expect(403);
    await get(`${DAY_OF_START}&by=day`, 'nobody').expect(401);
  });

  it('counts what was placed in the period and has ended, however much there is', async () => {
    const calls = somePastCalls(900, 3);
    await insertAll(api.stores.calls, calls);
    const [from, to] = [calls[100]!.createdAt, calls[800]!.createdAt];
    const period = `since=${new Date(from).toISOString()}&until=${new Date(to).toISOString()}`;
    const { body } = await get(`all=true&${period}&by=outcome`).expect(200);
    const counted = (body as { rows: { key: string; calls: number }[] }).rows.map(({ key, calls: each }) => [
      key,
      each,
    ]);
    const inPeriod = calls.filter(({ createdAt, state }) => createdAt >= from && createdAt < to && state === 'ended');
    const keys = [...new Set(inPeriod.map(({ outcome }) => outcome!))].sort();
    expect(counted).toEqual(keys.map((key) => [key, inPeriod.filter(({ outcome }) => outcome === key).length]));
  });

  it('is there as XML and as CSV too', async () => {
    await journal({ outcome: 'completed', answeredAfter: 700, talkMs: 1000, trunk: '=cmd' });
    const query = `all=true&${DAY_OF_START}&by=trunk`;
    const xml = await get(query).set('Accept', 'application/xml').expect(200);
    expect(xml.text).toContain('<summary><since>2026-03-01T00:00:00.000Z</since>');
    expect(xml.text).toContain('<rows><row><key>=cmd</key><calls>1</calls><attempts>1</attempts>');
    const csv = await get(query).set('Accept', 'text/csv').expect(200);
    expect(parseCsv(csv.text)).toEqual([
      [
        ...['key', 'calls', 'attempts', 'answered', 'asr', 'ner', 'acd_seconds', 'pdd_ms_p50', 'pdd_ms_p95'],
        ...['ring_ms_p50', 'ring_ms_p95', 'most_concurrent'],
      ],
      ["'=cmd", '1', '1', '1', '100', '100', '1', '700', '700', '', '', '1'],
    ]);
    await get(query).set('Accept', 'image/png').expect(406);
  });

  it.each([
    ['', 'by'],
    ['since=2026-03-01', 'by'],
    ['since=2026-03-01&by=week', 'by'],
    ['by=day', 'since'],
    ['since=2026-03-01T00:00&by=day', 'since'],
    ['since=2025-01-01&until=2026-03-01&by=day', 'since'],
    ['since=2026-03-02&until=2026-03-01&by=day', 'until'],
    ['since=2200-01-01&by=day', 'since'],
    ['since=2026-03-01&by=day&user=demo', 'user'],
    ['since=2026-03-01&by=day&tz=Europe/Berlin', 'tz'],
  ])('refuses %s, and names the parameter', async (query, parameter) => {
    const { body } = await get(query).expect(400);
    expect(body).toMatchObject({ code: 'invalid_request', parameter });
  });

  it('ends at now where no end is named, and takes 400 days', async () => {
    const { body } = await get('since=2025-12-31&by=day').expect(200);
    expect(body).toMatchObject({ until: '2026-01-01T00:00:00.000Z' });
    await get('since=2025-01-25&until=2026-03-01&by=day').expect(200);
    await get('since=2025-01-24&until=2026-03-01&by=day').expect(400);
  });

  it('has no other method, and says so', async () => {
    const options = await request(api.app).options('/rest/call/summary');
    expect([options.status, options.get('Allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    const post = await request(api.app).post('/rest/call/summary').set('Authorization', 'Bearer demo-call');
    expect([post.status, post.get('Allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });
});

describe('a summary', () => {
  it('waits while others are made, and is refused where too many wait', async () => {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const history: HistoryStore = Object.assign(Object.create(api.stores.history) as HistoryStore, {
      measure: async (...args: Parameters<HistoryStore['measure']>) => {
        await opened;
        return api.stores.history.measure(...args);
      },
    });
    const { calls, clock, verifier } = api;
    const rates = createCallRates({ callsPerSecondPerToken: 0, readsPerSecondPerToken: 0 }, clock);
    const stores = { ...api.stores, history };
    const parts = { stores, calls, verifier, rates, clock, homeCountry: 'US', publicUrl: PUBLIC_URL };
    const { directRoute } = composeHistory({ ...parts, secretKey: api.stores.secretKey });
    const server = api.createApp({ directRoutes: [directRoute] });
    // Two are made at once, and twenty wait.
    const asked = Array.from({ length: 23 }, async () =>
      request(server).get(`/rest/call/summary?${DAY_OF_START}&by=day`).set('Authorization', 'Bearer demo-read'),
    );
    const first = await Promise.race(asked);
    expect([first.status, first.get('Retry-After')]).toEqual([429, '2']);
    expect(first.body).toMatchObject({ code: 'rate_limited' });
    open();
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(22);
  });

  it('reads no more once nobody waits for it', async () => {
    await insertAll(api.stores.calls, somePastCalls(700, 1));
    let reads = 0;
    const store: HistoryStore = Object.assign(Object.create(api.stores.history) as HistoryStore, {
      measure: (...args: Parameters<HistoryStore['measure']>) => {
        reads += 1;
        return api.stores.history.measure(...args);
      },
    });
    const asked = { whose: { kind: 'everybody' }, since: 0, until: Number.MAX_SAFE_INTEGER, by: 'day' } as const;
    const options = { store, turns: new Turns(), isAbandoned: () => reads === 2 };
    expect(await summarize(asked, options)).toBeUndefined();
    expect(reads).toBe(2);
  });

  it('shares the turns of the event loop: each has one step of one reader', async () => {
    const turns = new Turns();
    let turn = 0;
    const count = (): void => {
      turn += 1;
      if (turn < 12) setImmediate(count);
    };
    setImmediate(count);
    const taken: number[] = [];
    const reader = async (): Promise<void> => {
      for (let step = 0; step < 3; step += 1) {
        await turns.next();
        taken.push(turn);
      }
    };
    await Promise.all([reader(), reader(), reader()]);
    expect(taken).toHaveLength(9);
    expect(new Set(taken).size).toBe(9);
  });
});

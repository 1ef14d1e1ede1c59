import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Response, type Test } from 'supertest';
import { parseStringPromise } from 'xml2js';
import type { CallRecord } from '../../../src/calls/call-record.ts';
import { callColumns } from '../../../src/features/history/routes/csv.ts';
import { representCall } from '../../../src/http/routes/call/call-representation.ts';
import { aLeg, anEvent } from '../../contracts/records.ts';
import { type CallApi, createCallApi, PUBLIC_URL } from '../../support/call-api.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { parseCsv } from './parse-csv.ts';
import { aPastCall, insertAll, somePastCalls, START } from './past-calls.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let api: CallApi;

const get = (query: string | Record<string, string>, token = 'operator-all'): Test =>
  request(api.app).get('/rest/call').query(query).set('Authorization', `Bearer ${token}`);

const tokensOf = ({ body }: Response): string[] =>
  (body as { calls: { token_call: string }[] }).calls.map(({ token_call }) => token_call);

const nextOf = ({ body }: Response): string | null => (body as { next: string | null }).next;

/** Follows `Link` to the end; `between` runs after each page. */
const walk = async (
  query: Record<string, string>,
  { token = 'operator-all', between }: { token?: string; between?: () => Promise<unknown> } = {},
): Promise<string[]> => {
  const seen: string[] = [];
  let page = await get({ limit: '7', ...query }, token).expect(200);
  for (;;) {
    seen.push(...tokensOf(page));
    await between?.();
    const link = /^<([^>]*)>; rel="next"$/.exec(page.get('Link') ?? '')?.[1];
    if (link === undefined) return seen;
    expect(new URL(link).searchParams.get('cursor')).toBe(nextOf(page));
    expect(link.startsWith(PUBLIC_URL)).toBe(true);
    page = await get(new URL(link).search.slice(1), token).expect(200);
  }
};

describe('GET /rest/call?state=', () => {
  const calls = somePastCalls(160, 7);
  const [middle, late] = [calls[60]!.createdAt, calls[110]!.createdAt];
  const iso = (at: number): string => new Date(at).toISOString();
  beforeAll(async () => {
    api = await createCallApi();
    await insertAll(api.stores.calls, calls);
  });
  afterAll(() => api.close());

  const filters: readonly Readonly<Record<string, string>>[] = [
    { state: 'any' },
    { state: 'ended' },
    { since: iso(middle) },
    { until: iso(late) },
    { number: '+1 (202) 555-0100' },
    { number: '+1202*', since: iso(START) },
    { outcome: 'busy' },
    { client: 'other-app' },
    { user: 'ALICE' },
  ];
  const asks: Readonly<Record<string, (value: string, call: CallRecord) => boolean>> = {
    state: (value, { state }) => value === 'any' || state === value,
    since: (value, { createdAt }) => iso(createdAt) >= value,
    until: (value, { createdAt }) => iso(createdAt) < value,
    number: (value, { number }) => (value === '+1202*' ? number.startsWith('+1202') : number === '+12025550100'),
    outcome: (value, { outcome }) => outcome === value,
    client: (value, { clientId }) => clientId === value,
    user: (value, { username }) => username === value.toLowerCase(),
  };
  const newestFirst = (chosen: readonly CallRecord[]): string[] =>
    chosen
      .map((call) => ({ call, id: calls.indexOf(call) }))
      .sort((one, other) => other.call.createdAt - one.call.createdAt || other.id - one.id)
      .map(({ call }) => call.tokenCall);
  const pairs = filters.flatMap((one) => filters.map((other) => ({ state: 'any', ...one, ...other })));

  it.each(pairs.map((query) => [JSON.stringify(query), query] as const))(
    'lists what matches %s, newest first, of everybody and of each viewer',
    async (_shown, query) => {
      const wanted = calls.filter((call) => Object.entries(query).every(([name, value]) => asks[name]!(value, call)));
      expect(await walk({ all: 'true', ...query })).toEqual(newestFirst(wanted));
      if ('user' in query) return;
      const own = wanted.filter(({ userId }) => userId === 'user-demo');
      expect(await walk(query, { token: 'demo-read' })).toEqual(newestFirst(own));
      const placed = own.filter(({ clientId }) => clientId === 'demo-app');
      expect(await walk(query, { token: 'app-application' })).toEqual(newestFirst(placed));
    },
  );

  it('gives 50 calls where no limit is named, up to 500, and the cursor of the next page also in the body', async () => {
    const first = await get('state=any&all=true').expect(200);
    expect(tokensOf(first)).toHaveLength(50);
    expect(nextOf(first)).toMatch(/^[\w-]{30}$/);
    const all = await get('state=any&all=true&limit=500').expect(200);
    expect([tokensOf(all).length, nextOf(all), all.get('Link')]).toEqual([160, null, undefined]);
    const exact = await get('state=any&all=true&limit=160').expect(200);
    expect([tokensOf(exact).length, nextOf(exact)]).toEqual([160, null]);
  });

  it('shows each call as it is shown alone, in JSON and in XML', async () => {
    const json = await get('state=any&all=true&limit=3').expect(200);
    const { calls: shown } = json.body as { calls: { token_call: string }[] };
    for (const call of shown) {
      expect((await get({ token_call: call.token_call }).expect(200)).body).toEqual(call);
    }
    const xml = await get('state=any&all=true&limit=3').set('Accept', 'text/xml').expect(200);
    expect(xml.get('Content-Type')).toBe('application/xml; charset=utf-8');
    const { calls: root } = (await parseStringPromise(xml.text)) as {
      calls: { $: { next: string }; call: { token_call: string[]; legs: { leg: unknown[] }[] }[] };
    };
    expect(root.$.next).toBe(nextOf(json));
    expect(root.call.map(({ token_call }) => token_call[0])).toEqual(shown.map(({ token_call }) => token_call));
    expect(root.call[0]!.legs[0]!.leg).toHaveLength(2);
    const last = await get('state=any&all=true&limit=500').set('Accept', 'application/xml').expect(200);
    expect(last.text).toContain('<calls><call>');
    const empty = await get('state=any&outcome=lost&all=true').set('Accept', 'application/xml').expect(200);
    expect(empty.text).toMatch(/<calls><\/calls>$/);
  });

  it('answers a HEAD as a GET, without its body', async () => {
    const head = await request(api.app).head('/rest/call?state=ended').set('Authorization', 'Bearer demo-read');
    expect([head.status, head.text, Number(head.get('Content-Length')) > 100]).toEqual([200, undefined, true]);
  });

  it('lets front-ends of other origins read the Link', async () => {
    const response = await get('state=any&limit=1').set('Origin', 'https://app.example').expect(200);
    expect(response.get('Access-Control-Expose-Headers')).toContain('Link');
  });

  it('says which formats there are where none is accepted', async () => {
    const response = await get('state=any').set('Accept', 'image/png').expect(406);
    expect(response.body).toMatchObject({ code: 'not_acceptable', detail: expect.stringContaining('text/csv') });
  });

  it('leaves the list of ongoing calls as it was', async () => {
    const { body } = await get('', 'demo-read').expect(200);
    const ongoing = calls.filter(({ state, userId }) => state !== 'ended' && userId === 'user-demo');
    expect(body).toMatchObject({ total: ongoing.length });
    expect(Object.keys(body as object)).toEqual(['total', 'calls']);
    const { body: refused } = await get('outcome=busy').expect(400);
    expect(refused).toMatchObject({ code: 'invalid_request', parameter: 'outcome' });
  });

  describe('by the token', () => {
    const own = ['', '&all=false'];
    const all = ['&all=true', '&user=demo', '&user=alice'];
    it.each([
      ['demo-call', own, 200],
      ['demo-read', own, 200],
      ['demo-write', own, 403],
      ['demo-public', own, 403],
      ['demo-call', all, 403],
      ['demo-operator', all, 403],
      ['operator-all', own, 200],
      ['operator-all', all, 200],
      ['operator-only', all, 200],
      ['app-application', own, 200],
      ['app-application', all, 403],
      ['app-call', own, 403],
      ['nobody', own, 401],
    ])('%s is answered to %j with %i', async (token, queries, status) => {
      for (const query of queries) {
        const { body } = await get(`state=any${query}`, token).expect(status);
        if (status === 403) expect(body).toMatchObject({ code: 'insufficient_scope' });
      }
    });

    it('an application sees no call of another one, nor of a user whose grant does not stand', async () => {
      expect(await walk({ state: 'any' }, { token: 'other-application' })).toEqual(
        newestFirst(calls.filter(({ clientId, userId }) => clientId === 'other-app' && userId === 'user-demo')),
      );
    });

    it('a cursor of another user leads nowhere', async () => {
      const cursor = nextOf(await get('state=any&limit=2', 'alice-call').expect(200));
      await get(`state=any&cursor=${cursor}`, 'alice-call').expect(200);
      await get(`state=any&cursor=${cursor}`, 'demo-call').expect(400);
    });

    it('a token in the address stays out of the Link', async () => {
      const response = await request(api.app).get('/rest/call?state=any&limit=1&access_token=demo-read').expect(200);
      expect(response.get('Link')).not.toContain('access_token');
    });
  });

  describe('by the parameters', () => {
    it.each([
      ['state=now', 'state'],
      ['state=', 'state'],
      ['state=any&outcome=bad', 'outcome'],
      ['state=any&limit=0', 'limit'],
      ['state=any&limit=501', 'limit'],
      ['state=any&limit=1.5', 'limit'],
      ['state=any&all=yes', 'all'],
      ['state=any&user=demo&all=false', 'all'],
      ['state=any&user=', 'user'],
      ['state=any&client=', 'client'],
      ['state=any&since=2026-03-02T00:00:00Z&until=2026-03-02T00:00:00Z', 'until'],
      ['state=any&number=hello', 'number'],
      ['state=any&number=', 'number'],
      ['state=any&number=%2B1202555x22', 'number'],
      ['state=any&number=%2B1202*', 'number'],
      ['state=any&since=2026-03-02&number=*', 'number'],
      ['state=any&since=2026-03-02&number=2025550*', 'number'],
      ['state=any&colour=red', 'colour'],
      ['state=any&token_call=x', 'token_call'],
      ...['x', 'AAAA', 'a b', '%00', 'A'.repeat(30), 'A'.repeat(3000)].map((cursor) => [
        `state=any&cursor=${cursor}`,
        'cursor',
      ]),
    ])('refuses %s, and names the parameter', async (query, parameter) => {
      const { body } = await get(query).expect(400);
      expect(body).toMatchObject({ code: 'invalid_request', parameter });
    });

    it('refuses a parameter that was sent twice', async () => {
      const { body } = await get('state=any&outcome=busy&outcome=failed').expect(400);
      expect(body).toMatchObject({ code: 'invalid_request', detail: 'outcome was sent more than once.' });
    });

    it.each([
      ['2026-03-01T01:00:00Z'],
      ['2026-03-01T01:00Z'],
      ['2026-03-01t01:00:00.000z'],
      ['2026-03-01T02:00:00+01:00'],
      ['2026-03-01T02:00:00 01:00'],
      ['2026-02-28T20:00:00-05:00'],
      ['2026-03-01T06:30+05:30'],
    ])('reads since=%s as one o’clock of UTC', async (since) => {
      const wanted = calls.filter(({ createdAt }) => createdAt >= START + 60 * MINUTE);
      expect(await walk({ state: 'any', all: 'true', since })).toEqual(newestFirst(wanted));
    });

    it.each([
      ...['2026-03-01T01:00:00', '2026-13-01T01:00:00Z', '2026-02-30T00:00:00Z', '2026-03-01T25:00:00Z'],
      ...['2026-03-01T01:00:00+1', '2026-03-01T01:00:00+25:00', 'yesterday', '1772326800', '', '01.03.2026'],
    ])('refuses since and until %j, and names them', async (moment) => {
      for (const name of ['since', 'until']) {
        const { body } = await get({ state: 'any', [name]: moment }).expect(400);
        expect(body).toMatchObject({ code: 'invalid_request', parameter: name });
      }
    });

    it('takes a day alone as its begin in UTC', async () => {
      const { body } = await get('state=any&all=true&since=2026-03-01&until=2026-03-01T00:00:00.001Z').expect(200);
      const first = calls.filter(({ createdAt }) => createdAt === START);
      expect((body as { calls: unknown[] }).calls).toHaveLength(first.length);
    });

    it.each([
      ['%2B12025550100', '+12025550100'],
      ['+12025550100', '+12025550100'],
      ['2025550100', '+12025550100'],
      ['(202)%20555-0100', '+12025550100'],
      ['tel:%2B1-202-555-0100', '+12025550100'],
      ['011%2044%2020%207946%200000', '+442079460000'],
      ['%2B44%2020%207946%200000', '+442079460000'],
      ['201', '201'],
    ])('finds number=%s as %s', async (number, kept) => {
      const wanted = calls.filter((call) => call.number === kept);
      expect(tokensOf(await get(`state=any&all=true&limit=500&number=${number}`).expect(200))).toEqual(
        newestFirst(wanted),
      );
    });

    it.each([
      ['%2B1202555*', '+1202555'],
      ['+1202555*', '+1202555'],
      ['%2B44%2020*', '+4420'],
      ['20*', '20'],
    ])('finds what begins with number=%s as %s', async (number, prefix) => {
      const wanted = calls.filter((call) => call.number.startsWith(prefix));
      const query = `state=any&all=true&limit=500&since=2026-01-01&number=${number}`;
      expect(tokensOf(await get(query).expect(200))).toEqual(newestFirst(wanted));
    });

    it('lets a cursor go on with another limit and in another format, and with no other filter', async () => {
      const cursor = nextOf(await get('state=ended&all=true&limit=5').expect(200));
      expect(tokensOf(await get(`state=ended&all=true&limit=9&cursor=${cursor}`).expect(200))).toHaveLength(9);
      await get(`state=ended&all=true&cursor=${cursor}`).set('Accept', 'text/csv').expect(200);
      for (const other of ['state=any&all=true', 'state=ended', 'state=ended&all=true&outcome=busy']) {
        await get(`${other}&cursor=${cursor}`).expect(400);
      }
      const elsewhere = await createCallApi();
      await request(elsewhere.app)
        .get(`/rest/call?state=ended&all=true&cursor=${cursor}`)
        .set('Authorization', 'Bearer operator-all')
        .expect(400);
      await elsewhere.close();
    });
  });
});

describe('a walk through the pages', () => {
  beforeEach(async () => {
    api = await createCallApi();
  });
  afterEach(() => api.close());

  it.each([1, 2, 3])('neither skips nor repeats while calls are placed and end (seed %i)', async (seed) => {
    const calls = somePastCalls(60, seed);
    await insertAll(api.stores.calls, calls);
    const random = seededRandom(seed);
    const last = calls.at(-1)!.createdAt;
    const ongoing = calls.filter(({ state }) => state !== 'ended');
    let placed = 0;
    const between = async (): Promise<void> => {
      for (let index = Math.floor(random() * 5); index > 0; index -= 1) {
        placed += 1;
        const call = aPastCall(`new-${placed}`, { createdAt: last + placed * MINUTE, username: 'alice' });
        await api.stores.calls.insert(call, anEvent(1));
      }
      const ending = ongoing.splice(Math.floor(random() * ongoing.length), 1)[0];
      if (ending === undefined) return;
      const payload = { outcome: 'busy', endedBy: 'callee', endedLeg: null, talkMs: null, cause: null } as const;
      const ended = { ...ending, state: 'ended', outcome: 'busy', sequence: 2 } as const;
      await api.stores.calls.update(ended, [], [anEvent(2, { name: 'call.ended', payload })]);
    };
    const seen = await walk({ state: 'any', all: 'true' }, { between });
    expect(seen).toEqual(
      calls
        .map(({ tokenCall }) => tokenCall)
        .reverse()
        .sort(byAge(calls)),
    );
    expect(placed).toBeGreaterThan(5);
  });

  it('goes on while retention deletes what it walks through, and shows each call at most once', async () => {
    const calls = somePastCalls(80, 5).map((call) => ({ ...call, state: 'ended', endedAt: call.createdAt }) as const);
    await insertAll(api.stores.calls, calls);
    let pages = 0;
    const between = async (): Promise<void> => {
      pages += 1;
      if (pages === 3) await api.stores.sweep(calls[30]!.createdAt + 365 * DAY + 1);
    };
    const seen = await walk({ state: 'ended', all: 'true' }, { between });
    expect(new Set(seen).size).toBe(seen.length);
    const kept = calls.filter(({ createdAt }) => createdAt > calls[30]!.createdAt);
    expect(seen.slice(0, kept.length)).toEqual(kept.map(({ tokenCall }) => tokenCall).sort(byAge(calls)));
    expect(seen.length).toBeLessThan(80);
  });

  it('ends a page early where few calls match, and comes to the end all the same', async () => {
    await insertAll(api.stores.calls, [aPastCall('rare', { outcome: 'lost', createdAt: START - MINUTE })]);
    await addManyCompleted(api, 12_000);
    const first = await get('state=any&all=true&since=2026-01-01&number=%2B44*').expect(200);
    expect(tokensOf(first)).toEqual([]);
    expect(nextOf(first)).not.toBeNull();
    await insertAll(api.stores.calls, [
      aPastCall('oldest', { number: '+442079460000', createdAt: START - 2 * MINUTE }),
    ]);
    expect(await walk({ state: 'any', all: 'true', since: '2026-01-01', number: '+44*' })).toEqual(['oldest']);
    // Of two filters the one that leaves few leads: no early end.
    const rare = await get('state=any&outcome=lost', 'demo-read').expect(200);
    expect([tokensOf(rare), nextOf(rare)]).toEqual([['rare'], null]);
  });

  it('shows a user nothing of another one who had the name before', async () => {
    await insertAll(api.stores.calls, [
      aPastCall('of-before', { userId: 'user-gone', username: 'demo' }),
      aPastCall('own', { createdAt: START + 1 }),
    ]);
    expect(await walk({ state: 'any' }, { token: 'demo-read' })).toEqual(['own']);
    expect(await walk({ state: 'any', user: 'demo' })).toEqual(['own', 'of-before']);
  });
});

const byAge =
  (calls: readonly CallRecord[]) =>
  (one: string, other: string): number => {
    const [first, second] = [one, other].map((token) => calls.findIndex(({ tokenCall }) => tokenCall === token));
    return calls[second!]!.createdAt - calls[first!]!.createdAt || second! - first!;
  };

/** By one statement: what is asked here is how much is read, not what. */
const addManyCompleted = async ({ stores }: CallApi, count: number): Promise<void> => {
  const { sql } = await import('kysely');
  const numbers = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count})`;
  await stores.database.write(function* () {
    yield sql`insert into calls (token_call, user_id, username, client_id, number, state, outcome, created_at)
      ${numbers} select 'many-' || i, 'user-demo', 'demo', 'demo-app', '+12025550100', 'ended', 'completed', ${START} + i
      from n`.compile(stores.database.builder);
    yield sql`insert into legs (call_id, role, address, state) select calls.id, roles.column1, '', 'ended'
      from calls join (values ('caller'), ('callee')) as roles where token_call like 'many-%'`.compile(
      stores.database.builder,
    );
  });
};

describe('a test call', () => {
  beforeEach(async () => {
    api = await createCallApi();
  });
  afterEach(() => api.close());

  it('is listed too, marked as such', async () => {
    await insertAll(api.stores.calls, [aPastCall('t1', { purpose: 'test' }), aPastCall('t2')]);
    const { body } = await get('state=ended&all=true').expect(200);
    expect((body as { calls: { test?: boolean }[] }).calls.map(({ test }) => test)).toEqual([undefined, true]);
    const { text } = await get('state=ended&all=true').set('Accept', 'text/csv').expect(200);
    const [header = [], ...rows] = parseCsv(text);
    expect(rows.map((row) => row[header.indexOf('test')])).toEqual(['', 'true']);
  });
});

describe('a spreadsheet', () => {
  beforeEach(async () => {
    api = await createCallApi();
  });
  afterEach(() => api.close());

  const csv = (query: string): Test => get(query).set('Accept', 'text/csv');

  it('gets a table with the names of JSON, a row a call, and the next page in Link', async () => {
    const call = aPastCall('t1', {
      ...{ talkMs: 61_400, answeredAt: START + 2000, connectedAt: START + 2100 },
      legs: [
        aLeg('caller', { state: 'ended', sipStatus: 200, answeredAt: START + 1000 }),
        aLeg('callee', { state: 'ended', sipStatus: 200, q850Cause: 16, reason: 'hangup', ringingAt: START + 1500 }),
      ],
    });
    await insertAll(api.stores.calls, [aPastCall('t0', { createdAt: START - 1 }), call]);
    const response = await csv('state=ended&all=true&limit=1').expect(200);
    expect(response.get('Content-Type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.get('Link')).toMatch(/^<.*cursor=[\w-]+>; rel="next"$/);
    expect(response.text.split('\r\n')).toEqual([
      callColumns.join(','),
      [
        ...['t1', `${PUBLIC_URL}/rest/call?token_call=t1`, 'ended', 'completed', 'caller', 'caller', '+12025550100'],
        ...['demo', 'demo-app', '2026-03-01T00:00:00.000Z', '2026-03-01T00:00:02.000Z', '2026-03-01T00:00:02.100Z'],
        ...['2026-03-01T00:01:00.000Z', '61', ''],
        ...['sip:demo@127.0.0.1', 'ended', '200', '', '', '', '2026-03-01T00:00:01.000Z', ''],
        ...['+12025550100', 'ended', '200', '16', 'hangup', '2026-03-01T00:00:01.500Z', '', ''],
      ].join(','),
      '',
    ]);
  });

  it('gets the header alone where there is no call', async () => {
    expect((await csv('state=ended&all=true').expect(200)).text).toBe(`${callColumns.join(',')}\r\n`);
  });

  it.each([
    ['=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'],
    ['+1+cmd|calc', "'+1+cmd|calc"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', "'\r=1"],
    ['＝1+1', "'＝1+1"],
    ['+442079460000', '+442079460000'],
    ['+4420794600001234567', "'+4420794600001234567"],
    ['+44;x', "'+44;x"],
    ['a,"b"\r\nc', 'a,"b"\r\nc'],
    ['sip:ümläut@host', 'sip:ümläut@host'],
  ])('takes %j for no formula', async (address, cell) => {
    const legs = [aLeg('caller', { address, state: 'ended' }), aLeg('callee', { state: 'ended' })] as const;
    await insertAll(api.stores.calls, [aPastCall('t1', { legs })]);
    const [header = [], row = []] = parseCsv((await csv('state=ended&all=true').expect(200)).text);
    expect(row[header.indexOf('caller_address')]).toBe(cell);
    expect(row).toHaveLength(header.length);
  });

  it('has a column for all that is shown of a call', () => {
    const { legs, ...call } = representCall(aPastCall('t1', { purpose: 'test' }), PUBLIC_URL);
    const legNames = Object.keys((legs as object[])[0]!).filter((name) => name !== 'role');
    const names = ['caller', 'callee'].flatMap((role) => legNames.map((name) => `${role}_${name}`));
    expect(callColumns).toEqual([...Object.keys(call), ...names]);
  });

  it.each([
    ['text/csv', 'text/csv'],
    ['text/csv, application/json', 'text/csv'],
    ['text/csv;q=0.5, application/json', 'application/json'],
    ['text/csv, */*;q=0.1', 'text/csv'],
    ['*/*', 'application/json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'application/json'],
    ['text/csv;q=0, application/xml', 'application/xml'],
  ])('is meant where Accept is %s: %s', async (accept, type) => {
    const response = await get('state=any').set('Accept', accept).expect(200);
    expect(response.get('Content-Type')).toContain(type);
  });
});

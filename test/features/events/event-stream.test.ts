import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventWorld, Reader, type ReadEvent } from './event-world.ts';

let world: EventWorld;

beforeEach(async () => {
  world = await EventWorld.open();
});

afterEach(() => world.close());

/** All that is told of a call which was connected and ended by its user. */
const LIFE = [
  ...['call.created', 'leg.calling', 'call.calling', 'leg.ringing', 'leg.answered', 'call.dialling'],
  ...['leg.calling', 'leg.ringing', 'leg.answered', 'call.connected', 'call.ended', 'leg.ended', 'leg.ended'],
  'call.settled',
];

const told = ({ event, data }: ReadEvent): string => `${data.call?.token_call ?? ''} ${data.sequence ?? ''} ${event}`;
const closed = (reason: string): object => ({ event: 'closed', id: '', data: { reason } });

describe('GET /rest/call/events', () => {
  it('tells first what there is, then each change in its order, and last that the call is settled', async () => {
    const token = await world.issue('demo', ['call']);
    const before = await world.place('demo');
    const reader = await world.follow(token);
    expect(reader.response.statusCode).toBe(200);
    expect(reader.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(reader.text).toMatch(/^retry: 2000\n\n/);
    await world.until(() => reader.names.includes('snapshot'));
    expect(reader.events[0]?.data).toMatchObject({ total: 1, calls: [{ token_call: before, state: 'created' }] });
    const tokenCall = await world.play('demo');
    await world.until(() => reader.names.includes('call.settled'));
    expect(reader.names).toEqual(['snapshot', ...LIFE]);
    const changes = reader.events.slice(1);
    expect(changes.map(({ data }) => data.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 13]);
    expect(changes.every(({ data }) => data.call?.token_call === tokenCall)).toBe(true);
    expect(changes.map(({ data }) => data.call?.state)).toEqual([
      ...['created', 'created', 'calling', 'calling', 'calling', 'dialling', 'dialling', 'dialling', 'dialling'],
      ...['connected', 'ended', 'ended', 'ended', 'ended'],
    ]);
    reader.leave();
  });

  it('goes on after any event exactly, by the header and by the query, also between two of one change', async () => {
    const token = await world.issue('demo', ['call']);
    const first = await world.follow(token);
    await world.play('demo');
    await world.until(() => first.names.includes('call.settled'));
    const all = first.events;
    for (const [index, { id }] of all.entries()) {
      const again =
        index % 2 === 0
          ? await world.follow(token, '', { 'Last-Event-ID': id })
          : await world.follow(token, `?last_event_id=${id}`);
      const left = all.slice(index + 1);
      await world.until(() => again.events.length >= left.length);
      expect(again.events.map(told)).toEqual(left.map(told));
      expect(again.events.map((each) => each.id)).toEqual(left.map((each) => each.id));
      again.leave();
    }
    first.leave();
  });

  it.each([['unreadable'], ['Zm9yZWlnbi41LjA'], ['x~1']])(
    'begins anew with reset where it cannot go on: %s',
    async (id) => {
      const token = await world.issue('demo', ['call']);
      const tokenCall = await world.place('demo');
      const reader = await world.follow(token, '', { 'Last-Event-ID': id });
      await world.until(() => reader.events.length > 0);
      expect(reader.events[0]).toMatchObject({
        event: 'snapshot',
        data: { total: 1, reset: true, calls: [{ token_call: tokenCall }] },
      });
      reader.leave();
    },
  );

  it('shows each what its token may see, and no more', async () => {
    const demo = await world.follow(await world.issue('demo', ['read']));
    const operator = await world.follow(await world.issue('operator', ['operator']));
    const all = await world.follow(await world.issue('operator', ['operator']), '?all=true');
    const mine = await world.place('operator');
    world.calls.engine.last.connect();
    const theirs = await world.place('demo');
    world.calls.engine.last.connect();
    const one = await world.follow(await world.issue('operator', ['operator']), `?token_call=${theirs}`);
    await world.issue('demo', ['call']);
    const application = await world.follow(await world.issue(null, ['application']));
    await world.calls.calls.stop(theirs, await world.requester('demo'));
    await world.calls.calls.stop(mine, await world.requester('operator'));
    const ends = (reader: typeof demo): unknown[] =>
      reader.events.filter(({ event }) => event === 'call.settled').map(({ data }) => data.call?.token_call);
    await world.until(() => ends(all).length === 2 && ends(demo).length === 1 && ends(operator).length === 1);
    await world.until(() => ends(one).length === 1 && ends(application).length === 2);
    expect([ends(demo), ends(operator), ends(one)]).toEqual([[theirs], [mine], [theirs]]);
    // Both have let it place calls for them.
    expect(ends(application)).toEqual([theirs, mine]);
    for (const reader of [demo, operator, all, one, application]) reader.leave();
  });

  it.each([
    ['?all=true', 'demo', 403, 'insufficient_scope'],
    ['?all=maybe', 'demo', 400, 'invalid_request'],
    ['?token_call=nothing', 'demo', 409, 'call_not_found'],
    ['?tokencall=x', 'demo', 400, 'invalid_request'],
    ['?all=true&token_call=x', 'operator', 400, 'invalid_request'],
    ['?stream_token=x', null, 401, 'invalid_token'],
    ['', null, 401, 'unauthorized'],
  ])('refuses %s of %s with %i %s', async (query, username, status, code) => {
    const scopes = username === 'operator' ? (['call', 'operator'] as const) : (['call'] as const);
    const token = username === null ? {} : { token: await world.issue(username, scopes) };
    const reader = await world.ask(`/rest/call/events${query}`, { ...token, headers: { Origin: 'https://a.example' } });
    await world.until(() => reader.state === 'ended');
    expect(reader.response.statusCode).toBe(status);
    expect(reader.response.headers['access-control-allow-origin']).toBe('*');
    expect(JSON.parse(reader.text)).toMatchObject({ code });
  });

  it('knows its methods and its one format', async () => {
    const token = await world.issue('demo', ['call']);
    const path = '/rest/call/events';
    const ask = async (method: string, headers: object = {}): Promise<unknown[]> => {
      const { response } = await world.ask(path, { token, method, headers });
      return [response.statusCode, response.headers.allow, response.headers['content-type']];
    };
    const allow = 'GET, HEAD, POST, OPTIONS';
    expect(await ask('HEAD')).toEqual([200, undefined, 'text/event-stream; charset=utf-8']);
    expect(await ask('OPTIONS')).toEqual([204, allow, undefined]);
    expect((await ask('DELETE')).slice(0, 2)).toEqual([405, allow]);
    expect((await ask('GET', { Accept: 'application/json' }))[0]).toBe(406);
    expect((await ask('GET', { Accept: 'text/*' }))[0]).toBe(200);
  });

  it('keeps the connection alive each 15 seconds, and moves the reader on', async () => {
    const token = await world.issue('demo', ['call']);
    const reader = await world.follow(token);
    await world.until(() => reader.names.includes('snapshot'));
    const before = reader.text.length;
    await world.calls.clock.advanceAsync(15_000);
    await world.until(() => reader.text.length > before);
    expect(reader.text.slice(before)).toMatch(/^id: [\w-]+\n:\n\n$/);
    reader.leave();
  });
});

describe('the end of a stream', () => {
  it.each([
    ['the token is revoked', 'token_revoked', (token: string) => world.revoke(token)],
    [
      'its user is disabled',
      'token_revoked',
      async () => world.calls.stores.users.setStatus((await world.requester('demo')).userId, 'disabled'),
    ],
    ['its client is deleted', 'token_revoked', () => world.calls.stores.clients.delete('demo-app')],
    ['its token expires', 'token_expired', () => world.calls.clock.step(3_600_000)],
  ])('comes within a second when %s, and says why', async (_name, reason, end) => {
    const token = await world.issue('demo', ['call']);
    const reader = await world.follow(token);
    await world.until(() => reader.names.includes('snapshot'));
    await end(token);
    const at = world.calls.clock.elapsed();
    await world.until(() => reader.state === 'ended');
    expect(world.calls.clock.elapsed() - at).toBeLessThanOrEqual(1000);
    expect(reader.events.at(-1)).toEqual(closed(reason));
    await world.until(() => world.calls.clock.pendingTimers <= 1);
  });

  it('comes for all=true with the end of the role, while the own calls may still be followed', async () => {
    const token = await world.issue('operator', ['call', 'operator']);
    const all = await world.follow(token, '?all=true');
    const own = await world.follow(token);
    const { userId } = await world.requester('operator');
    await world.calls.stores.userChanges.change(userId, { role: 'user' });
    await world.until(() => all.state === 'ended');
    expect(all.events.at(-1)).toEqual(closed('token_revoked'));
    await world.play('operator');
    await world.until(() => own.names.includes('call.settled'));
    own.leave();
  });

  it('comes with the service, after all that happened; a reader goes on at the next one and misses nothing', async () => {
    const token = await world.issue('demo', ['call']);
    const first = await world.follow(token);
    await world.until(() => first.names.includes('snapshot'));
    await world.play('demo');
    await world.events.close();
    await world.until(() => first.state === 'ended');
    expect(first.names).toEqual(['snapshot', ...LIFE, 'closed']);
    expect(first.events.at(-1)).toEqual(closed('stopping'));
    const refused = await world.ask('/rest/call/events', { token });
    expect([refused.response.statusCode, refused.response.headers['retry-after']]).toEqual([503, '2']);
    await world.serve();
    const missed = await world.play('demo');
    const again = await world.follow(token, '', { 'Last-Event-ID': first.events.at(-2)?.id });
    await world.until(() => again.names.includes('call.settled'));
    expect(again.names).toEqual(LIFE);
    expect(again.events.every(({ data }) => data.call?.token_call === missed)).toBe(true);
    again.leave();
  });

  it('comes for a reader that does not read, alone; the others get everything', async () => {
    const token = await world.issue('demo', ['call']);
    const slow = await world.follow(token);
    const quick = await world.follow(token);
    slow.response.pause();
    slow.response.socket.pause();
    let placed = 0;
    const settled = (): number => quick.text.split('event: call.settled').length - 1;
    // More than the buffers of the system hold.
    for (; placed < 600; placed += 1) {
      await world.play('demo');
      if (placed % 20 === 0) await world.until(() => settled() >= placed);
    }
    await world.until(() => settled() === placed);
    await world.calls.clock.advanceAsync(11_000);
    const after = await world.follow(token);
    await world.play('demo');
    await world.until(() => settled() === placed + 1 && after.names.includes('call.settled'));
    slow.response.socket.resume();
    slow.response.resume();
    await world.until(() => slow.state === 'ended');
    expect(slow.names.length).toBeLessThan(placed * LIFE.length);
    quick.leave();
    after.leave();
  }, 120_000);

  it('comes for a reader that slept, who is told so when it wakes, and goes on where it was', async () => {
    const token = await world.issue('demo', ['call']);
    const first = await world.follow(token);
    await world.until(() => first.names.includes('snapshot'));
    const [snapshot] = first.events;
    first.leave();
    // More than the buffers of the system hold.
    let calls = 0;
    for (; calls < 600; calls += 1) await world.play('demo');
    let slept: IncomingMessage | undefined;
    const path = `/rest/call/events?last_event_id=${snapshot?.id ?? ''}`;
    world.send(path, { token }).on('response', (response) => {
      response.socket.pause();
      slept = response;
    });
    await world.until(() => slept !== undefined);
    const quick = await world.follow(token);
    await world.calls.clock.advanceAsync(12_000);
    await world.play('demo');
    calls += 1;
    await world.until(() => quick.names.includes('call.settled'));
    quick.leave();
    const woken = new Reader(slept!);
    slept!.socket.resume();
    await once(slept!, 'close');
    expect(woken.events.at(-1)).toEqual(closed('too_slow'));
    const again = await world.follow(token, '', { 'Last-Event-ID': woken.events.at(-2)?.id });
    const ends = (): number => [...woken.names, ...again.names].filter((name) => name === 'call.settled').length;
    await world.until(() => ends() >= calls);
    again.leave();
    const all = [...woken.events.slice(0, -1), ...again.events].map(told);
    expect([ends(), all.length, new Set(all).size]).toEqual([calls, calls * LIFE.length, calls * LIFE.length]);
  }, 120_000);

  it('frees everything when the reader goes', async () => {
    const before = world.calls.clock.pendingTimers;
    const token = await world.issue('demo', ['call']);
    const readers = [await world.follow(token), await world.follow(token)];
    for (const reader of readers) reader.leave();
    await world.until(() => world.calls.clock.pendingTimers === before);
  });
});

describe('limits', () => {
  it('gives one grant 50 streams, and a place again when one is left', async () => {
    const token = await world.issue('demo', ['call']);
    const readers = [];
    for (let count = 0; count < 50; count += 1) readers.push(await world.follow(token));
    const refused = await world.ask('/rest/call/events', { token });
    await world.until(() => refused.state === 'ended');
    expect(refused.response.statusCode).toBe(429);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'too_many_streams' });
    const other = await world.follow(await world.issue('demo', ['call']));
    readers.pop()?.leave();
    let again = await world.ask('/rest/call/events', { token });
    while (again.response.statusCode !== 200) again = await world.ask('/rest/call/events', { token });
    for (const reader of [...readers, other, again]) reader.leave();
  });

  it('slows a client down that begins anew for ever, and no other: it is told when to come back, and served then', async () => {
    const token = await world.issue('demo', ['call']);
    const other = await world.issue('demo', ['call']);
    const stale = { 'Last-Event-ID': 'of-another-database' };
    const begin = async (): Promise<Reader> => {
      const reader = await world.follow(token, '', stale);
      await world.until(() => reader.names.length > 0 || /^retry: (?!2000$)/m.test(reader.text));
      return reader;
    };
    let reader = await begin();
    let begun = 0;
    for (; reader.names.includes('snapshot'); begun += 1) {
      reader.leave();
      reader = await begin();
    }
    expect(begun).toBeGreaterThanOrEqual(50);
    expect(begun).toBeLessThan(100);
    const refused = await world.ask('/rest/call/events', { token });
    await world.until(() => refused.state === 'ended');
    expect([refused.response.statusCode, JSON.parse(refused.text)]).toEqual([
      429,
      expect.objectContaining({ code: 'rate_limited' }),
    ]);
    expect(Number(refused.response.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    const spared = await world.follow(other, '', stale);
    await world.until(() => spared.names.includes('snapshot'));
    await world.calls.clock.advanceAsync(5000);
    await world.until(() => reader.names.includes('snapshot'));
    const tokenCall = await world.play('demo');
    await world.until(() => reader.names.includes('call.settled'));
    expect(reader.events.at(-1)?.data.call?.token_call).toBe(tokenCall);
    for (const each of [reader, spared]) each.leave();
  });

  it('counts no stream and no wait as a request under way', async () => {
    await world.serve({ requests: 1 });
    const token = await world.issue('demo', ['call']);
    const readers = [await world.follow(token), await world.follow(token), await world.follow(token)];
    const list = await world.ask('/rest/call', { token });
    expect(list.response.statusCode).toBe(200);
    // Longer than a reply may be unread.
    await world.calls.clock.advanceAsync(60_000);
    expect(readers.map(({ state }) => state)).toEqual(['open', 'open', 'open']);
    for (const reader of readers) reader.leave();
  });
});

describe('POST /rest/call/events', () => {
  const make = async (token: string, body = ''): Promise<string> => {
    const reader = await world.ask('/rest/call/events', { token, method: 'POST', body });
    await world.until(() => reader.state === 'ended');
    expect(reader.response.statusCode).toBe(201);
    const { url, expires_in: expiresIn } = JSON.parse(reader.text) as { url: string; expires_in: number };
    expect(expiresIn).toBe(60);
    expect(url).toMatch(/^http:\/\/localhost:8888\/rest\/call\/events\?stream_token=[\w-]+$/);
    return url.slice('http://localhost:8888'.length);
  };

  const statusOf = async (path: string, headers: object = {}): Promise<number | undefined> => {
    const reader = await world.ask(path, { headers });
    reader.leave();
    return reader.response.statusCode;
  };

  it('gives an address of that stream for an EventSource', async () => {
    const token = await world.issue('operator', ['operator']);
    const path = await make(token, 'all=true');
    const reader = await world.ask(path);
    const tokenCall = await world.play('demo');
    await world.until(() => reader.names.includes('call.settled'));
    expect(reader.events.at(-1)?.data.call?.token_call).toBe(tokenCall);
    reader.leave();
  });

  it('is for the first time within 60 seconds; then it goes on where its reader was, also after a restart', async () => {
    const token = await world.issue('demo', ['call']);
    const path = await make(token);
    const reader = await world.ask(path);
    await world.until(() => reader.names.includes('snapshot'));
    reader.leave();
    world.calls.clock.step(61_000);
    expect(await statusOf(path)).toBe(401);
    expect(await statusOf(path, { 'Last-Event-ID': 'made up' })).toBe(401);
    await world.serve();
    expect(await statusOf(path, { 'Last-Event-ID': reader.events[0]?.id })).toBe(200);
    await world.revoke(token);
    expect(await statusOf(path, { 'Last-Event-ID': reader.events[0]?.id })).toBe(204);
  });

  it('is of no use anywhere else, and in no log', async () => {
    const path = await make(await world.issue('demo', ['call']));
    const streamToken = path.split('=')[1] ?? '';
    expect(await statusOf(`/rest/call?access_token=${streamToken}`)).toBe(401);
    expect(await statusOf(`/rest/me`, { Authorization: `Bearer ${streamToken}` })).toBe(401);
    expect(await statusOf(`${path}x`)).toBe(401);
    expect(await statusOf(`${path}&all=true`)).toBe(400);
    expect(JSON.stringify(world.log.lines)).not.toContain(streamToken);
  });

  it.each([
    ['all=true', 403],
    ['token_call=unknown', 409],
    ['tokencall=x', 400],
  ])('refuses %s with %i', async (body, status) => {
    const reader = await world.ask('/rest/call/events', {
      token: await world.issue('demo', ['call']),
      method: 'POST',
      body,
    });
    expect(reader.response.statusCode).toBe(status);
  });
});

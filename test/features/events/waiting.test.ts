import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { permissionsOf } from '../../../src/oauth/model/permissions.ts';
import { EventWorld, type Reader } from './event-world.ts';

let world: EventWorld;
let token: string;

beforeEach(async () => {
  world = await EventWorld.open();
  token = await world.issue('demo', ['call']);
});

afterEach(() => world.close());

const read = async (path: string, headers: object = {}): Promise<Reader> => {
  const reader = await world.ask(path, { token, headers });
  await world.until(() => reader.state === 'ended');
  return reader;
};

const tagOf = ({ response }: Reader): string => response.headers.etag ?? '';

describe('GET /rest/call?token_call= with a tag', () => {
  it('is 304 at once where nothing changed, in the format that was asked for', async () => {
    const path = `/rest/call?token_call=${await world.place('demo')}`;
    const first = await read(path);
    expect([first.response.statusCode, tagOf(first)]).toEqual([200, 'W/"1-json"']);
    for (const tag of ['W/"1-json"', '"1-json"', '"0-json", W/"1-json"', '*']) {
      const again = await read(path, { 'If-None-Match': tag });
      expect([again.response.statusCode, tagOf(again), again.text]).toEqual([304, 'W/"1-json"', '']);
    }
    const xml = await read(path, { 'If-None-Match': 'W/"1-json"', Accept: 'application/xml' });
    expect([xml.response.statusCode, tagOf(xml)]).toEqual([200, 'W/"1-xml"']);
  });

  it('waits for a change, and is 200 at the first one', async () => {
    const tokenCall = await world.place('demo');
    const timers = world.calls.clock.pendingTimers;
    const started = world.ask(`/rest/call?token_call=${tokenCall}&wait=60`, {
      token,
      headers: { 'If-None-Match': 'W/"1-json"' },
    });
    await world.until(() => world.calls.clock.pendingTimers > timers);
    await world.calls.clock.advanceAsync(5000);
    world.calls.engine.last.answer('caller');
    const changed = await started;
    await world.until(() => changed.state === 'ended');
    expect(changed.response.statusCode).toBe(200);
    expect(JSON.parse(changed.text)).toMatchObject({ token_call: tokenCall });
    expect(tagOf(changed)).not.toBe('W/"1-json"');
  });

  it('is 304 after the time, and leaves nothing behind', async () => {
    const path = `/rest/call?token_call=${await world.place('demo')}&wait=2`;
    const timers = world.calls.clock.pendingTimers;
    const before = world.calls.clock.elapsed();
    const same = await read(path, { 'If-None-Match': 'W/"1-json"' });
    expect(same.response.statusCode).toBe(304);
    expect(world.calls.clock.elapsed() - before).toBeGreaterThanOrEqual(2000);
    await world.until(() => world.calls.clock.pendingTimers === timers);
  });

  it('frees everything of a request that was aborted, and answers at a stop', async () => {
    const path = `/rest/call?token_call=${await world.place('demo')}&wait=60`;
    const timers = world.calls.clock.pendingTimers;
    const headers = { 'If-None-Match': 'W/"1-json"' };
    const gone = world.send(path, { token, headers });
    await world.until(() => world.calls.clock.pendingTimers > timers);
    gone.destroy();
    await world.until(() => world.calls.clock.pendingTimers === timers);
    const waiting = world.ask(path, { token, headers });
    await world.until(() => world.calls.clock.pendingTimers > timers);
    await world.events.close();
    expect((await waiting).response.statusCode).toBe(304);
  });

  it('is 401 where the token ended meanwhile', async () => {
    const path = `/rest/call?token_call=${await world.place('demo')}&wait=1`;
    const timers = world.calls.clock.pendingTimers;
    const waiting = world.ask(path, { token, headers: { 'If-None-Match': 'W/"1-json"' } });
    // Its watch has begun.
    await new Promise((resolve) => setImmediate(resolve));
    await world.revoke(token);
    expect((await waiting).response.statusCode).toBe(401);
    await world.until(() => world.calls.clock.pendingTimers === timers);
  });

  it.each(['0', '61', 'x', '1.5', '-1', ''])('refuses wait=%s', async (wait) => {
    const reader = await read(`/rest/call?token_call=${await world.place('demo')}&wait=${wait}`);
    expect(reader.response.statusCode).toBe(400);
    expect(JSON.parse(reader.text)).toMatchObject({ code: 'invalid_request', field: 'wait' });
  });

  it('is of one call only', async () => {
    expect((await read('/rest/call?wait=5')).response.statusCode).toBe(400);
  });
});

describe('GET /rest/me', () => {
  it('tells whom a token acts for, what it may, and its limits', async () => {
    const reader = await read('/rest/me');
    expect(JSON.parse(reader.text)).toEqual({
      user: { ...{ id: expect.any(String), name: 'demo', role: 'user' }, extension: null, numbers: [] },
      ...{ client: 'demo-app', scopes: ['call'], permissions: [...permissionsOf(['call'], 'user')].sort() },
      ...{ expires_at: '2026-01-01T01:00:00.000Z', limits: { reads_per_second_per_token: 100 } },
    });
  });

  it('is XML too', async () => {
    const { text } = await read('/rest/me', { Accept: 'application/xml' });
    expect(text).toMatch(
      /<me><user><id>.*<name>demo<\/name>.*<scopes>call<\/scopes><permissions>calls:place calls:read/s,
    );
  });

  it('answers any valid token, also one that acts for no user', async () => {
    token = await world.issue(null, ['application']);
    expect(JSON.parse((await read('/rest/me')).text)).toMatchObject({ user: null, scopes: ['application'] });
    token = await world.issue('demo', ['public']);
    expect(JSON.parse((await read('/rest/me')).text)).toMatchObject({
      permissions: expect.arrayContaining(['profile:read']),
    });
  });

  it('refuses no token, other methods and unknown parameters', async () => {
    expect((await read('/rest/me?x=1')).response.statusCode).toBe(400);
    const posted = await world.ask('/rest/me', { token, method: 'POST' });
    expect([posted.response.statusCode, posted.response.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect((await world.ask('/rest/me')).response.statusCode).toBe(401);
  });
});

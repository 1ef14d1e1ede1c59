import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventWorld, type Reader } from './event-world.ts';

let world: EventWorld;

beforeEach(async () => {
  world = await EventWorld.open();
});

afterEach(() => world.close());

const ended = async (reader: Reader): Promise<Reader> => {
  await world.until(() => reader.state === 'ended');
  return reader;
};

const statusOf = async (path: string, token: string, method = 'GET'): Promise<number | undefined> => {
  const { response } = await ended(await world.ask(path, { token, method }));
  return response.statusCode;
};

/** The address of a stream for an EventSource. */
const addressFor = async (token: string, body = ''): Promise<string> => {
  const { text } = await ended(await world.ask('/rest/call/events', { token, method: 'POST', body }));
  const { pathname, search } = new URL((JSON.parse(text) as { url: string }).url);
  return pathname + search;
};

describe('a page token', () => {
  it('reads the calls of its user and their stream', async () => {
    const { token } = await world.issueToPage('demo', ['read']);
    expect(await statusOf('/rest/call', token)).toBe(200);
    const reader = await world.ask(await addressFor(token));
    const tokenCall = await world.play('demo');
    await world.until(() => reader.names.includes('call.settled'));
    expect(reader.events.at(-1)?.data.call?.token_call).toBe(tokenCall);
    reader.leave();
  });

  it('places and ends no call, sees no call of others, and comes in a header alone', async () => {
    const { token } = await world.issueToPage('demo', ['read']);
    const tokenCall = await world.place('demo');
    const send = async (method: string, body: string): Promise<number | undefined> => {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
      return (await ended(await world.ask('/rest/call', { token, method, headers, body }))).response.statusCode;
    };
    expect(await send('POST', 'number=%2B12025550100')).toBe(403);
    expect(await send('PUT', `token_call=${tokenCall}`)).toBe(403);
    expect(await statusOf('/rest/call?all=true', token)).toBe(403);
    const inQuery = await ended(await world.ask(`/rest/call?access_token=${token}`));
    expect(inQuery.response.statusCode).toBe(401);
    expect(await statusOf('/rest/call', `${token}x`)).toBe(401);
  });

  it('places no call for an operator either, who sees and ends those of everybody', async () => {
    const { token } = await world.issueToPage('operator', ['read', 'operator']);
    const body = `token_call=${await world.place('demo')}`;
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const sent = async (method: string, text: string) =>
      (await ended(await world.ask('/rest/call', { token, method, headers, body: text }))).response.statusCode;
    expect(await sent('POST', 'number=%2B12025550100')).toBe(403);
    expect(await sent('PUT', body)).toBe(200);
    expect(await statusOf('/rest/call?all=true', token)).toBe(200);
  });

  it('counts for its session in limits: another token of it gets no more streams', async () => {
    const { token, again } = await world.issueToPage('demo', ['read']);
    const readers: Reader[] = [];
    for (let count = 0; count < 50; count += 1) readers.push(await world.follow(token));
    expect(await statusOf('/rest/call/events', again())).toBe(429);
    for (const reader of readers) reader.leave();
  });
});

describe('what a page token opened ends within a second', () => {
  it.each([
    ['the log-out', 'token_revoked', ({ logOut }: { logOut: () => Promise<void> }) => logOut()],
    ['its five minutes', 'token_expired', () => world.calls.clock.step(300_000)],
    [
      'the end of the account',
      'token_revoked',
      async () => world.calls.stores.users.setStatus((await world.requester('operator')).userId, 'disabled'),
    ],
    [
      'the end of the role',
      'token_revoked',
      async () => {
        const { userId } = await world.requester('operator');
        await world.calls.stores.userChanges.change(userId, { role: 'user' });
      },
    ],
  ])('after %s: %s, and the address of the stream is over', async (_name, reason, end) => {
    const page = await world.issueToPage('operator', ['read', 'operator']);
    const path = await addressFor(page.token, 'all=true');
    const reader = await world.ask(path);
    await world.until(() => reader.names.includes('snapshot'));
    await end(page);
    const at = world.calls.clock.elapsed();
    await ended(reader);
    expect(world.calls.clock.elapsed() - at).toBeLessThanOrEqual(1000);
    expect(reader.events.at(-1)).toEqual({ event: 'closed', id: '', data: { reason } });
    const { response } = await ended(await world.ask(path, { headers: { 'Last-Event-ID': reader.events[0]?.id } }));
    expect(response.statusCode).toBe(204);
  });

  it('while the next token of the session goes on exactly where the first one stopped', async () => {
    const page = await world.issueToPage('demo', ['read']);
    const first = await world.ask(await addressFor(page.token));
    await world.until(() => first.names.includes('snapshot'));
    world.calls.clock.step(300_000);
    await ended(first);
    const missed = await world.play('demo');
    const path = await addressFor(page.again());
    const next = await world.ask(`${path}&last_event_id=${first.events[0]?.id ?? ''}`);
    await world.until(() => next.names.includes('call.settled'));
    expect(next.names.slice(0, 1)).toEqual(['call.created']);
    expect(next.events.every(({ data }) => data.call?.token_call === missed)).toBe(true);
    next.leave();
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectNothingLeft, SipWorld } from '../../../support/sip-world.ts';

const key = {
  method: 'INFO',
  contentType: 'application/dtmf-relay',
  body: Buffer.from('Signal=5\r\nDuration=160\r\n'),
} as const;

let world: SipWorld;

beforeEach(async () => {
  world = await SipWorld.started();
});

afterEach(() => expectNothingLeft(world));

/** The body of the last INFO that a host was sent. */
const infoTo = (host: string): string | undefined =>
  world.network.sent.findLast(({ startLine, to }) => startLine.startsWith('INFO') && to === `${host}:5060`)?.text;

describe('a key in INFO', () => {
  it.each([
    ['phone', 'carrier', '10.0.0.3'],
    ['carrier', 'phone', '10.0.0.2'],
  ] as const)('of the %s is carried to the %s, whose answer comes back', async (from, _to, host) => {
    const joined = await world.joined();
    const status = joined[from].send(key);
    await world.elapse(100);
    expect(await status).toBe(200);
    expect(infoTo(host)).toMatch(/Content-Type: application\/dtmf-relay\r\n[\s\S]*Signal=5\r\nDuration=160\r\n$/i);
    joined.call.hangUp();
  });

  it('before the two are joined is taken, and goes nowhere', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => session.progress(180));
    const { call } = world.place();
    await world.elapse(500);
    const status = world.phone.lastIn.session.send(key);
    await world.elapse(100);
    expect(await status).toBe(200);
    expect(infoTo('10.0.0.3')).toBeUndefined();
    call.hangUp();
  });

  it('that the other leg leaves without an answer is 500, not what would end the call', async () => {
    const joined = await world.joined();
    world.network.lose = (text, to) => text.startsWith('INFO') && to === '10.0.0.3:5060';
    const status = joined.phone.send(key);
    await world.elapse(40_000);
    expect(await status).not.toBe(481);
    expect(joined.notified.filter((what) => what.startsWith('over'))).toEqual([]);
    joined.call.hangUp();
  });
});

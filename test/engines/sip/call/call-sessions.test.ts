import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RawPeer } from '../../../sip/session/party.ts';
import { expectNothingLeft, mediaOf, shownBy, SipWorld } from '../../../support/sip-world.ts';

let world: SipWorld;

beforeEach(async () => {
  world = await SipWorld.started({ busyToneMs: 0 });
});

afterEach(async () => {
  await expectNothingLeft(world);
});

const HOUR_MS = 3_600_000;

describe('a call that lasts', () => {
  it('goes on for hours, refreshed, its media untouched', async () => {
    const { call, notified } = await world.joined();
    const before = world.shownTo(world.phone).length + world.shownTo(world.carrier).length;
    await world.elapse(3 * HOUR_MS);
    expect(notified.at(-1)).toBe('joined');
    expect(world.shownTo(world.phone).length + world.shownTo(world.carrier).length).toBe(before);
    call.hangUp();
  });

  it.each(['phone', 'carrier'] as const)(
    'ends within the session when the %s vanishes, and so does the other leg',
    async (who) => {
      const { notified } = await world.joined();
      const { host } = world[who].transport;
      world.network.lose = (text, to) => to === `${host}:5060` || text.includes(`Via: SIP/2.0/UDP ${host}`);
      await world.elapse(HOUR_MS);
      const leg = who === 'phone' ? 'caller' : 'callee';
      expect(notified).toContain(`over: ${leg} hung up`);
      expect(notified).toContain(`${leg} ended 408 session-expired`);
      expect(notified).toContain(`${leg === 'caller' ? 'callee' : 'caller'} ended 200 session-expired`);
    },
  );
});

describe('an answer without audio that we could pass on', () => {
  it.each([
    ['a refused stream', mediaOf().replace('m=audio 4000', 'm=audio 0')],
    ['SRTP', mediaOf().replace('RTP/AVP', 'RTP/SAVP')],
    ['video alone', mediaOf().replace('m=audio', 'm=video')],
    ['no media', mediaOf().replace(/m=audio[\s\S]*/, '')],
  ])('of the destination, %s: no call', async (_, media) => {
    world.answering(world.phone);
    world.answering(world.carrier, { media });
    const { notified } = world.place();
    await world.elapse(2000);
    expect(notified).toContain('over: callee response 200 media-not-acceptable');
    expect(notified).not.toContain('joined');
    expect(notified).not.toContain('callee answered');
  });
});

describe('early media that move', () => {
  it('by UPDATE after a reliable 183: the user hears the new ones', async () => {
    world.answering(world.phone);
    await world.carrier.transport.close();
    const carrier = new RawPeer(world.network, '10.0.0.3');
    const { call, notified } = world.place();
    await world.elapse(500);
    const invite = carrier.last('INVITE');
    const headers = ['Contact: <sip:raw@10.0.0.3>', 'Require: 100rel', 'RSeq: 1'];
    carrier.answer(invite, '183 Session Progress', { headers, body: mediaOf({ port: 5000 }) });
    await world.elapse(50);
    carrier.answer(carrier.last('PRACK'), '200 OK');
    carrier.inDialog(invite, 'UPDATE', 1, { body: mediaOf({ port: 5002, version: 2 }) });
    await world.elapse(50);
    expect(carrier.statuses('UPDATE')).toEqual([200]);
    expect(world.shownTo(world.phone).map(shownBy).at(-1)).toBe('5002: 0 101');
    carrier.answer(invite, '200 OK', { headers: ['Contact: <sip:raw@10.0.0.3>'] });
    await world.elapse(50);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
    await world.elapse(50);
    carrier.answer(carrier.last('BYE'), '200 OK');
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RtpEndpoint } from '../../../../src/media/rtp-endpoint.ts';
import { createSystemIds } from '../../../../src/shared/ids.ts';
import { silentLog } from '../../../../src/shared/log.ts';
import { expectNothingLeft, mediaOf, type PlacedCall, SipWorld } from '../../../support/sip-world.ts';

let world: SipWorld;
/** Of the destination: a real port. */
let exchange: RtpEndpoint;
let pressed: string[];

beforeEach(async () => {
  world = await SipWorld.started();
  world.answering(world.phone);
  const ids = createSystemIds();
  exchange = await RtpEndpoint.open({ host: '127.0.0.1', clock: world.clock, ids, log: silentLog });
  exchange.connect({ payloadType: 0, telephoneEventPayloadType: 101 });
  pressed = [];
  exchange.on('digit', (digit) => pressed.push(digit));
});

afterEach(async () => {
  await exchange.close();
  await expectNothingLeft(world);
});

/** Time for timers, and turns of the event loop for the real sockets. */
const elapse = async (milliseconds: number): Promise<void> => {
  for (let left = milliseconds; left > 0; left -= 20) {
    await world.elapse(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const until = async (isTrue: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 2000 && !isTrue(); turn += 1) await elapse(20);
};

const place = (digitsAfterAnswer: string, formats = '0 101'): PlacedCall => {
  world.answering(world.carrier, { media: mediaOf({ port: exchange.port, formats }) });
  return world.place({ digitsAfterAnswer });
};

describe('an extension behind a number', () => {
  it('is dialled from a port of ours once the destination has answered, and then the two are joined', async () => {
    const { call, notified } = place('22,3#');
    await elapse(1000);
    expect(notified.slice(-1)).toEqual(['callee answered']);
    expect(world.shownTo(world.carrier).at(-1)).toContain(`m=audio ${world.digitPorts[0]?.port}`);
    expect(pressed).toEqual([]);
    await until(() => notified.includes('joined'));
    expect(pressed).toEqual(['2', '2', '3', '#']);
    expect(notified.at(-1)).toBe('joined');
    expect(world.shownTo(world.carrier).at(-1)).toContain('m=audio 4000');
    expect(world.shownTo(world.phone).at(-1)).toContain(`m=audio ${exchange.port}`);
    call.hangUp();
    await elapse(1000);
  });

  it('waits two seconds first, and as long at each comma', async () => {
    const { call, notified } = place('1,2');
    await until(() => notified.includes('callee answered'));
    const answered = world.clock.elapsed();
    await until(() => pressed.length === 1);
    const first = world.clock.elapsed() - answered;
    await until(() => pressed.length === 2);
    const second = world.clock.elapsed() - answered;
    expect(Math.floor(first / 1000)).toBe(2);
    expect(Math.floor(second / 1000)).toBe(4);
    call.hangUp();
    await elapse(1000);
  });

  it('is given up where the destination takes no telephone events: the two are joined without', async () => {
    const { call, notified } = place('22', '0');
    await elapse(1000);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
    await elapse(1000);
  });

  it('is dialled no further once the caller has hung up', async () => {
    const { notified } = place('123');
    await until(() => pressed.length === 1);
    world.phone.lastIn.session.hangUp();
    await elapse(3000);
    expect(notified.at(-1)).toMatch(/ended/);
    expect(pressed.length).toBeLessThan(3);
  });

  it('is no longer dialled once the destination has hung up: the call was answered', async () => {
    const { notified } = place('123');
    await until(() => notified.includes('callee answered'));
    world.carrier.lastIn.session.hangUp();
    await elapse(3000);
    expect(notified).toContain('over: callee hung up');
    expect(pressed).toEqual([]);
  });

  it('outlasts an offer of the destination: it is answered with what the destination was shown', async () => {
    const { call, notified } = place('22');
    await until(() => notified.includes('callee answered'));
    const result = await Promise.all([
      world.carrier.lastIn.session.offer(mediaOf({ port: exchange.port, version: 2 })),
      elapse(500),
    ]);
    expect(result[0]).toMatchObject({ kind: 'accepted' });
    await until(() => notified.includes('joined'));
    expect(pressed).toEqual(['2', '2']);
    call.hangUp();
    await elapse(1000);
  });

  it('does not let the network’s ringing reach the user, who could not be heard there', async () => {
    world.carrier.listen((session) => session.progress(183, mediaOf({ port: exchange.port })));
    const { call } = world.place({ digitsAfterAnswer: '1' });
    await elapse(1000);
    expect(world.shownTo(world.phone).at(-1)).not.toContain(`m=audio ${exchange.port}`);
    call.hangUp();
    await elapse(1000);
  });
});

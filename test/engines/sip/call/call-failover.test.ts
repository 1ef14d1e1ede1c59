import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectNothingLeft, SipWorld } from '../../../support/sip-world.ts';

const CARRIER = '10.0.0.3:5060';

let world: SipWorld;

beforeEach(async () => {
  world = await SipWorld.started();
  world.answering(world.phone);
  world.answering(world.nextCarrier);
});

afterEach(() => expectNothingLeft(world));

/** Nothing that is sent to the first carrier arrives. */
const silence = (): void => {
  world.network.lose = (_text, to) => to === CARRIER;
};

/** When the second carrier was first sent an INVITE after that moment, in milliseconds from the first one's. */
const secondAfter = (from = 0): number => {
  const invites = world.network.sent.filter(
    ({ at, startLine, to }) => at >= from && startLine.startsWith('INVITE') && to !== '10.0.0.2:5060',
  );
  const first = invites.find(({ to }) => to === CARRIER);
  const second = invites.find(({ to }) => to !== CARRIER);
  return second === undefined ? Infinity : second.at - (first?.at ?? second.at);
};

/** The calls that a host was asked for, each once. */
const callsTo = (host: string): string[] => {
  const invites = world.network.sent.filter(({ startLine, to }) => startLine.startsWith('INVITE') && to === host);
  return [...new Set(invites.map(({ text }) => /^Call-ID: (.*)$/im.exec(text)?.[1] ?? ''))];
};

describe('a trunk that does not say a word', () => {
  it('is left for the next one after four seconds', async () => {
    silence();
    const { call, notified } = world.place();
    await world.elapse(6000);
    expect(secondAfter()).toBe(4000);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it('comes last for half a minute: the next call does not wait for it', async () => {
    silence();
    const first = world.place();
    await world.elapse(6000);
    first.call.hangUp();
    const before = callsTo(CARRIER);
    const second = world.place();
    await world.elapse(2000);
    expect(second.notified.at(-1)).toBe('joined');
    // The INVITE of the first call is still repeated: a phone that got it must not ring on.
    expect(callsTo(CARRIER)).toEqual(before);
    second.call.hangUp();
    await world.elapse(30_000);
    world.network.lose = () => false;
    world.answering(world.carrier);
    const third = world.place();
    await world.elapse(2000);
    expect(world.sentTo(world.carrier).filter((what) => what === 'INVITE')).not.toEqual([]);
    expect(third.notified.at(-1)).toBe('joined');
    third.call.hangUp();
  });

  it('that rings after all is cancelled', async () => {
    silence();
    const { call } = world.place();
    await world.elapse(4200);
    world.network.lose = () => false;
    world.carrier.listen((session) => session.progress(180));
    await world.elapse(10_000);
    expect(world.sentTo(world.carrier)).toContain('CANCEL');
    call.hangUp();
  });

  it('that answers after all is acknowledged and hung up', async () => {
    silence();
    const { call, notified } = world.place();
    await world.elapse(4200);
    world.network.lose = () => false;
    world.carrier.listen((session) => session.accept(session.remoteSdp ?? ''));
    await world.elapse(10_000);
    expect(world.sentTo(world.carrier)).toEqual(expect.arrayContaining(['ACK', 'BYE']));
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it('is waited for where no other is left', async () => {
    world.network.lose = (_text, to) => to !== '10.0.0.2:5060' && to !== '10.0.0.1:5060';
    const { notified } = world.place();
    await world.elapse(30_000);
    expect(notified.filter((what) => what.startsWith('over'))).toEqual([]);
    await world.elapse(40_000);
    expect(notified).toContain('over: callee unreachable - no-response');
  });
});

describe('a trunk that says 100', () => {
  it('is given the time of any call', async () => {
    world.carrier.listen(() => undefined);
    const { call, notified } = world.place();
    await world.elapse(20_000);
    expect(secondAfter()).toBe(Infinity);
    expect(notified.filter((what) => what.startsWith('callee'))).toEqual([`callee calling +12025550100`]);
    call.hangUp();
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Party } from '../../../sip/session/party.ts';
import { expectNothingLeft, mediaOf, type PlacedCall, SipWorld } from '../../../support/sip-world.ts';

let world: SipWorld;

beforeEach(async () => {
  world = await SipWorld.started();
});

afterEach(async () => {
  await expectNothingLeft(world);
});

const rings = (party: Party): void => party.listen((session) => session.progress(180));

const overs = ({ notified }: PlacedCall): string[] => notified.filter((text) => text.startsWith('over'));

const ends = ({ notified }: PlacedCall): string[] => notified.filter((text) => text.includes(' ended '));

/** The Reason that a party was shown with that request. */
const reasonTo = (party: Party, method: string): string | undefined =>
  world.network.sent
    .filter(({ to, startLine }) => to.startsWith(party.transport.host) && startLine.startsWith(method))
    .map(({ text }) => /^Reason: (.*)\r$/im.exec(text)?.[1])
    .at(-1);

describe('a hang-up on request', () => {
  it('before the phones were found: nothing is sent', async () => {
    const placed = world.place();
    placed.call.hangUp();
    await world.elapse(100);
    expect(placed.notified).toEqual(['over: request']);
    expect(world.network.sent).toEqual([]);
  });

  it('before the phone has said anything: CANCEL waits for its first word', async () => {
    world.phone.listen((session) => world.clock.setTimer(1200, () => session.progress(180)));
    world.network.lose = (text) => text.startsWith('SIP/2.0 100');
    const placed = world.place();
    await world.elapse(10);
    placed.call.hangUp();
    await world.elapse(1000);
    expect(world.sentTo(world.phone)).not.toContain('CANCEL');
    await world.elapse(1000);
    expect(world.sentTo(world.phone)).toContain('CANCEL');
    expect(placed.notified.slice(1)).toEqual(['over: request', 'caller ended 487 cancelled']);
  });

  it('of a phone that never says anything: gone with timer B, without a status', async () => {
    await world.phone.transport.close();
    const placed = world.place();
    await world.elapse(10);
    placed.call.hangUp();
    await world.elapse(31_900);
    expect(ends(placed)).toEqual([]);
    await world.elapse(200);
    expect(ends(placed)).toEqual(['caller ended - cancelled']);
  });

  it('of a phone that rings and ignores the CANCEL: gone 64 T1 after it', async () => {
    rings(world.phone);
    const placed = world.place();
    await world.elapse(1000);
    world.network.lose = (text) => text.startsWith('CANCEL');
    placed.call.hangUp();
    await world.elapse(31_900);
    expect(ends(placed)).toEqual([]);
    await world.elapse(200);
    expect(ends(placed)).toEqual(['caller ended - cancelled']);
    world.phone.lastIn.session.hangUp();
  });

  it.each([
    ['the phone', 'caller'],
    ['the destination', 'callee'],
  ])('an answer of %s that crosses the CANCEL is acknowledged and hung up', async (_, role) => {
    const crossing = role === 'caller' ? world.phone : world.carrier;
    world.answering(world.phone);
    world.answering(crossing, { afterMs: 1000 });
    const placed = world.place();
    await world.elapse(role === 'caller' ? 1001 : 1103);
    expect(placed.notified.at(-1)).toBe(`${role} ringing 180`);
    placed.call.hangUp();
    await world.elapse(100);
    expect(world.sentTo(crossing).slice(1)).toEqual(expect.arrayContaining(['CANCEL', 'ACK', 'BYE']));
    expect(crossing.lastIn.notified).toEqual(['answered', 'remote-hangup']);
    expect(ends(placed)).toContain(`${role} ended 200 cancelled`);
    expect(overs(placed)).toEqual(['over: request']);
  });

  it('a refusal that crosses the CANCEL is what the leg ended with', async () => {
    world.phone.listen((session) => {
      session.progress(180);
      world.clock.setTimer(1000, () => session.reject(486));
    });
    const placed = world.place();
    await world.elapse(1001);
    placed.call.hangUp();
    await world.elapse(100);
    expect(ends(placed)).toEqual(['caller ended 486 cancelled']);
  });

  it('while the destination rings: CANCEL to it, BYE to the user', async () => {
    world.answering(world.phone);
    rings(world.carrier);
    const placed = world.place();
    await world.elapse(1000);
    placed.call.hangUp();
    await world.elapse(100);
    expect(ends(placed).sort()).toEqual(['callee ended 487 cancelled', 'caller ended 200 hangup']);
  });

  it('while the two are being joined: BYE to both', async () => {
    world.phone.listen((session) => {
      session.on('offer', (offer) => world.clock.setTimer(500, () => offer.accept(mediaOf())));
      session.accept(mediaOf());
    });
    world.answering(world.carrier);
    const placed = world.place();
    await world.elapse(300);
    expect(placed.notified.at(-1)).toBe('callee answered');
    placed.call.hangUp();
    await world.elapse(1000);
    expect(placed.notified.slice(-3)).toEqual(['over: request', 'caller ended 200 hangup', 'callee ended 200 hangup']);
  });

  it('during the busy tone ends it, and the fate stays as it was reported', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => session.reject(486));
    const placed = world.place();
    await world.elapse(500);
    expect([placed.notified.at(-1), world.media.playing]).toEqual(['callee ended 486 busy', 1]);
    placed.call.hangUp();
    expect(world.media.playing).toBe(0);
    await world.elapse(100);
    expect(ends(placed)).toEqual(['callee ended 486 busy', 'caller ended 200 hangup']);
    expect(overs(placed)).toEqual(['over: callee response 486 busy']);
  });

  it('whose BYE nobody confirms: both legs are gone after 64 T1', async () => {
    const placed = await world.joined();
    world.network.faults.loss = 1;
    placed.call.hangUp();
    await world.elapse(31_900);
    expect(ends(placed)).toEqual([]);
    await world.elapse(200);
    expect(ends(placed)).toHaveLength(2);
    world.network.faults.loss = 0;
    for (const party of [world.phone, world.carrier]) party.lastIn.session.hangUp();
  });
});

describe('nobody answers', () => {
  it('the phone rings for its time, then CANCEL', async () => {
    rings(world.phone);
    const placed = world.place();
    await world.elapse(29_990);
    expect(overs(placed)).toEqual([]);
    await world.elapse(20);
    expect(placed.notified.slice(-2)).toEqual(['over: caller timed-out 487 no-answer', 'caller ended 487 no-answer']);
    expect(world.carrier.incoming).toEqual([]);
  });

  it('the destination rings for its time, early media included, then CANCEL and BYE', async () => {
    world.answering(world.phone, { afterMs: 0 });
    world.carrier.listen((session) => session.progress(183, mediaOf({ port: 5000 })));
    const placed = world.place();
    await world.elapse(59_990);
    expect(overs(placed)).toEqual([]);
    await world.elapse(100);
    expect(placed.notified.slice(-3)).toEqual([
      ...['over: callee timed-out 487 no-answer', 'caller ended 200 no-answer', 'callee ended 487 no-answer'],
    ]);
    expect(reasonTo(world.phone, 'BYE')).toBe('SIP;cause=487;text="no-answer", Q.850;cause=19');
  });

  it('an answer that comes when the time is over is too late, one before it counts', async () => {
    world.answering(world.phone, { afterMs: 29_998 });
    const placed = world.place();
    await world.elapse(30_000);
    expect(overs(placed)).toEqual(['over: caller timed-out 487 no-answer']);
    await world.elapse(1000);
    expect(ends(placed)).toEqual(['caller ended 200 no-answer']);
    expect(world.phone.lastIn.notified).toEqual(['answered', 'remote-hangup']);
    world.answering(world.phone, { afterMs: 29_997 });
    world.answering(world.carrier);
    const inTime = world.place();
    await world.elapse(31_000);
    expect(inTime.notified.at(-1)).toBe('joined');
    inTime.call.hangUp();
  });
});

describe('the destination refuses', () => {
  it.each([
    [486, 'SIP;cause=486;text="busy", Q.850;cause=17'],
    [404, 'SIP;cause=404;text="not-found", Q.850;cause=1'],
    [603, 'SIP;cause=603;text="declined", Q.850;cause=21'],
  ])('%i: reported at once, busy tone for two seconds, then a BYE that says why', async (status, reason) => {
    world.answering(world.phone);
    world.carrier.listen((session) => session.reject(status));
    const placed = world.place();
    await world.elapse(500);
    expect(overs(placed)).toEqual([expect.stringContaining(`callee response ${status}`)]);
    expect(world.media.playing).toBe(1);
    await world.elapse(1590);
    expect(world.sentTo(world.phone)).not.toContain('BYE');
    await world.elapse(100);
    expect(world.media.playing).toBe(0);
    expect(ends(placed)).toHaveLength(2);
    expect(reasonTo(world.phone, 'BYE')).toBe(reason);
  });

  it('the user hangs up during the busy tone', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => session.reject(486));
    const placed = world.place();
    await world.elapse(500);
    world.phone.lastIn.session.hangUp();
    await world.elapse(100);
    expect(ends(placed)).toEqual(['callee ended 486 busy', 'caller ended 200 hangup']);
    expect(overs(placed)).toHaveLength(1);
    expect(world.media.playing).toBe(0);
  });

  it('without a busy tone the user is let go at once', async () => {
    const quiet = await SipWorld.started({ busyToneMs: 0 });
    quiet.answering(quiet.phone);
    quiet.carrier.listen((session) => session.reject(486));
    const { notified } = quiet.place();
    await quiet.elapse(300);
    expect(notified.slice(-2)).toEqual(['callee ended 486 busy', 'caller ended 200 busy']);
    await expectNothingLeft(quiet);
  });
});

describe('a side hangs up', () => {
  it('the user, while the destination is being looked for or rings: it is cancelled', async () => {
    world.phone.listen((session) => {
      session.accept(mediaOf());
      world.clock.setTimer(1000, () => session.hangUp());
    });
    rings(world.carrier);
    const placed = world.place();
    await world.elapse(2000);
    expect(placed.notified.slice(-3)).toEqual([
      ...['over: caller hung up', 'caller ended 200 hangup', 'callee ended 487 cancelled'],
    ]);
  });

  it('the user, while the answer of the destination is on its way', async () => {
    world.phone.listen((session) => {
      session.accept(mediaOf());
      world.clock.setTimer(102, () => session.hangUp());
    });
    world.answering(world.carrier);
    const placed = world.place();
    await world.elapse(2000);
    expect(overs(placed)).toEqual(['over: caller hung up']);
    expect(world.carrier.lastIn.notified).toEqual(['answered', 'remote-hangup']);
  });

  it('the destination, in the moment of its answer', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => {
      session.on('answered', () => session.hangUp());
      session.accept(mediaOf());
    });
    const placed = world.place();
    await world.elapse(2000);
    expect(overs(placed)).toEqual(['over: callee hung up']);
    expect(placed.notified).not.toContain('joined');
    expect(ends(placed).sort()).toEqual(['callee ended 200 hangup', 'caller ended 200 hangup']);
  });

  it.each(['phone', 'carrier'] as const)('the %s, after the join', async (name) => {
    const placed = await world.joined();
    placed[name].hangUp({ headers: [['Reason', 'Q.850;cause=31;text="normal"']] });
    await world.elapse(100);
    const leg = name === 'phone' ? 'caller' : 'callee';
    expect(overs(placed)).toEqual([`over: ${leg} hung up`]);
    expect(placed.events.find((event) => event.type === 'leg-ended' && event.leg === leg)).toMatchObject({
      cause: { sipStatus: 200, q850Cause: 31, reason: 'hangup' },
    });
    expect(reasonTo(name === 'phone' ? world.carrier : world.phone, 'BYE')).toBe('Q.850;cause=31');
  });

  it('all three at once: every BYE is answered, and the fate is reported once', async () => {
    const placed = await world.joined();
    placed.phone.hangUp();
    placed.carrier.hangUp();
    placed.call.hangUp();
    await world.elapse(100);
    expect(overs(placed)).toEqual(['over: request']);
    expect(ends(placed)).toHaveLength(2);
    for (const party of [world.phone, world.carrier]) expect(world.sentTo(party)).toContain('200 BYE');
  });

  it('a side that is gone shows when it is offered something', async () => {
    const placed = await world.joined();
    await world.carrier.transport.close();
    void placed.phone.offer(mediaOf({ direction: 'sendonly', version: 2 }));
    await world.elapse(33_000);
    expect(overs(placed)).toEqual(['over: callee hung up']);
    expect(ends(placed)).toContain('callee ended 408 broken');
    placed.carrier.hangUp();
  });
});

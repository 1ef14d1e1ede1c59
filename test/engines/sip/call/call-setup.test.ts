import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingSession } from '../../../../src/sip/user-agent.ts';
import { expectNothingLeft, mediaOf, NUMBER, shownBy, SipWorld } from '../../../support/sip-world.ts';

let world: SipWorld;

beforeEach(async () => {
  world = await SipWorld.started();
});

afterEach(async () => {
  await expectNothingLeft(world);
});

const PHONE = mediaOf();
const CARRIER = mediaOf({ port: 5000 });
const EARLY = mediaOf({ port: 5002 });

/** Takes every offer with the same media. */
const takesOffersWith = (session: IncomingSession, sdp: string): void => {
  session.on('offer', (offer) => offer.accept(sdp));
};

const originsOf = (texts: readonly string[]): string[] =>
  texts.map((text) => /^o=\S+ (\d+ \d+)/m.exec(text)?.[1] ?? 'none');

describe('a call whose both sides answer', () => {
  it("is offered our media first, then each side the other's, under an o= line of its own", async () => {
    const { call, notified } = await world.joined();
    expect(notified).toEqual([
      ...['caller calling sip:alice@10.0.0.2', 'caller ringing 180', 'caller answered'],
      ...[`callee calling ${NUMBER}`, 'callee ringing 180', 'callee answered', 'joined'],
    ]);
    const toPhone = world.shownTo(world.phone);
    const toCarrier = world.shownTo(world.carrier);
    expect(toPhone.map(shownBy)).toEqual([`${world.media.port}: 0 8 101 sendrecv`, '5000: 0 101']);
    expect(toCarrier.map(shownBy)).toEqual(['4000: 0 101']);
    const [first = '', second] = originsOf(toPhone);
    const session = Number(first.split(' ')[0]);
    expect([first, second, ...originsOf(toCarrier)]).toEqual([`${session} 1`, `${session} 2`, `${session + 1} 1`]);
    call.hangUp();
  });

  it('shows the phone the destination, and the destination our number', async () => {
    world.answering(world.phone);
    world.answering(world.carrier);
    const { call } = world.place({ callerId: '+12025550199' });
    await world.elapse(500);
    const { request: toPhone } = world.phone.lastIn.session;
    const { request: toCarrier } = world.carrier.lastIn.session;
    expect(toPhone.from.uri).toBe(`sip:${NUMBER}@offhook.example`);
    expect(toCarrier.from.uri).toBe('sip:+12025550199@10.0.0.3');
    expect(toCarrier.uri).toBe(`sip:${NUMBER}@10.0.0.3`);
    call.hangUp();
  });

  it('plays ringback from the answer of the user to that of the destination', async () => {
    world.answering(world.phone, { afterMs: 1000 });
    world.answering(world.carrier, { afterMs: 3000 });
    const { call } = world.place();
    await world.elapse(900);
    expect(world.media.playing).toBe(0);
    await world.elapse(200);
    expect(world.media.playing).toBe(1);
    await world.elapse(3100);
    expect(world.media.playing).toBe(0);
    call.hangUp();
  });

  it('does not trouble the destination when the user answers the joining offer with fewer of the codecs', async () => {
    world.phone.listen((session) => {
      takesOffersWith(session, mediaOf({ formats: '0 101', version: 2 }));
      session.accept(mediaOf({ formats: '0 8 101' }));
    });
    world.answering(world.carrier, { media: CARRIER });
    const { call, notified } = world.place();
    await world.elapse(1000);
    expect(notified.at(-1)).toBe('joined');
    expect(world.shownTo(world.carrier).map(shownBy)).toEqual(['4000: 0 8 101']);
    call.hangUp();
  });

  it.each([
    ['port', mediaOf({ port: 4010 }), '4010: 0 101'],
    ['codec', mediaOf({ formats: '8 101' }), '4000: 8 101'],
    ['direction', mediaOf({ direction: 'recvonly' }), '4000: 0 101 recvonly'],
  ])("tells the destination once when the user's %s has moved with the joining offer", async (_, moved, shown) => {
    world.phone.listen((session) => {
      takesOffersWith(session, moved);
      session.accept(PHONE);
    });
    world.carrier.listen((session) => {
      takesOffersWith(session, mediaOf({ port: 5010 })); // it moves as well: that is not chased
      session.accept(CARRIER);
    });
    const { call, notified } = world.place();
    await world.elapse(1000);
    expect(notified.at(-1)).toBe('joined');
    expect(world.shownTo(world.carrier).map(shownBy)).toEqual(['4000: 0 101', shown]);
    expect(world.shownTo(world.phone)).toHaveLength(2);
    call.hangUp();
  });

  it('ends both legs when the destination refuses the moved media', async () => {
    world.phone.listen((session) => {
      takesOffersWith(session, mediaOf({ port: 4010 }));
      session.accept(PHONE);
    });
    world.carrier.listen((session) => {
      session.on('offer', (offer) => offer.reject(488));
      session.accept(CARRIER);
    });
    const { notified } = world.place();
    await world.elapse(1000);
    expect(notified).toContain('over: callee response 488 media-not-acceptable');
    expect(notified).toContain('callee ended 200 media-not-acceptable');
    expect(notified).not.toContain('joined');
  });
});

describe('the user and the joining offer', () => {
  it.each([
    [488, 'over: caller response 488 media-not-acceptable'],
    [500, 'over: caller response 500 server-failure'],
    [481, 'over: caller hung up'],
    [408, 'over: caller hung up'],
  ])('a refusal with %i ends both legs', async (status, over) => {
    world.phone.listen((session) => {
      session.on('offer', (offer) => offer.reject(status));
      session.accept(PHONE);
    });
    world.answering(world.carrier, { media: CARRIER });
    const { notified } = world.place();
    await world.elapse(1000);
    expect(notified).toContain(over);
    expect(notified).not.toContain('joined');
    expect(notified.filter((text) => text.includes('ended'))).toHaveLength(2);
    expect(world.carrier.lastIn.notified.at(-1)).toBe('remote-hangup');
  });

  it('tries again after 491', async () => {
    let refusals = 2;
    world.phone.listen((session) => {
      session.on('offer', (offer) => {
        refusals -= 1;
        if (refusals >= 0) offer.reject(491);
        else offer.accept(PHONE);
      });
      session.accept(PHONE);
    });
    world.answering(world.carrier, { media: CARRIER });
    const { call, notified } = world.place();
    await world.elapse(2000);
    expect(notified).not.toContain('joined');
    await world.elapse(7000);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it('a phone that never comes to an answer is given up after 64 T1', async () => {
    world.phone.listen((session) => {
      session.on('offer', () => undefined);
      session.accept(PHONE);
    });
    world.answering(world.carrier, { media: CARRIER });
    const { notified } = world.place();
    await world.elapse(32_000);
    expect(notified.at(-1)).toBe('callee answered');
    await world.elapse(1000);
    expect(notified).toContain('over: caller response 408 timeout');
    expect(notified.filter((text) => text.includes('ended'))).toHaveLength(2);
  });
});

it('a phone that says 100 to the joining offer and is gone leaves nothing behind', async () => {
  world.phone.listen((session) => {
    session.on('offer', () => undefined);
    session.accept(PHONE);
  });
  world.answering(world.carrier, { media: CARRIER });
  const { notified } = world.place();
  await world.elapse(1000);
  expect(world.network.startLines('10.0.0.2:5060').at(-1)).toBe('SIP/2.0 100 Trying');
  world.network.lose = (_, to) => to === '10.0.0.1:5060';
  await world.elapse(100_000);
  expect(notified.filter((text) => text.includes('ended'))).toHaveLength(2);
});

describe('SDP that cannot be read', () => {
  it.each([
    ['no SDP', 'hello', 'over: caller response 200 media-not-acceptable'],
    ['no audio that we can send', mediaOf({ formats: '18' }), 'over: caller response 200 media-not-acceptable'],
    ['refused audio', mediaOf({ port: 0 }), 'over: caller response 200 media-not-acceptable'],
  ])('in the answer of the user (%s) ends the call, and the destination is not dialled', async (_, sdp, over) => {
    world.answering(world.phone, { media: sdp });
    world.answering(world.carrier);
    const { notified } = world.place();
    await world.elapse(2000);
    expect(notified).toContain(over);
    expect(notified).toContain('caller ended 200 media-not-acceptable');
    expect(world.carrier.incoming).toEqual([]);
  });

  it('in the answer of the destination ends both legs', async () => {
    world.answering(world.phone);
    world.answering(world.carrier, { media: 'hello' });
    const { notified } = world.place();
    await world.elapse(2000);
    expect(notified).toContain('over: engine');
    expect(notified.filter((text) => text.includes('ended'))).toHaveLength(2);
  });

  it('in early media is passed over: ringback goes on', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => {
      session.progress(183, 'hello');
      world.clock.setTimer(2000, () => session.accept(CARRIER));
    });
    const { call, notified } = world.place();
    await world.elapse(1000);
    expect(world.media.playing).toBe(1);
    await world.elapse(2000);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it('a 2xx without SDP ends the call', async () => {
    world.answering(world.phone);
    world.answering(world.carrier, { media: '' });
    const { notified } = world.place();
    await world.elapse(2000);
    expect(notified).toContain('over: callee response 200 media-not-acceptable');
  });
});

describe('early media', () => {
  const answersEarly = ({ early = EARLY, final = EARLY, afterMs = 2000 } = {}): void =>
    world.carrier.listen((session) => {
      session.progress(183, early);
      world.clock.setTimer(afterMs, () => session.accept(final));
    });

  it('is heard instead of our ringback, and the same in the answer is not offered again', async () => {
    world.answering(world.phone);
    answersEarly();
    const { call, notified } = world.place();
    await world.elapse(1000);
    expect(notified.at(-1)).toBe('callee ringing 183');
    expect(world.media.playing).toBe(0);
    expect(world.shownTo(world.phone).map(shownBy).at(-1)).toBe('5002: 0 101');
    await world.elapse(2000);
    expect(notified.at(-1)).toBe('joined');
    expect(world.shownTo(world.phone)).toHaveLength(2);
    call.hangUp();
  });

  it('that a 180 without SDP follows is over: our ringback is heard again', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => {
      session.progress(183, EARLY);
      world.clock.setTimer(500, () => session.progress(180));
    });
    const { call, notified } = world.place();
    await world.elapse(400);
    expect(world.media.playing).toBe(0);
    await world.elapse(600);
    expect(world.media.playing).toBe(1);
    expect(world.shownTo(world.phone).map(shownBy).at(-1)).toContain(`${world.media.port}: `);
    expect(notified.filter((what) => what.startsWith('callee'))).toEqual([
      'callee calling +12025550100',
      'callee ringing 183',
    ]);
    call.hangUp();
  });

  it('elsewhere than the answer: the user is offered both', async () => {
    world.answering(world.phone);
    answersEarly({ final: CARRIER });
    const { call } = world.place();
    await world.elapse(3000);
    expect(world.shownTo(world.phone).map(shownBy).slice(1)).toEqual(['5002: 0 101', '5000: 0 101']);
    call.hangUp();
  });

  it('the destination is offered the new media at the answer when the user moved with the early media', async () => {
    world.phone.listen((session) => {
      takesOffersWith(session, mediaOf({ port: 4010 }));
      session.accept(PHONE);
    });
    answersEarly();
    const { call, notified } = world.place();
    await world.elapse(3000);
    expect(notified.at(-1)).toBe('joined');
    expect(world.shownTo(world.carrier).map(shownBy)).toEqual(['4000: 0 101', '4010: 0 101']);
    call.hangUp();
  });

  it('refused by the user: ringback goes on, and the answer is offered though it is the same', async () => {
    let offers = 0;
    world.phone.listen((session) => {
      session.on('offer', (offer) => {
        offers += 1;
        if (offers === 1) offer.reject(488);
        else offer.accept(PHONE);
      });
      session.accept(PHONE);
    });
    answersEarly();
    const { call, notified } = world.place();
    await world.elapse(1000);
    expect(world.media.playing).toBe(1);
    await world.elapse(2000);
    expect([offers, notified.at(-1)]).toEqual([2, 'joined']);
    call.hangUp();
  });

  it('then a refusal: no busy tone, the user is let go at once', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => {
      session.progress(183, EARLY);
      world.clock.setTimer(2000, () => session.reject(404));
    });
    const { notified } = world.place();
    await world.elapse(2300);
    expect(notified.slice(-3)).toEqual([
      ...['over: callee response 404 not-found', 'callee ended 404 not-found'],
      'caller ended 200 not-found',
    ]);
  });

  it('of a trunk that fails: the user is brought back to our ringback for the next trunk', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => {
      session.progress(183, EARLY);
      world.clock.setTimer(500, () => session.reject(503));
    });
    world.answering(world.nextCarrier, { media: CARRIER, afterMs: 2000 });
    const { call, notified } = world.place();
    await world.elapse(500);
    expect(world.media.playing).toBe(0);
    await world.elapse(1000);
    expect(world.media.playing).toBe(1);
    expect(shownBy(world.shownTo(world.phone).at(-1) ?? '')).toBe(`${world.media.port}: 0 8 101 sendrecv`);
    await world.elapse(2000);
    expect(notified.at(-1)).toBe('joined');
    expect(world.shownTo(world.phone).map(shownBy).at(-1)).toBe('5000: 0 101');
    call.hangUp();
  });

  it('of a trunk that fails, and the call is ended before the phone is brought back', async () => {
    world.phone.listen((session) => {
      session.on('offer', (offer) => {
        if (offer.sdp?.includes('5002') === true) offer.accept(PHONE);
      });
      session.accept(PHONE);
    });
    world.carrier.listen((session) => {
      session.progress(183, EARLY);
      world.clock.setTimer(500, () => session.reject(503));
    });
    world.answering(world.nextCarrier, { afterMs: 5000 });
    const { call, notified } = world.place();
    await world.elapse(1000);
    call.hangUp();
    await world.elapse(1000);
    expect(notified.filter((text) => text.includes('ended'))).toHaveLength(2);
    expect(world.media.playing).toBe(0);
  });
});

describe('the next to be tried', () => {
  it.each([500, 502, 503, 504])('a trunk that fails with %i is followed by the next one', async (status) => {
    world.answering(world.phone);
    world.carrier.listen((session) => session.reject(status));
    world.answering(world.nextCarrier);
    const { call, notified } = world.place();
    await world.elapse(1000);
    expect(notified.filter((text) => text.startsWith('callee calling'))).toHaveLength(2);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it.each([486, 404, 480, 600, 603, 302])('%i of a trunk is the last word', async (status) => {
    world.answering(world.phone);
    world.carrier.listen((session) => session.reject(status));
    world.answering(world.nextCarrier);
    const { notified } = world.place();
    await world.elapse(5000);
    expect(notified.filter((text) => text.includes(`response ${status}`))).toHaveLength(1);
    expect(world.nextCarrier.incoming).toEqual([]);
  });

  it('a trunk that is silent is given up with timer B, and the next one has what is left of the time', async () => {
    world.answering(world.phone);
    await world.carrier.transport.close();
    world.nextCarrier.listen((session) => session.progress(180));
    const { notified } = world.place({ destinationTimeoutSeconds: 40 });
    await world.elapse(33_000);
    expect(notified.at(-1)).toBe('callee ringing 180');
    await world.elapse(7500);
    expect(notified).toContain('over: callee timed-out 487 no-answer');
  });

  it('the last failure counts', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => session.reject(503));
    world.nextCarrier.listen((session) => session.reject(500));
    const { notified } = world.place();
    await world.elapse(5000);
    expect(notified).toContain('over: callee response 500 server-failure');
    expect(notified.filter((text) => text.startsWith('callee ended'))).toEqual(['callee ended 500 server-failure']);
  });

  it.each([488, 606])('%i: offered G.711 alone, once', async (status) => {
    world.answering(world.phone, { media: mediaOf({ formats: '0 101' }) });
    world.carrier.listen((session) => {
      if (session.remoteSdp?.includes('101') === true) session.reject(status);
      else session.accept(mediaOf({ port: 5000, formats: '0' }));
    });
    const { call, notified } = world.place();
    await world.elapse(1000);
    expect(world.shownTo(world.carrier).map(shownBy)).toEqual(['4000: 0 101', '4000: 0']);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it('488 to G.711 as well ends the call, and so does 488 where there was nothing else', async () => {
    world.carrier.listen((session) => session.reject(488));
    for (const [formats, tries] of [
      ['0 101', 2],
      ['0', 3],
    ] as const) {
      world.answering(world.phone, { media: mediaOf({ formats }) });
      const { notified } = world.place();
      await world.elapse(5000);
      expect(notified).toContain('over: callee response 488 media-not-acceptable');
      expect(world.carrier.incoming).toHaveLength(tries);
    }
    expect(world.nextCarrier.incoming).toEqual([]);
  });

  it('a phone of the user that cannot be had, whatever it says, leaves the others ringing', async () => {
    const caller = ['sip:one@10.0.0.3', 'sip:two@10.0.0.2'].map((uri) => ({ kind: 'address', uri }) as const);
    const callee = [{ kind: 'address', uri: 'sip:bob@10.0.0.4' }] as const;
    world.answering(world.phone);
    world.answering(world.nextCarrier);
    world.carrier.listen((session) => session.reject(503));
    const { call, notified } = world.place({ caller, callee });
    await world.elapse(1000);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
    world.carrier.listen((session) => session.reject(480));
    const refused = world.place({ caller, callee });
    await world.elapse(1000);
    expect(refused.notified.at(-1)).toBe('joined');
    refused.call.hangUp();
    await world.elapse(1000);
  });

  it('a phone of TCP that refuses the connection is followed by the next one', async () => {
    const caller = ['sip:one@10.0.0.99;transport=tcp', 'sip:two@10.0.0.2'].map(
      (uri) => ({ kind: 'address', uri }) as const,
    );
    world.answering(world.phone);
    world.answering(world.carrier);
    const { call, notified } = world.place({ caller });
    await world.elapse(1000);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it('nowhere to go is reported before anything is sent', async () => {
    const nobody = [{ kind: 'registered', account: 'nobody' }] as const;
    const { notified } = world.place({ caller: nobody });
    await world.elapse(1);
    expect(notified).toEqual(['over: caller unreachable - unreachable']);
    expect(world.network.sent).toEqual([]);
    world.answering(world.phone);
    const second = world.place({ callee: nobody });
    await world.elapse(500);
    expect(second.notified.at(-1)).toBe('over: callee unreachable - unreachable');
    await world.elapse(2000);
    expect(second.notified.at(-1)).toBe('caller ended 200 unreachable');
  });
});

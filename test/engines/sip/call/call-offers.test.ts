import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingSession } from '../../../../src/sip/user-agent.ts';
import { RawPeer } from '../../../sip/session/party.ts';
import { expectNothingLeft, mediaOf, shownBy, SipWorld } from '../../../support/sip-world.ts';

let world: SipWorld;

beforeEach(async () => {
  world = await SipWorld.started();
});

afterEach(async () => {
  await expectNothingLeft(world);
});

/** Answers offers as a phone does: `sendonly` with `recvonly`. */
const answersHolds = (session: IncomingSession, port: number): void => {
  session.on('offer', (offer) => {
    offer.accept(mediaOf({ port, ...(offer.sdp?.includes('sendonly') === true && { direction: 'recvonly' }) }));
  });
};

const held = mediaOf({ direction: 'sendonly', version: 2 });
const resumed = mediaOf({ version: 3 });

describe('an offer after the join', () => {
  it('is carried to the other side and its answer back: hold and resume', async () => {
    const { call, phone, carrier } = await world.joined();
    answersHolds(carrier, 5000);
    const hold = phone.offer(held);
    await world.elapse(100);
    expect(shownBy(world.shownTo(world.carrier).at(-1) ?? '')).toBe('4000: 0 101 sendonly');
    expect(await hold).toMatchObject({ kind: 'accepted' });
    expect(shownBy(phone.remoteSdp ?? '')).toBe('5000: 0 101 recvonly');
    const resume = phone.offer(resumed);
    await world.elapse(100);
    expect(shownBy(carrier.remoteSdp ?? '')).toBe('4000: 0 101');
    expect(shownBy((await resume).kind === 'accepted' ? (phone.remoteSdp ?? '') : '')).toBe('5000: 0 101');
    const versions = world.shownTo(world.carrier).map((text) => /^o=\S+ \d+ (\d+)/m.exec(text)?.[1]);
    expect(versions).toEqual(['1', '2', '3']);
    call.hangUp();
  });

  it('of the destination is carried to the user', async () => {
    const { call, phone, carrier } = await world.joined();
    answersHolds(phone, 4000);
    const hold = carrier.offer(mediaOf({ port: 5000, direction: 'sendonly', version: 2 }));
    await world.elapse(100);
    expect(shownBy(phone.remoteSdp ?? '')).toBe('5000: 0 101 sendonly');
    expect(await hold).toMatchObject({ kind: 'accepted' });
    call.hangUp();
  });

  it('that changes nothing is answered without troubling the other side', async () => {
    const { call, phone } = await world.joined();
    const before = world.shownTo(world.carrier).length;
    const refresh = phone.offer(mediaOf({ version: 2 }));
    await world.elapse(100);
    expect(await refresh).toMatchObject({ kind: 'accepted' });
    expect(world.shownTo(world.carrier)).toHaveLength(before);
    call.hangUp();
  });

  it('that the other side refuses is refused, and is carried again when it comes again', async () => {
    const { call, phone, carrier } = await world.joined();
    let offers = 0;
    carrier.on('offer', (offer) => {
      offers += 1;
      if (offers === 1) offer.reject(488);
      else offer.accept(mediaOf({ port: 5000, direction: 'recvonly' }));
    });
    const refused = phone.offer(held);
    await world.elapse(100);
    expect(await refused).toEqual({ kind: 'refused', status: 488 });
    const accepted = phone.offer(held);
    await world.elapse(100);
    expect(await accepted).toMatchObject({ kind: 'accepted' });
    expect(offers).toBe(2);
    call.hangUp();
  });

  it('that cannot be read is refused, and the call goes on', async () => {
    const { call, phone, notified } = await world.joined();
    const result = phone.offer('hello');
    await world.elapse(100);
    expect(await result).toEqual({ kind: 'refused', status: 488 });
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it('whose answer cannot be read is refused', async () => {
    const { call, phone, carrier } = await world.joined();
    carrier.on('offer', (offer) => offer.accept('hello'));
    const result = phone.offer(held);
    await world.elapse(100);
    expect(await result).toEqual({ kind: 'refused', status: 488 });
    call.hangUp();
  });

  it('that the other side never answers is refused, and the call goes on', async () => {
    const { call, phone, carrier, notified } = await world.joined();
    carrier.on('offer', () => undefined);
    const result = phone.offer(held);
    await world.elapse(33_000);
    expect(await result).toEqual({ kind: 'refused', status: 488 });
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it('of both sides at once: both are taken in the end, one after the other', async () => {
    const { call, phone, carrier } = await world.joined();
    const mine = phone.offer(mediaOf({ port: 4010, version: 2 }));
    const theirs = carrier.offer(mediaOf({ port: 5010, version: 2 }));
    await world.elapse(60_000);
    expect([(await mine).kind, (await theirs).kind]).toEqual(['accepted', 'accepted']);
    expect(world.shownTo(world.carrier).some((text) => text.includes('m=audio 4010'))).toBe(true);
    expect(world.shownTo(world.phone).some((text) => text.includes('m=audio 5010'))).toBe(true);
    call.hangUp();
  });

  it('that still waits when the call is ended is not carried any more', async () => {
    const { call, phone, carrier } = await world.joined();
    world.network.lose = (text, to) => to.startsWith('10.0.0.2') && /^(SIP\/2\.0 200|BYE)/.test(text);
    void phone.offer(held); // its answer is lost: the ACK is awaited
    await world.elapse(50);
    void carrier.offer(mediaOf({ port: 5010, version: 2 }));
    await world.elapse(50);
    call.hangUp();
    await world.elapse(50);
    world.network.lose = () => false;
    await world.elapse(5000);
    const sent = world.sentTo(world.phone);
    expect(sent.slice(sent.indexOf('BYE'))).toEqual(expect.arrayContaining(['200 INVITE']));
    expect(sent.slice(sent.indexOf('BYE'))).not.toContain('INVITE');
  });

  it('while the call is being ended is refused', async () => {
    const { call, phone } = await world.joined();
    world.network.lose = (text) => text.startsWith('BYE');
    call.hangUp();
    const late = phone.offer(held);
    await world.elapse(100);
    expect(await late).toEqual({ kind: 'refused', status: 481 });
    world.network.lose = () => false;
  });
});

describe('an offer before the join', () => {
  it('of the user is answered by our own endpoint, and the tone follows', async () => {
    world.answering(world.phone);
    world.answering(world.carrier, { afterMs: 5000, media: mediaOf({ port: 5000 }) });
    const { call, notified } = world.place();
    await world.elapse(1000);
    const { session } = world.phone.lastIn;
    void session.offer(held);
    await world.elapse(100);
    expect(shownBy(session.remoteSdp ?? '')).toBe(`${world.media.port}: 0 101 recvonly`);
    expect(world.media.playing).toBe(0);
    void session.offer(mediaOf({ port: 4010, version: 3 }));
    await world.elapse(100);
    expect(world.media.playing).toBe(1);
    const nonsense = session.offer('hello');
    await world.elapse(100);
    expect(await nonsense).toEqual({ kind: 'refused', status: 488 });
    await world.elapse(5000);
    expect(notified.at(-1)).toBe('joined');
    call.hangUp();
  });

  it('of a user who moved is shown to the destination at its answer', async () => {
    world.phone.listen((session) => {
      session.on('offer', (offer) => offer.accept(mediaOf({ port: 4010 })));
      session.accept(mediaOf());
      world.clock.setTimer(500, () => void session.offer(mediaOf({ port: 4010, version: 2 })));
    });
    world.answering(world.carrier, { afterMs: 2000, media: mediaOf({ port: 5000 }) });
    const { call } = world.place();
    await world.elapse(3000);
    expect(world.shownTo(world.carrier).map(shownBy)).toEqual(['4000: 0 101', '4010: 0 101']);
    call.hangUp();
  });

  it('of a user who hears the network brings the user back to our ringback', async () => {
    world.answering(world.phone);
    world.carrier.listen((session) => session.progress(183, mediaOf({ port: 5002 })));
    const { call } = world.place();
    await world.elapse(1000);
    const { session } = world.phone.lastIn;
    void session.offer(mediaOf({ version: 2 }));
    await world.elapse(100);
    expect(shownBy(session.remoteSdp ?? '')).toBe(`${world.media.port}: 0 101 sendrecv`);
    expect(world.media.playing).toBe(1);
    call.hangUp();
  });

  it('of the destination, while the user is asked, is taken at once and shown to the user after the join', async () => {
    world.phone.listen((session) => {
      session.on('offer', (offer) => world.clock.setTimer(300, () => offer.accept(mediaOf())));
      session.accept(mediaOf());
    });
    world.carrier.listen((session) => {
      session.on('answered', () => void session.offer(mediaOf({ port: 5010, version: 2 })));
      session.accept(mediaOf({ port: 5000 }));
    });
    const { call, notified } = world.place();
    await world.elapse(200);
    expect(world.sentTo(world.carrier)).not.toContain('491 INVITE');
    await world.elapse(5000);
    expect(notified.at(-1)).toBe('joined');
    expect(world.shownTo(world.phone).map(shownBy).slice(1)).toEqual(['5000: 0 101', '5010: 0 101']);
    call.hangUp();
  });

  it('of the destination to hold, while the user is asked, gets 491 and is carried after the join', async () => {
    world.phone.listen((session) => {
      session.on('offer', (offer) => world.clock.setTimer(300, () => offer.accept(mediaOf())));
      session.accept(mediaOf());
    });
    world.carrier.listen((session) => {
      session.on('answered', () => void session.offer(mediaOf({ port: 5000, version: 2, direction: 'sendonly' })));
      session.accept(mediaOf({ port: 5000 }));
    });
    const { call } = world.place();
    await world.elapse(200);
    expect(world.sentTo(world.carrier)).toContain('491 INVITE');
    await world.elapse(5000);
    expect(shownBy(world.shownTo(world.phone).at(-1) ?? '')).toBe('5000: 0 101 sendonly');
    call.hangUp();
  });

  it('of the user that crosses ours is taken when it comes again: our own waits longer', async () => {
    let refusals = 0;
    world.phone.listen((session) => {
      session.on('offer', (offer) => {
        refusals += 1;
        if (refusals > 1) offer.accept(mediaOf({ port: 4010, version: 3 }));
        else {
          offer.reject(491);
          // The phone made none of our Call-ID: it tries again within two seconds (RFC 3261 section 14.1).
          world.clock.setTimer(900, () => void session.offer(mediaOf({ port: 4010, version: 2 })));
        }
      });
      session.accept(mediaOf());
    });
    world.answering(world.carrier, { media: mediaOf({ port: 5000 }) });
    const { call, notified } = world.place();
    await world.elapse(1500);
    expect(world.sentTo(world.phone)).not.toContain('491 INVITE');
    expect(world.sentTo(world.phone)).toContain('200 INVITE');
    await world.elapse(6000);
    expect(notified.at(-1)).toBe('joined');
    expect(shownBy(world.shownTo(world.carrier).at(-1) ?? '')).toBe('4010: 0 101');
    call.hangUp();
  });
});

describe('a re-INVITE without SDP', () => {
  const dialled = async (answerAfterMs: number) => {
    const raw = new RawPeer(world.network, '10.0.0.5');
    world.carrier.listen((session) => {
      answersHolds(session, 5000);
      world.clock.setTimer(answerAfterMs, () => session.accept(mediaOf({ port: 5000 })));
    });
    const { call, notified } = world.place({ caller: [{ kind: 'address', uri: 'sip:raw@10.0.0.5' }] });
    await world.elapse(10);
    const invite = raw.last('INVITE');
    raw.answer(invite, '200 OK', { body: mediaOf() });
    await world.elapse(10);
    return { raw, invite, call, notified };
  };

  const lastOffered = (raw: RawPeer): string => shownBy(raw.received.at(-1)?.body.toString() ?? '');

  it("after the join is shown the other side's media, free to end its own hold; the answer is carried", async () => {
    const { raw, invite, call, notified } = await dialled(0);
    raw.answer(raw.last('INVITE'), '200 OK', { body: mediaOf() });
    await world.elapse(10);
    expect(notified.at(-1)).toBe('joined');
    raw.inDialog(invite, 'INVITE', 1, { body: held });
    await world.elapse(10);
    expect(lastOffered(raw)).toBe('5000: 0 101 recvonly');
    raw.inDialog(invite, 'ACK', 1).inDialog(invite, 'INVITE', 2);
    await world.elapse(10);
    expect(lastOffered(raw)).toBe('5000: 0 101 sendrecv');
    raw.inDialog(invite, 'ACK', 2, { body: resumed });
    await world.elapse(10);
    expect(shownBy(world.carrier.lastIn.session.remoteSdp ?? '')).toBe('4000: 0 101');
    call.hangUp();
  });

  it('before the join is offered our own endpoint, and the tone follows the answer', async () => {
    const { raw, invite, call } = await dialled(5000);
    raw.inDialog(invite, 'INVITE', 1);
    await world.elapse(10);
    expect(lastOffered(raw)).toBe(`${world.media.port}: 0 8 101 sendrecv`);
    raw.inDialog(invite, 'ACK', 1, { body: held });
    await world.elapse(10);
    expect(world.media.playing).toBe(0);
    raw.inDialog(invite, 'INVITE', 2);
    await world.elapse(10);
    raw.inDialog(invite, 'ACK', 2, { body: resumed });
    await world.elapse(10);
    expect(world.media.playing).toBe(1);
    call.hangUp();
  });
});

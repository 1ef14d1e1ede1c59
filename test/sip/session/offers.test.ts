import { describe, expect, it } from '@jest/globals';
import type { RemoteOffer } from '../../../src/sip/user-agent.ts';
import { type Diary, nothing, Pair, RawPeer, sdp } from './party.ts';

const CONTACT = ['Contact: <sip:raw@10.0.0.9>'];

/** Alice has called a peer that answers only what the test says. */
const connected = async () => {
  const pair = new Pair();
  const peer = new RawPeer(pair.network, '10.0.0.9');
  const out = pair.alice.invite('10.0.0.9');
  await pair.clock.advanceAsync(5);
  const invite = peer.last('INVITE');
  peer.answer(invite, '200 OK', { headers: CONTACT, body: sdp('raw') });
  await pair.clock.advanceAsync(5);
  return { pair, clock: pair.clock, peer, out, invite };
};

const offersTo = ({ session }: Diary): RemoteOffer[] => {
  const offers: RemoteOffer[] = [];
  session.on('offer', (offer) => offers.push(offer));
  return offers;
};

describe('an offer of ours within the session', () => {
  it('goes by re-INVITE from either side and brings the answer; offers are made one after the other', async () => {
    const pair = new Pair();
    const { out, in: incoming } = await pair.established();
    const offers = offersTo(incoming);
    const first = out.session.offer(sdp('first'));
    const second = out.session.offer(sdp('second'));
    await pair.clock.advanceAsync(50);
    expect(offers.map((offer) => offer.sdp)).toEqual([sdp('first')]);
    offers[0]?.accept(sdp('answer one'));
    await expect(Promise.race([first, pair.clock.advanceAsync(10)])).resolves.toEqual({
      kind: 'accepted',
      sdp: sdp('answer one'),
    });
    await pair.clock.advanceAsync(10);
    offers[1]?.reject(488);
    await pair.clock.advanceAsync(10);
    expect(await second).toEqual({ kind: 'refused', status: 488 });
    expect([out.session.remoteSdp, incoming.session.remoteSdp]).toEqual([sdp('answer one'), sdp('first')]);
    const back = incoming.session.offer(sdp('back'));
    await pair.clock.advanceAsync(10);
    expect(await back).toEqual({ kind: 'accepted', sdp: sdp('first') });
    expect(pair.startLines().slice(3)).toEqual([
      ...['INVITE', '200 OK', 'ACK'],
      ...['INVITE', '488 Not Acceptable Here', 'ACK'],
      ...['INVITE', '200 OK', 'ACK'],
    ]);
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('that was made before the answer goes after it', async () => {
    const pair = new Pair();
    pair.bob.listen();
    const out = pair.alice.invite('10.0.0.2');
    const result = out.session.offer(sdp('more'));
    await pair.clock.advanceAsync(100);
    expect(pair.startLines()).toEqual(['INVITE']);
    pair.bob.lastIn.session.accept(sdp('answer'));
    await pair.clock.advanceAsync(20);
    expect(await result).toEqual({ kind: 'accepted', sdp: sdp('answer') });
  });

  it.each([
    ['the owner of the Call-ID 2.1 to 4 s', 'alice', 2100, 4001],
    ['the other 0 to 2 s', 'bob', 0, 2001],
  ])('crossing another gets 491 on both sides and is made again: %s later', async (_, who, from, to) => {
    const pair = new Pair();
    const { out, in: incoming } = await pair.established();
    const both = Promise.all([out.session.offer(sdp('ours')), incoming.session.offer(sdp('theirs'))]);
    await pair.clock.advanceAsync(10_000);
    expect((await both).map(({ kind }) => kind)).toEqual(['accepted', 'accepted']);
    expect(pair.startLines().filter((line) => line.startsWith('491'))).toHaveLength(2);
    const host = who === 'alice' ? '10.0.0.1:5060' : '10.0.0.2:5060';
    const invites = pair.network.sent.filter((sent) => sent.from === host && sent.startLine.startsWith('INVITE'));
    const [crossed, again] = invites.slice(-2).map(({ at }) => at);
    expect((again ?? 0) - (crossed ?? 0)).toBeGreaterThanOrEqual(from);
    expect((again ?? 0) - (crossed ?? 0)).toBeLessThanOrEqual(to + 4);
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('is made again after a 500 with a short Retry-After, and refused by any other', async () => {
    const { pair, clock, peer, out } = await connected();
    const result = out.session.offer(sdp('again'));
    await clock.advanceAsync(5);
    peer.answer(peer.last('INVITE'), '500 Busy', { headers: ['Retry-After: 3'] });
    await clock.advanceAsync(2900);
    expect(peer.requests('INVITE').at(-1)?.cseq.sequence).toBe(2);
    await clock.advanceAsync(200);
    expect(peer.last('INVITE').cseq.sequence).toBe(3);
    peer.answer(peer.last('INVITE'), '500 Busy');
    await clock.advanceAsync(5);
    expect(await result).toEqual({ kind: 'refused', status: 500 });
    expect(out.notified).toEqual(['answered']);
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it.each([
    ['481 Gone', 481],
    ['408 Timeout', 408],
  ])('answered %s breaks the session off', async (line, status) => {
    const { pair, clock, peer, out } = await connected();
    const result = out.session.offer(sdp('lost'));
    await clock.advanceAsync(5);
    peer.answer(peer.last('INVITE'), line);
    await clock.advanceAsync(5);
    expect(await result).toEqual({ kind: 'refused', status: 481 });
    expect(out.ends).toEqual([{ kind: 'broken', status }]);
    expect(peer.requests('BYE')).toHaveLength(1);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('that nobody answers breaks the session off after 64 T1; one that a hang-up overtakes is refused', async () => {
    const silent = await connected();
    const result = silent.out.session.offer(sdp('lost'));
    await silent.clock.advanceAsync(32_100);
    expect(await result).toEqual({ kind: 'refused', status: 481 });
    expect(silent.out.ends).toEqual([{ kind: 'broken', status: 408 }]);
    const { clock, out, peer, pair } = await connected();
    const overtaken = out.session.offer(sdp('more'));
    await clock.advanceAsync(5);
    out.session.hangUp();
    await clock.advanceAsync(5);
    peer.answer(peer.last('BYE'), '200 OK').answer(peer.last('INVITE'), '487 Request Terminated');
    await clock.advanceAsync(5);
    expect(await overtaken).toEqual({ kind: 'refused', status: 481 });
    expect(await out.session.offer(sdp('late'))).toEqual({ kind: 'refused', status: 481 });
    expect(out.notified).toEqual(['answered', 'local-hangup']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('acknowledges every repetition of the 2xx to a re-INVITE with the same bytes', async () => {
    const { pair, clock, peer, out } = await connected();
    void out.session.offer(sdp('more'));
    await clock.advanceAsync(5);
    const ok = { headers: ['Contact: <sip:moved@10.0.0.9>'], body: sdp('raw2') };
    peer.answer(peer.last('INVITE'), '200 OK', ok);
    await clock.advanceAsync(500);
    peer.answer(peer.last('INVITE'), '200 OK', ok);
    await clock.advanceAsync(5);
    const acks = pair.network.sent.filter(({ text }) => text.startsWith('ACK sip:moved')).map(({ text }) => text);
    expect([acks.length, new Set(acks).size]).toEqual([2, 1]);
  });
});

describe('an offer of the peer within the session', () => {
  it('is answered with our last SDP where nobody listens', async () => {
    const { pair, clock, peer, out, invite } = await connected();
    peer.inDialog(invite, 'INVITE', 7, { headers: CONTACT, body: sdp('hold') });
    await clock.advanceAsync(5);
    expect(peer.received.at(-1)?.body.toString()).toBe(sdp('offer'));
    peer.inDialog(invite, 'ACK', 7);
    peer.inDialog(invite, 'UPDATE', 8, { headers: CONTACT, body: sdp('hold2') });
    await clock.advanceAsync(5);
    expect([peer.statuses('INVITE'), peer.statuses('UPDATE')]).toEqual([[200], [200]]);
    expect(peer.received.at(-1)?.body.toString()).toBe(sdp('offer'));
    expect(out.session.remoteSdp).toBe(sdp('hold2'));
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('while ours is pending gets 491; a second one before the first is answered gets 500 with Retry-After', async () => {
    const { clock, peer, out, invite } = await connected();
    const offers = offersTo(out);
    void out.session.offer(sdp('ours'));
    await clock.advanceAsync(5);
    peer.inDialog(invite, 'INVITE', 7, { headers: CONTACT, body: sdp('a') });
    peer.inDialog(invite, 'UPDATE', 8, { headers: CONTACT, body: sdp('b') });
    await clock.advanceAsync(5);
    expect([peer.statuses('INVITE'), peer.statuses('UPDATE')]).toEqual([[491], [491]]);
    peer.answer(peer.last('INVITE'), '488 No').inDialog(invite, 'ACK', 7);
    await clock.advanceAsync(5);
    peer.inDialog(invite, 'INVITE', 9, { headers: CONTACT, body: sdp('c') });
    peer.inDialog(invite, 'INVITE', 10, { headers: CONTACT, body: sdp('d') });
    await clock.advanceAsync(5);
    expect(peer.statuses('INVITE')).toEqual([491, 500]);
    expect(Number(peer.received.at(-1)?.headers.get('retry-after'))).toBeLessThanOrEqual(10);
    offers[0]?.accept(sdp('fine'));
    offers[0]?.reject(488);
    await clock.advanceAsync(5);
    expect(peer.statuses('INVITE')).toEqual([491, 500, 200]);
    expect(offers).toHaveLength(1);
  });

  it('without SDP gets our offer in the 2xx and brings its answer in the ACK', async () => {
    const { clock, peer, out, invite } = await connected();
    const offers = offersTo(out);
    peer.inDialog(invite, 'INVITE', 7, { headers: CONTACT });
    await clock.advanceAsync(5);
    expect(offers.map((offer) => offer.sdp)).toEqual([undefined]);
    offers[0]?.accept(sdp('ours'));
    await clock.advanceAsync(5);
    expect(peer.received.at(-1)?.body.toString()).toBe(sdp('ours'));
    peer.inDialog(invite, 'INVITE', 8, { headers: CONTACT, body: sdp('too soon') });
    await clock.advanceAsync(5);
    expect(peer.statuses('INVITE')).toEqual([200, 491]);
    peer.inDialog(invite, 'ACK', 7, { body: sdp('answer') });
    await clock.advanceAsync(5);
    expect(out.notified).toEqual(['answered', 'renegotiated']);
    expect(out.session.remoteSdp).toBe(sdp('answer'));
  });

  it('without SDP whose ACK has none changes nothing', async () => {
    const { clock, peer, out, invite } = await connected();
    const offers = offersTo(out);
    const before = out.session.remoteSdp;
    peer.inDialog(invite, 'INVITE', 7, { headers: CONTACT });
    await clock.advanceAsync(5);
    offers[0]?.accept(sdp('ours'));
    peer.inDialog(invite, 'ACK', 7);
    await clock.advanceAsync(5);
    expect(out.ends).toEqual([]);
    expect(out.notified).toEqual(['answered']);
    expect(out.session.remoteSdp).toBe(before);
    peer.inDialog(invite, 'INVITE', 8, { headers: CONTACT, body: sdp('next') });
    await clock.advanceAsync(5);
    expect(offers).toHaveLength(2);
  });

  it('may overtake the ACK of the one before (RFC 5407 section 3.1.4)', async () => {
    const { pair, clock, peer, out, invite } = await connected();
    peer.inDialog(invite, 'INVITE', 7, { headers: CONTACT, body: sdp('a') });
    await clock.advanceAsync(5);
    peer.inDialog(invite, 'INVITE', 8, { headers: CONTACT, body: sdp('b') });
    await clock.advanceAsync(5);
    expect(peer.statuses('INVITE')).toEqual([200, 200]);
    peer.inDialog(invite, 'ACK', 8).inDialog(invite, 'ACK', 7);
    await clock.advanceAsync(1000);
    expect(peer.statuses('INVITE')).toEqual([200, 200]);
    const mine = out.session.offer(sdp('mine'));
    await clock.advanceAsync(5);
    peer.answer(peer.last('INVITE'), '200 OK', { headers: CONTACT, body: sdp('c') });
    await clock.advanceAsync(5);
    expect(await mine).toEqual({ kind: 'accepted', sdp: sdp('c') });
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('without an ACK for 64 T1 breaks the session off; a CANCEL takes it back with 487', async () => {
    const { pair, clock, peer, out, invite } = await connected();
    const offers = offersTo(out);
    peer.inDialog(invite, 'INVITE', 7, { headers: CONTACT, body: sdp('a') });
    await clock.advanceAsync(5);
    peer.cancel(invite, 7);
    await clock.advanceAsync(5);
    offers[0]?.accept(sdp('too late'));
    peer.inDialog(invite, 'ACK', 7);
    await clock.advanceAsync(5);
    expect(peer.statuses('INVITE')).toEqual([487]);
    peer.inDialog(invite, 'INVITE', 8, { headers: CONTACT, body: sdp('b') });
    await clock.advanceAsync(5);
    offers[1]?.accept(sdp('fine'));
    await clock.advanceAsync(32_100);
    expect(out.ends).toEqual([{ kind: 'broken', status: 408 }]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('gets 487 when the session ends before its answer, by either side', async () => {
    const ours = await connected();
    offersTo(ours.out);
    ours.peer.inDialog(ours.invite, 'INVITE', 7, { headers: CONTACT, body: sdp('a') });
    await ours.clock.advanceAsync(5);
    ours.out.session.hangUp();
    await ours.clock.advanceAsync(5);
    expect(ours.peer.statuses('INVITE')).toEqual([487]);
    const theirs = await connected();
    offersTo(theirs.out);
    theirs.peer.inDialog(theirs.invite, 'INVITE', 7, { headers: CONTACT, body: sdp('a') });
    await theirs.clock.advanceAsync(5);
    theirs.peer.inDialog(theirs.invite, 'BYE', 8);
    await theirs.clock.advanceAsync(5);
    expect([theirs.peer.statuses('INVITE'), theirs.peer.statuses('BYE')]).toEqual([[487], [200]]);
    expect(theirs.out.notified).toEqual(['answered', 'remote-hangup']);
  });

  it('in another language than SDP gets 415 with Accept; an UPDATE without SDP only refreshes the target', async () => {
    const { clock, peer, out, invite } = await connected();
    peer.inDialog(invite, 'INVITE', 7, { headers: [...CONTACT, 'Content-Type: text/plain'], body: 'hello' });
    peer.inDialog(invite, 'UPDATE', 8, { headers: ['Contact: <sip:moved@10.0.0.9>'] });
    await clock.advanceAsync(5);
    expect([peer.statuses('INVITE'), peer.statuses('UPDATE')]).toEqual([[415], [200]]);
    expect(peer.received.find((message) => message.headers.has('accept'))?.headers.get('accept')).toBe(
      'application/sdp',
    );
    out.session.hangUp();
    await clock.advanceAsync(5);
    expect(peer.last('BYE').uri).toBe('sip:moved@10.0.0.9');
  });
});

describe('requests within the dialog', () => {
  it('out of order get 500, INFO and MESSAGE 200 and an event, OPTIONS 200, REFER 603, SUBSCRIBE 405, NOTIFY 489, odd ones 501', async () => {
    const { pair, clock, peer, out, invite } = await connected();
    for (const [method, cseq] of [
      ['INFO', 7],
      ['MESSAGE', 8],
      ['OPTIONS', 9],
      ['REFER', 10],
      ['SUBSCRIBE', 11],
      ['DANCE', 12],
      ['PRACK', 13],
      ['NOTIFY', 14],
      ['BYE', 6],
    ] as const) {
      peer.inDialog(invite, method, cseq);
    }
    await clock.advanceAsync(5);
    const status = (method: string) => peer.statuses(method)[0];
    expect(['INFO', 'MESSAGE', 'OPTIONS', 'REFER', 'SUBSCRIBE', 'DANCE', 'PRACK', 'NOTIFY', 'BYE'].map(status)).toEqual(
      [200, 200, 200, 603, 405, 501, 481, 489, 500],
    );
    expect(out.notified).toEqual(['answered', 'INFO', 'MESSAGE']);
    peer
      .inDialog(invite, 'INFO', 15, { headers: ['Require: dance'] })
      .inDialog(invite, 'INFO', 16, { tag: 'stranger' });
    await clock.advanceAsync(5);
    expect(peer.statuses('INFO')).toEqual([200, 420, 481]);
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('BYEs that cross are each answered with 200 and end both sides as local-hangup', async () => {
    const pair = new Pair();
    const { out, in: incoming } = await pair.established();
    out.session.hangUp();
    incoming.session.hangUp();
    await pair.clock.advanceAsync(10);
    expect([out.notified, incoming.notified]).toEqual([
      ['answered', 'local-hangup'],
      ['answered', 'local-hangup'],
    ]);
    expect(pair.startLines().slice(3)).toEqual(['BYE', 'BYE', '200 OK', '200 OK']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it.each(['481 Gone', '500 Oops', 'silence'])('our BYE may be answered with %s: the session ends', async (answer) => {
    const { pair, clock, peer, out } = await connected();
    out.session.hangUp();
    await clock.advanceAsync(5);
    if (answer !== 'silence') peer.answer(peer.last('BYE'), answer);
    await clock.advanceAsync(32_100);
    expect(out.notified).toEqual(['answered', 'local-hangup']);
    expect(await pair.leftOver()).toEqual(nothing);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { RemoteOffer } from '../../../src/sip/user-agent.ts';
import { nothing, Pair, RawPeer, sdp } from './party.ts';

const CONTACT = 'Contact: <sip:raw@10.0.0.9>';
const reliable = (rseq: number | string): string[] => [CONTACT, 'Require: 100rel', `RSeq: ${rseq}`];

/** Alice calls a peer that answers only what the test says. */
const calling = async () => {
  const pair = new Pair();
  const peer = new RawPeer(pair.network, '10.0.0.9');
  const out = pair.alice.invite('10.0.0.9');
  await pair.clock.advanceAsync(5);
  const invite = peer.last('INVITE');
  const say = async (status: string, options: { tag?: string; headers?: string[]; body?: string }): Promise<void> => {
    peer.answer(invite, status, options);
    await pair.clock.advanceAsync(5);
  };
  const pracks = (): (string | undefined)[] => peer.requests('PRACK').map((prack) => prack.headers.get('rack'));
  const finish = async (): Promise<void> => {
    for (const prack of peer.requests('PRACK')) peer.answer(prack, '200 OK');
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  };
  return { pair, clock: pair.clock, peer, out, invite, say, pracks, finish };
};

describe('a provisional response that is to be acknowledged', () => {
  it('gets one PRACK, and its repetitions none', async () => {
    const { say, pracks, out, clock, peer, finish } = await calling();
    await say('180 Ringing', { headers: reliable(7001) });
    peer.answer(peer.last('PRACK'), '200 OK');
    await say('180 Ringing', { headers: reliable(7001) });
    await clock.advanceAsync(2000);
    expect([pracks(), out.notified]).toEqual([['7001 1 INVITE'], ['180']]);
    await finish();
  });

  it('is acknowledged in order, by early dialog; one before its turn is as if it were lost', async () => {
    const { say, pracks, out, finish } = await calling();
    await say('183 Session Progress', { headers: reliable(10) });
    await say('180 Ringing', { headers: reliable(12) });
    await say('180 Ringing', { headers: reliable(3), tag: 'fork' });
    await say('182 Queued', { headers: reliable(11) });
    await say('180 Ringing', { headers: reliable(12) });
    expect(new Set(pracks())).toEqual(new Set(['10 1 INVITE', '3 1 INVITE', '11 1 INVITE', '12 1 INVITE']));
    expect(out.notified).toEqual(['183', '180', '182', '180']);
    await finish();
  });

  it.each(['0', '', 'x', '4294967296', '-1'])('with RSeq %j is an ordinary one', async (rseq) => {
    const { say, pracks, out, finish } = await calling();
    await say('180 Ringing', { headers: reliable(rseq) });
    expect([pracks(), out.notified]).toEqual([[], ['180']]);
    await finish();
  });

  it('brings the answer: other SDP in the 2xx does not count, and none is needed', async () => {
    for (const body of ['', sdp('other')]) {
      const { say, out, peer, finish } = await calling();
      await say('183 Session Progress', { headers: reliable(1), body: sdp('early') });
      await say('200 OK', { headers: [CONTACT], body });
      expect([out.notified, out.session.remoteSdp]).toEqual([['183+sdp', 'answered'], sdp('early')]);
      expect([peer.last('PRACK').cseq.sequence, peer.last('ACK').cseq.sequence]).toEqual([2, 1]);
      out.session.hangUp();
      await finish();
      expect(peer.last('BYE').cseq.sequence).toBe(3);
    }
  });

  it('does not end the call where its PRACK is refused or lost', async () => {
    const { say, out, peer, clock, finish } = await calling();
    await say('180 Ringing', { headers: reliable(1) });
    peer.answer(peer.last('PRACK'), '481 Gone');
    await say('183 Session Progress', { headers: reliable(2) });
    await clock.advanceAsync(33_000);
    expect(out.notified).toEqual(['180', '183']);
    await finish();
  });

  it('does not hold up an offer of ours that waits for the answer', async () => {
    const { say, out, peer, clock, finish } = await calling();
    const result = out.session.offer(sdp('next'));
    await say('183 Session Progress', { headers: reliable(1), body: sdp('early') });
    await say('200 OK', { headers: [CONTACT] });
    expect(peer.last('INVITE').body.toString()).toBe(sdp('next'));
    peer.answer(peer.last('INVITE'), '200 OK', { headers: [CONTACT], body: sdp('raw') });
    await clock.advanceAsync(5);
    expect(await result).toEqual({ kind: 'accepted', sdp: sdp('raw') });
    await finish();
  });
});

describe('an UPDATE before the answer', () => {
  it('that offers gets 491 while our offer is open', async () => {
    const { say, peer, invite, clock, finish } = await calling();
    await say('180 Ringing', { headers: [CONTACT] });
    peer.inDialog(invite, 'UPDATE', 1, { body: sdp('moved') });
    await clock.advanceAsync(5);
    expect(peer.statuses('UPDATE')).toEqual([491]);
    await finish();
  });

  it('that offers after a reliable answer is taken, and is what the 2xx confirms', async () => {
    const { say, peer, invite, out, clock, finish } = await calling();
    const offers: RemoteOffer[] = [];
    out.session.on('offer', (offer) => offers.push(offer));
    await say('183 Session Progress', { headers: reliable(1), body: sdp('early') });
    peer.inDialog(invite, 'UPDATE', 1, { headers: ['Contact: <sip:moved@10.0.0.9>'], body: sdp('moved') });
    peer.inDialog(invite, 'UPDATE', 2, { body: sdp('again') });
    await clock.advanceAsync(5);
    expect(peer.statuses('UPDATE')).toEqual([500]); // one is open
    offers[0]?.accept(sdp('ours'));
    await say('200 OK', { headers: [] });
    expect([peer.statuses('UPDATE'), out.session.remoteSdp]).toEqual([[500, 200], sdp('moved')]);
    expect(peer.last('ACK').uri).toBe('sip:moved@10.0.0.9');
    await finish();
  });

  it('without an offer moves only the target', async () => {
    const { say, peer, invite, clock, finish, out } = await calling();
    await say('180 Ringing', { headers: [CONTACT] });
    peer.inDialog(invite, 'UPDATE', 1, { headers: ['Contact: <sip:moved@10.0.0.9>'] });
    await clock.advanceAsync(5);
    expect(peer.statuses('UPDATE')).toEqual([200]);
    await say('200 OK', { headers: [], body: sdp('raw') });
    expect([out.notified, peer.last('ACK').uri]).toEqual([['180', 'answered'], 'sip:moved@10.0.0.9']);
    await finish();
  });
});

describe('an INVITE that requires reliable provisional responses', () => {
  const received = async () => {
    const pair = new Pair();
    const peer = new RawPeer(pair.network, '10.0.0.9');
    pair.alice.listen();
    const line = (method: string, cseq: number, tag = '') => [
      `${method} sip:alice@10.0.0.1 SIP/2.0`,
      `Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK${method}${cseq}`,
      'From: <sip:raw@10.0.0.9>;tag=raw',
      `To: <sip:alice@10.0.0.1>${tag}`,
      'Call-ID: one',
      `CSeq: ${cseq} ${method}`,
      CONTACT,
    ];
    const send = async (lines: readonly string[], body = ''): Promise<void> => {
      peer.send({ protocol: 'udp', address: '10.0.0.1', port: 5060 }, lines, body);
      await pair.clock.advanceAsync(5);
    };
    await send([...line('INVITE', 1), 'Require: 100rel', 'Content-Type: application/sdp'], sdp('raw'));
    const { session, notified, ends } = pair.alice.lastIn;
    const tag = (): string => `;tag=${peer.received.at(-1)?.to.tag ?? ''}`;
    const inDialog = (method: string, cseq: number, headers: string[] = [], body = ''): Promise<void> => {
      const type = body === '' ? [] : ['Content-Type: application/sdp'];
      return send([...line(method, cseq, tag()), ...headers, ...type], body);
    };
    const rseqs = () => peer.received.map((reply) => reply.headers.get('rseq') ?? null);
    return { pair, clock: pair.clock, peer, session, notified, ends, inDialog, rseqs };
  };

  it('is told each of them until its PRACK, one after the other', async () => {
    const { pair, clock, session, inDialog, rseqs, peer } = await received();
    session.progress(180);
    session.progress(183, sdp('early'));
    await clock.advanceAsync(1600);
    expect(rseqs()).toEqual(['1', '1', '1']);
    await inDialog('PRACK', 2, ['RAck: 1 1 INVITE']);
    expect([peer.statuses('PRACK'), rseqs().at(-1)]).toEqual([[200], '2']);
    await inDialog('PRACK', 3, ['RAck: 1 1 INVITE']);
    await inDialog('PRACK', 4, ['RAck: 2 9 INVITE']);
    await inDialog('PRACK', 5, ['RAck: gibberish']);
    await inDialog('PRACK', 6);
    expect(peer.statuses('PRACK')).toEqual([200, 481, 481, 481, 481]);
    await inDialog('PRACK', 7, ['RAck: 2 1 INVITE']);
    await clock.advanceAsync(5000);
    expect(rseqs().filter((rseq) => rseq === '2')).toHaveLength(1);
    session.reject(486);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('is answered when the SDP of the reliable response is acknowledged, with that SDP', async () => {
    const { pair, session, inDialog, peer, notified } = await received();
    session.progress(183, sdp('early'));
    session.accept(sdp('late'));
    await pair.clock.advanceAsync(5);
    expect(peer.statuses('INVITE')).toEqual([183]);
    await inDialog('PRACK', 2, ['RAck: 1 1 INVITE']);
    expect([peer.statuses('INVITE'), peer.received.at(-1)?.body.toString()]).toEqual([[183, 200], sdp('early')]);
    await inDialog('ACK', 1);
    expect(notified).toEqual(['answered']);
    session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('may be refused, and answered where no SDP is open, at once', async () => {
    const refused = await received();
    refused.session.progress(183, sdp('early'));
    refused.session.reject(486);
    await refused.clock.advanceAsync(5);
    expect(refused.peer.statuses('INVITE')).toEqual([183, 486]);
    expect(await refused.pair.leftOver()).toEqual(nothing);
    const answered = await received();
    answered.session.progress(180);
    answered.session.accept(sdp('late'));
    await answered.clock.advanceAsync(5);
    expect(answered.peer.statuses('INVITE')).toEqual([180, 200]);
    await answered.inDialog('PRACK', 2, ['RAck: 1 1 INVITE']);
    expect(answered.peer.statuses('PRACK')).toEqual([200]);
    expect(await answered.pair.leftOver()).toEqual(nothing);
  });

  it('takes an offer in the PRACK, and UPDATEs after it', async () => {
    const { pair, session, inDialog, peer } = await received();
    session.on('offer', (offer) => offer.accept(sdp('ours')));
    session.progress(183, sdp('early'));
    await pair.clock.advanceAsync(5);
    await inDialog('UPDATE', 2, [], sdp('too early'));
    await inDialog('PRACK', 3, ['RAck: 1 1 INVITE'], sdp('moved'));
    expect([peer.statuses('UPDATE'), peer.received.at(-1)?.body.toString()]).toEqual([[500], sdp('ours')]);
    await inDialog('UPDATE', 4, [], sdp('moved on'));
    expect([peer.statuses('UPDATE'), session.remoteSdp]).toEqual([[500, 200], sdp('moved on')]);
    session.reject(480);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('ends with 504 where no PRACK comes within 64 T1', async () => {
    const { pair, clock, session, ends, peer } = await received();
    session.progress(180);
    session.progress(180);
    await clock.advanceAsync(32_100);
    expect([ends, new Set(peer.statuses('INVITE'))]).toEqual([[{ kind: 'broken', status: 504 }], new Set([180, 504])]);
    expect(await pair.leftOver()).toEqual(nothing);
  });
});

import { describe, expect, it } from '@jest/globals';
import { nothing, Pair, RawPeer, sdp } from './party.ts';

const CONTACT = ['Contact: <sip:raw@10.0.0.9>'];
const UPDATE_TOO = 'Allow: INVITE, ACK, BYE, UPDATE';

/** Alice has called a peer that answers only what the test says. */
const connected = async (headers: readonly string[] = []) => {
  const pair = new Pair();
  const { clock } = pair;
  const peer = new RawPeer(pair.network, '10.0.0.9');
  const out = pair.alice.invite('10.0.0.9');
  await clock.advanceAsync(5);
  const invite = peer.last('INVITE');
  peer.answer(invite, '200 OK', { headers: [...CONTACT, ...headers], body: sdp('raw') });
  await clock.advanceAsync(5);
  return { pair, clock, peer, out, invite };
};

/** The peer takes each refresh by UPDATE with the same headers, for as long as it is asked to. */
const refreshing = async (
  { peer, clock }: Awaited<ReturnType<typeof connected>>,
  { seconds, headers }: { readonly seconds: number; readonly headers: readonly string[] },
) => {
  const answered = new Set<number>();
  for (let passed = 0; passed < seconds; passed += 1) {
    await clock.advanceAsync(1000);
    for (const update of peer.requests('UPDATE')) {
      if (answered.has(update.cseq.sequence)) continue;
      answered.add(update.cseq.sequence);
      peer.answer(update, '200 OK', { headers: [...CONTACT, ...headers] });
    }
  }
  return answered.size;
};

const header = (peer: RawPeer, method: string, name: string) => peer.last(method).headers.get(name);

describe('the timer of a session that we began', () => {
  it('is offered in the INVITE: half an hour, no less than 90 s', async () => {
    const { peer, pair, out } = await connected();
    const shown = ['supported', 'session-expires', 'min-se'].map((name) => header(peer, 'INVITE', name));
    expect(shown).toEqual(['timer, 100rel', '1800', '90']);
    out.session.hangUp();
    await pair.clock.advanceAsync(5);
    peer.answer(peer.last('BYE'), '200 OK');
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('lasts for as long as the peer takes our UPDATEs, each after half of it', async () => {
    const terms = [UPDATE_TOO, 'Session-Expires: 600;refresher=uac', 'Require: timer'];
    const call = await connected(terms);
    expect(await refreshing(call, { seconds: 1000, headers: terms })).toBe(3);
    expect(header(call.peer, 'UPDATE', 'session-expires')).toBe('600;refresher=uac');
    expect(call.peer.last('UPDATE').body).toHaveLength(0);
    expect(call.out.ends).toEqual([]);
    call.out.session.hangUp();
    expect(await call.pair.leftOver()).toEqual(nothing);
  });

  it('is refreshed by an unchanged re-INVITE where the peer does not take UPDATE', async () => {
    const { clock, peer, out, pair, invite } = await connected(['Session-Expires: 90;refresher=uac']);
    await clock.advanceAsync(45_010);
    const refresh = peer.last('INVITE');
    expect([refresh.cseq.sequence, refresh.body.toString()]).toEqual([2, invite.body.toString()]);
    peer.answer(refresh, '200 OK', { headers: [...CONTACT, 'Session-Expires: 90;refresher=uac'], body: sdp('raw') });
    await clock.advanceAsync(44_000);
    expect([peer.requests('ACK').length, out.notified]).toEqual([2, ['answered']]);
    await clock.advanceAsync(1100);
    peer.answer(peer.last('INVITE'), '200 OK', { headers: CONTACT, body: sdp('moved') });
    await clock.advanceAsync(5);
    expect(out.notified).toEqual(['answered', 'renegotiated']); // a refresh may bring new media
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it.each([
    ['by UPDATE', [UPDATE_TOO, 'Session-Expires: 90;refresher=uac']],
    ['by re-INVITE', ['Session-Expires: 90;refresher=uac']],
  ])('a peer that vanished is noticed %s: BYE, and the session is broken', async (_, terms) => {
    const { clock, peer, out, pair } = await connected(terms);
    await clock.advanceAsync(60_000);
    expect(out.notified).toEqual(['answered', 'expired']);
    expect(peer.requests('BYE')).not.toEqual([]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('a peer that knows no timers is asked too, and vanishes within ours', async () => {
    const { clock, out, pair } = await connected();
    await clock.advanceAsync(1_800_000);
    expect(out.ends).toEqual([{ kind: 'broken', status: 408 }]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('a peer that knows no timers may refuse every refresh, for it lives', async () => {
    const { clock, peer, out, pair } = await connected([UPDATE_TOO]);
    await clock.advanceAsync(900_010);
    peer.answer(peer.last('UPDATE'), '501 Not Implemented');
    await clock.advanceAsync(900_010);
    peer.answer(peer.last('INVITE'), '488 Not Acceptable Here');
    await clock.advanceAsync(890_000);
    expect(out.notified).toEqual(['answered']);
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('481 to a refresh ends the session at once', async () => {
    const { clock, peer, out, pair } = await connected([UPDATE_TOO, 'Session-Expires: 90;refresher=uac']);
    await clock.advanceAsync(45_010);
    peer.answer(peer.last('UPDATE'), '481 Gone');
    await clock.advanceAsync(5);
    expect(out.ends).toEqual([{ kind: 'broken', status: 481 }]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('a refresh that is refused for now is made again before the end, and then the session ends', async () => {
    const { clock, peer, out, pair } = await connected([UPDATE_TOO, 'Session-Expires: 90;refresher=uac']);
    await clock.advanceAsync(45_010);
    peer.answer(peer.last('UPDATE'), '503 Not Now');
    await clock.advanceAsync(5010);
    expect(peer.requests('UPDATE')).toHaveLength(2);
    peer.answer(peer.last('UPDATE'), '503 Not Now');
    await clock.advanceAsync(9900);
    peer.answer(peer.last('UPDATE'), '503 Not Now');
    await clock.advanceAsync(100);
    expect(out.notified).toEqual(['answered', 'expired']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('a peer that should refresh and does not: BYE 32 s, or a third, before the end', async () => {
    for (const [seconds, left] of [
      [1800, 32],
      [90, 30],
    ] as const) {
      const { clock, peer, out, pair } = await connected([`Session-Expires: ${seconds};refresher=uas`]);
      await clock.advanceAsync((seconds - left) * 1000 - 100);
      expect([out.notified, peer.requests('INVITE').length]).toEqual([['answered'], 1]);
      await clock.advanceAsync(200);
      expect([out.notified, peer.requests('BYE').length]).toEqual([['answered', 'expired'], 1]);
      expect(await pair.leftOver()).toEqual(nothing);
    }
  });

  it('a peer that refreshes in time keeps it, by UPDATE or re-INVITE', async () => {
    const { clock, peer, out, pair, invite } = await connected(['Session-Expires: 90;refresher=uas']);
    const headers = [...CONTACT, 'Supported: timer', 'Session-Expires: 90;refresher=uac'];
    for (const cseq of [2, 3, 4]) {
      await clock.advanceAsync(45_000);
      if (cseq === 3) peer.inDialog(invite, 'INVITE', cseq, { headers, body: sdp('raw') });
      else peer.inDialog(invite, 'UPDATE', cseq, { headers });
      await clock.advanceAsync(5);
      if (cseq === 3) peer.inDialog(invite, 'ACK', cseq);
      expect(
        peer.received.slice(-1).map((reply) => ['require', 'session-expires'].map((name) => reply.headers.get(name))),
      ).toEqual([['timer', '90;refresher=uac']]);
    }
    expect(out.notified).toEqual(['answered']);
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it.each(['0', '1', '-5', '99999999999999999999', 'soon', ''])('is sane where the peer writes %j', async (value) => {
    const { clock, peer, out, pair } = await connected([UPDATE_TOO, `Session-Expires: ${value};refresher=uac`]);
    await clock.advanceAsync(44_000);
    expect([out.notified, peer.requests('UPDATE').length]).toEqual([['answered'], 0]);
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });
});

describe('422 to an INVITE', () => {
  it('is sent again for a session as long as is asked, in the same dialog to be', async () => {
    const pair = new Pair();
    const peer = new RawPeer(pair.network, '10.0.0.9');
    const out = pair.alice.invite('10.0.0.9');
    await pair.clock.advanceAsync(5);
    const first = peer.last('INVITE');
    peer.answer(first, '422 Session Interval Too Small', { headers: ['Min-SE: 3600'] });
    await pair.clock.advanceAsync(5);
    const second = peer.last('INVITE');
    expect([second.callId, second.from.tag, second.cseq.sequence]).toEqual([first.callId, first.from.tag, 2]);
    expect([header(peer, 'INVITE', 'session-expires'), header(peer, 'INVITE', 'min-se')]).toEqual(['3600', '3600']);
    peer.answer(second, '422 Session Interval Too Small', { headers: ['Min-SE: 3600'] });
    await pair.clock.advanceAsync(5);
    expect([peer.requests('INVITE').length, out.notified]).toEqual([2, ['refused 422']]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('is given up where the peer wants more each time, more than a day, or does not say', async () => {
    const pair = new Pair();
    const peer = new RawPeer(pair.network, '10.0.0.9');
    const out = pair.alice.invite('10.0.0.9');
    for (let asked = 1; out.ends.length === 0; asked += 1) {
      await pair.clock.advanceAsync(5);
      peer.answer(peer.last('INVITE'), '422 Session Interval Too Small', { headers: [`Min-SE: ${2000 + asked}`] });
      await pair.clock.advanceAsync(5);
    }
    expect(peer.requests('INVITE').length).toBeLessThan(9);
    for (const headers of [['Min-SE: 90000'], []]) {
      const next = pair.alice.invite('10.0.0.9');
      await pair.clock.advanceAsync(5);
      peer.answer(peer.last('INVITE'), '422 Session Interval Too Small', { headers });
      await pair.clock.advanceAsync(5);
      expect(next.notified).toEqual(['refused 422']);
    }
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('to a refresh is obeyed too', async () => {
    const { clock, peer, out, pair } = await connected([UPDATE_TOO, 'Session-Expires: 90;refresher=uac']);
    await clock.advanceAsync(45_010);
    peer.answer(peer.last('UPDATE'), '422 Session Interval Too Small', { headers: ['Min-SE: 200'] });
    await clock.advanceAsync(5);
    expect(header(peer, 'UPDATE', 'session-expires')).toBe('200;refresher=uac');
    peer.answer(peer.last('UPDATE'), '200 OK', { headers: ['Session-Expires: 200;refresher=uac'] });
    await clock.advanceAsync(99_000);
    expect([peer.requests('UPDATE').length, out.notified]).toEqual([2, ['answered']]);
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });
});

describe('the timer of a session that came in', () => {
  /** A raw peer calls alice, who answers at once; the headers of the 2xx are what the test looks at. */
  const received = async (headers: readonly string[]) => {
    const pair = new Pair();
    const peer = new RawPeer(pair.network, '10.0.0.9');
    pair.alice.listen((session) => session.accept(sdp('alice')));
    const invite = (more: readonly string[]): void =>
      peer.send(
        { protocol: 'udp', address: '10.0.0.1', port: 5060 },
        [
          'INVITE sip:alice@10.0.0.1 SIP/2.0',
          'Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKfirst',
          'From: <sip:raw@10.0.0.9>;tag=raw',
          'To: <sip:alice@10.0.0.1>',
          'Call-ID: one',
          'CSeq: 1 INVITE',
          ...CONTACT,
          'Content-Type: application/sdp',
          ...more,
        ],
        sdp('raw'),
      );
    invite(headers);
    await pair.clock.advanceAsync(5);
    const reply = peer.received.at(-1);
    const said = ['require', 'session-expires', 'min-se'].map((name) => reply?.headers.get(name));
    return { pair, said, status: peer.statuses('INVITE').at(-1) };
  };

  it.each([
    [
      ['Supported: timer', 'Session-Expires: 600;refresher=uac'],
      ['timer', '600;refresher=uac', undefined],
    ],
    [
      ['Supported: timer', 'Session-Expires: 600;refresher=uas'],
      [undefined, '600;refresher=uas', undefined],
    ],
    [
      ['Supported: timer', 'x: 600'],
      [undefined, '600;refresher=uas', undefined],
    ],
    [
      ['Require: timer', 'Session-Expires: 5000', 'Min-SE: 4000'],
      [undefined, '4000;refresher=uas', undefined],
    ],
    [['Session-Expires: 60'], [undefined, '90;refresher=uas', undefined]],
    [[], [undefined, '1800;refresher=uas', undefined]],
  ])('%j: who refreshes, and how long', async (headers, said) => {
    const call = await received(headers);
    expect([call.status, call.said]).toEqual([200, said]);
    await call.pair.clock.advanceAsync(100_000);
    expect(await call.pair.leftOver()).toEqual(nothing); // no ACK came
  });

  it('is refused with 422 and our Min-SE where it is too short', async () => {
    const call = await received(['Supported: timer', 'Session-Expires: 89']);
    expect([call.status, call.said]).toEqual([422, [undefined, undefined, '90']]);
    expect(await call.pair.leftOver()).toEqual(nothing);
  });
});

describe('two of us', () => {
  it('keep a session for hours, and its media are offered again unchanged', async () => {
    const pair = new Pair();
    const { out, in: incoming } = await pair.established();
    await pair.clock.advanceAsync(4 * 3_600_000);
    expect([out.notified, incoming.notified]).toEqual([['answered'], ['answered']]);
    expect(pair.startLines().filter((line) => line === 'UPDATE')).toHaveLength(15);
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });
});

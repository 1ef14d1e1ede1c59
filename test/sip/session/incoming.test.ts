import { describe, expect, it } from '@jest/globals';
import type { IncomingSession } from '../../../src/sip/user-agent.ts';
import { nothing, Pair, RawPeer, sdp } from './party.ts';

const ALICE = { protocol: 'udp', address: '10.0.0.1', port: 5060 } as const;

const inviteLines = (more: string[] = []) => [
  'INVITE sip:alice@10.0.0.1 SIP/2.0',
  'Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKinvite',
  'Max-Forwards: 70',
  'From: <sip:raw@10.0.0.9>;tag=raw',
  'To: <sip:alice@10.0.0.1>',
  'Call-ID: raw-call',
  'CSeq: 1 INVITE',
  'Contact: <sip:raw@10.0.0.9>',
  ...more,
];

/** A peer that says what the test says calls alice; `take` is what she does at once. */
const called = async (take: (session: IncomingSession) => void = () => undefined, body = sdp('raw')) => {
  const pair = new Pair();
  const peer = new RawPeer(pair.network, '10.0.0.9');
  pair.alice.listen(take);
  peer.send(ALICE, inviteLines(body === '' ? [] : ['Content-Type: application/sdp']), body);
  await pair.clock.advanceAsync(5);
  /** A request within the dialog, or the CANCEL of the INVITE. */
  const send = async (method: string, cseq: number, content = '') => {
    const toTag = method === 'CANCEL' ? '' : `;tag=${peer.received.at(0)?.to.tag ?? ''}`;
    const type = content === '' ? [] : ['Content-Type: application/sdp'];
    const branch = method === 'CANCEL' ? 'invite' : `${method}${cseq}`;
    const lines = inviteLines(type).map((line) =>
      line
        .replace('INVITE sip:alice', `${method} sip:offhook`)
        .replace('1 INVITE', `${cseq} ${method}`)
        .replace('branch=z9hG4bKinvite', `branch=z9hG4bK${branch}`)
        .replace('To: <sip:alice@10.0.0.1>', `To: <sip:alice@10.0.0.1>${toTag}`),
    );
    peer.send(
      ALICE,
      method === 'CANCEL' ? lines.map((line) => line.replace('sip:offhook', 'sip:alice')) : lines,
      content,
    );
    await pair.clock.advanceAsync(5);
  };
  return { pair, clock: pair.clock, peer, session: pair.alice.lastIn, send };
};

describe('an INVITE that came in', () => {
  it('gets its 2xx at T1 doubling to T2 until the ACK, and emits answered then', async () => {
    const { pair, clock, peer, session, send } = await called((incoming) => incoming.accept(sdp('local')));
    await clock.advanceAsync(8000);
    const times = pair.network.sent.filter(({ startLine }) => startLine === 'SIP/2.0 200 OK').map(({ at }) => at - 1);
    expect(times).toEqual([0, 500, 1500, 3500, 7500]);
    expect(session.notified).toEqual([]);
    await send('ACK', 1);
    expect(session.notified).toEqual(['answered']);
    await clock.advanceAsync(30_000);
    expect(peer.statuses('INVITE')).toHaveLength(5);
    session.session.hangUp();
    await clock.advanceAsync(5);
    expect(peer.last('BYE').uri).toBe('sip:raw@10.0.0.9');
    peer.answer(peer.last('BYE'), '200 OK');
    await clock.advanceAsync(5);
    expect(session.notified).toEqual(['answered', 'local-hangup']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('without an ACK for 64 T1 is broken off with BYE', async () => {
    const { pair, clock, peer, session } = await called((incoming) => incoming.accept(sdp('local')));
    await clock.advanceAsync(32_010);
    expect(session.ends).toEqual([{ kind: 'broken', status: 408 }]);
    expect(peer.requests('BYE')).not.toHaveLength(0);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('hung up before the ACK of its 2xx waits for that ACK with the BYE', async () => {
    const { pair, peer, session, send } = await called((incoming) => incoming.accept(sdp('local')));
    session.session.hangUp();
    await pair.clock.advanceAsync(100);
    expect(peer.requests('BYE')).toEqual([]);
    await send('ACK', 1);
    peer.answer(peer.last('BYE'), '200 OK');
    await pair.clock.advanceAsync(5);
    expect(session.notified).toEqual(['local-hangup']);
    const lost = await called((incoming) => incoming.accept(sdp('local')));
    lost.session.session.hangUp();
    await lost.clock.advanceAsync(32_010);
    expect(lost.session.notified).toEqual(['local-hangup']);
    expect(lost.peer.requests('BYE')).not.toHaveLength(0);
    expect(await lost.pair.leftOver()).toEqual(nothing);
  });

  it('rings, shows early media, and is rejected with the status and headers given', async () => {
    const { pair, peer, session, send } = await called((incoming) => {
      incoming.progress(180);
      incoming.progress(183, sdp('early'));
      incoming.reject(486, [['Retry-After', '5']]);
      incoming.accept(sdp('too late'));
    });
    expect(peer.statuses('INVITE')).toEqual([180, 183, 486]);
    expect(peer.received[0]?.headers.get('contact')).toBe('<sip:offhook@10.0.0.1:5060>');
    expect(peer.received[1]?.body.toString()).toBe(sdp('early'));
    expect(peer.received[2]?.headers.get('retry-after')).toBe('5');
    expect(new Set(peer.received.map((message) => message.to.tag)).size).toBe(1);
    expect(session.notified).toEqual(['local-hangup']);
    await send('ACK', 1);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('hung up while it rings gets 480, or the status given', async () => {
    const { peer, session, pair } = await called((incoming) => incoming.hangUp());
    expect(peer.statuses('INVITE')).toEqual([480]);
    expect(session.notified).toEqual(['local-hangup']);
    const busy = await called((incoming) => incoming.hangUp({ status: 600 }));
    expect(busy.peer.statuses('INVITE')).toEqual([600]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('is cancelled: 200 to the CANCEL, 487 to the INVITE', async () => {
    const { pair, peer, session, send } = await called((incoming) => incoming.progress(180));
    await send('CANCEL', 1);
    expect([peer.statuses('CANCEL'), peer.statuses('INVITE')]).toEqual([[200], [180, 487]]);
    expect(session.ends).toMatchObject([{ kind: 'remote-hangup', request: { method: 'CANCEL' } }]);
    session.session.accept(sdp('too late'));
    await send('ACK', 1);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('ends with the BYE of the peer in every state', async () => {
    const ringing = await called((incoming) => incoming.progress(180));
    await ringing.send('BYE', 2);
    expect([ringing.peer.statuses('BYE'), ringing.peer.statuses('INVITE')]).toEqual([[200], [180, 487]]);
    const unacknowledged = await called((incoming) => incoming.accept(sdp('local')));
    await unacknowledged.send('BYE', 2);
    await unacknowledged.send('ACK', 1);
    const established = await called((incoming) => incoming.accept(sdp('local')));
    await established.send('ACK', 1);
    await established.send('BYE', 2);
    for (const { peer, session, pair } of [ringing, unacknowledged, established]) {
      expect(peer.statuses('BYE')).toEqual([200]);
      expect(session.ends).toMatchObject([{ kind: 'remote-hangup', request: { method: 'BYE' } }]);
      await pair.clock.advanceAsync(60_000);
      expect(pair.alice.agent.dialogs.size).toBe(0);
    }
    expect(unacknowledged.peer.statuses('INVITE')).toEqual([200]);
  });

  it('without an offer gets ours, and the answer comes in the ACK; without one there it is broken off', async () => {
    const { session, send } = await called((incoming) => incoming.accept(sdp('local')), '');
    await send('ACK', 1, sdp('raw'));
    expect(session.notified).toEqual(['answered']);
    expect(session.session.remoteSdp).toBe(sdp('raw'));
    const silent = await called((incoming) => incoming.accept(sdp('local')), '');
    await silent.send('ACK', 1);
    expect(silent.session.ends).toEqual([{ kind: 'broken', status: 488 }]);
    expect(silent.peer.requests('BYE')).toHaveLength(1);
  });

  it('that came twice by different ways gets 482 for the copy', async () => {
    const { peer, pair } = await called();
    const copy = inviteLines(['Content-Type: application/sdp']).map((line) => line.replace('bKinvite', 'bKcopy'));
    peer.send(ALICE, copy, sdp('raw'));
    await pair.clock.advanceAsync(5);
    expect(peer.statuses('INVITE')).toEqual([482]);
    expect(pair.alice.incoming).toHaveLength(1);
  });
});

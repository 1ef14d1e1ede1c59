import { describe, expect, it } from '@jest/globals';
import { sessionFlow } from '../../../src/sip/session/session-flow.ts';
import { nothing, Pair, RawPeer, sdp } from './party.ts';

const CONTACT = ['Contact: <sip:raw@10.0.0.9>'];

/** Alice calls a peer that answers only what the test says. */
const calling = async (options = {}) => {
  const pair = new Pair();
  const peer = new RawPeer(pair.network, '10.0.0.9');
  const out = pair.alice.invite('10.0.0.9', options);
  await pair.clock.advanceAsync(5);
  return { pair, clock: pair.clock, peer, out, invite: peer.last('INVITE') };
};

const answered = async () => {
  const call = await calling();
  call.peer.answer(call.invite, '200 OK', { headers: CONTACT, body: sdp('raw') });
  await call.clock.advanceAsync(5);
  return call;
};

describe('the flow of a session', () => {
  it('may end in every phase, and goes nowhere from there', () => {
    const { ended, ...others } = sessionFlow;
    expect(ended).toEqual({});
    expect(Object.values(others).map(({ end }) => end)).toEqual(Object.keys(others).map(() => 'ended'));
  });

  it('says BYE only where the dialog is confirmed on both sides or was cancelled before', () => {
    const leaving = Object.entries(sessionFlow).filter(([, steps]) => steps.leave !== undefined);
    expect(leaving.map(([phase]) => phase)).toEqual(['established', 'cancelled']);
  });
});

describe('an INVITE of ours', () => {
  it('rings, is answered and acknowledged in the same turn, and is hung up with the Reason given', async () => {
    const pair = new Pair();
    const { clock, alice, bob } = pair;
    bob.listen((session) => session.progress(180));
    const out = alice.invite('10.0.0.2');
    await clock.advanceAsync(1000);
    bob.lastIn.session.accept(sdp('answer'));
    await clock.advanceAsync(10);
    expect(out.notified).toEqual(['180', 'answered']);
    expect(out.session.remoteSdp).toBe(sdp('answer'));
    expect(bob.lastIn.notified).toEqual(['answered']);
    expect(bob.lastIn.session.remoteSdp).toBe(sdp('offer'));
    const [ok, ack] = pair.network.sent.slice(2);
    expect([ok?.startLine, ack?.startLine]).toEqual(['SIP/2.0 200 OK', 'ACK sip:offhook@10.0.0.2:5060 SIP/2.0']);
    expect(ack?.at).toBe((ok?.at ?? 0) + 1);
    out.session.hangUp({ headers: [['Reason', 'Q.850;cause=16']] });
    out.session.hangUp();
    await clock.advanceAsync(10);
    expect(pair.startLines()).toEqual(['INVITE', '180 Ringing', '200 OK', 'ACK', 'BYE', '200 OK']);
    expect(pair.network.sent.find(({ text }) => text.startsWith('BYE'))?.text).toContain(
      '\r\nReason: Q.850;cause=16\r\n',
    );
    expect(out.ends).toEqual([{ kind: 'local-hangup' }]);
    expect(bob.lastIn.notified).toEqual(['answered', 'remote-hangup']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it.each([486, 603, 480, 404, 302])('is refused with %i and tells the response', async (status) => {
    const { pair, peer, out, invite, clock } = await calling();
    peer.answer(invite, `${status} No`);
    await clock.advanceAsync(5);
    expect(out.ends).toMatchObject([{ kind: 'refused', response: { status } }]);
    expect(peer.requests('ACK')).toHaveLength(1);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('ends as timeout when nothing answers for 64 T1', async () => {
    const { pair, clock, out } = await calling();
    await clock.advanceAsync(31_990);
    expect(out.notified).toEqual([]);
    await clock.advanceAsync(20);
    expect(out.notified).toEqual(['timeout']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('ends as transport-error when the connection is refused or the name unknown', async () => {
    const pair = new Pair();
    const refused = pair.alice.invite('10.0.0.77', { target: 'sip:bob@10.0.0.77;transport=tcp' });
    const unroutable = pair.alice.invite('x', { target: 'sips:bob@10.0.0.2' });
    const broken = pair.alice.invite('10.0.0.2', { headers: [['Subject', 'a\r\nb']] });
    await pair.clock.advanceAsync(10);
    expect([refused.notified, unroutable.notified, broken.notified]).toEqual([
      ['transport-error'],
      ['transport-error'],
      ['transport-error'],
    ]);
    expect(await pair.leftOver()).toEqual(nothing);
  });
});

describe('a hang-up before the answer', () => {
  it('sends CANCEL only after a provisional response, with the Reason, and ends with the 487', async () => {
    const { pair, clock, peer, out, invite } = await calling();
    out.session.hangUp({ headers: [['Reason', 'SIP;cause=200;text="Call completed elsewhere"']] });
    await clock.advanceAsync(100);
    expect(peer.requests('CANCEL')).toEqual([]);
    peer.answer(invite, '180 Ringing');
    await clock.advanceAsync(5);
    expect(peer.last('CANCEL').headers.get('reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
    peer.answer(peer.last('CANCEL'), '200 OK').answer(invite, '487 Request Terminated');
    await clock.advanceAsync(5);
    expect(out.ends).toMatchObject([{ kind: 'refused', response: { status: 487 } }]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('acknowledges a 200 that crosses the CANCEL, says BYE and never tells of an answer', async () => {
    const { pair, clock, peer, out, invite } = await calling();
    peer.answer(invite, '180 Ringing');
    await clock.advanceAsync(5);
    out.session.hangUp({ headers: [['Reason', 'SIP;cause=487']] });
    peer.answer(invite, '200 OK', { headers: CONTACT, body: sdp('raw') });
    await clock.advanceAsync(5);
    expect(peer.requests('ACK')).toHaveLength(1);
    expect(peer.last('BYE').headers.get('reason')).toBe('SIP;cause=487');
    expect(out.notified).toEqual(['180']);
    peer.answer(peer.last('BYE'), '200 OK');
    await clock.advanceAsync(5);
    expect(out.notified).toEqual(['180', 'local-hangup']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('gives up 64 T1 after a CANCEL that nothing follows', async () => {
    const { pair, clock, peer, out, invite } = await calling();
    peer.answer(invite, '180 Ringing');
    await clock.advanceAsync(5);
    out.session.hangUp();
    await clock.advanceAsync(31_000);
    expect(out.notified).toEqual(['180']);
    await clock.advanceAsync(1100);
    expect(out.notified).toEqual(['180', 'timeout']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('tells local-hangup, not within the call, when the name is still being resolved', async () => {
    const pair = new Pair();
    const out = pair.alice.invite('sip.invalid', { target: 'sip:bob@sip.invalid' });
    out.session.hangUp();
    expect(out.notified).toEqual([]);
    await pair.clock.advanceAsync(1);
    expect(out.notified).toEqual(['local-hangup']);
    expect(pair.alice.agent.dialogs.size).toBe(0);
  });

  it('answers the BYE of a phone that rings with 200 and cancels the INVITE', async () => {
    const { pair, clock, peer, out, invite } = await calling();
    peer.answer(invite, '180 Ringing', { headers: CONTACT });
    await clock.advanceAsync(5);
    peer.inDialog(invite, 'BYE', 1);
    await clock.advanceAsync(5);
    expect(peer.statuses('BYE')).toEqual([200]);
    expect(peer.requests('CANCEL')).toHaveLength(1);
    expect(out.notified).toEqual(['180', 'remote-hangup']);
    peer.answer(invite, '487 Request Terminated');
    expect(await pair.leftOver()).toEqual(nothing);
  });
});

describe('the 2xx', () => {
  it('that is repeated gets the same bytes of ACK each time, also when the session is over', async () => {
    const { pair, clock, peer, out, invite } = await answered();
    peer.answer(invite, '200 OK', { headers: CONTACT, body: sdp('raw') });
    await clock.advanceAsync(5);
    out.session.hangUp();
    await clock.advanceAsync(5);
    peer.answer(peer.last('BYE'), '200 OK');
    await clock.advanceAsync(5);
    peer.answer(invite, '200 OK', { headers: CONTACT, body: sdp('raw') });
    await clock.advanceAsync(5);
    const acks = pair.network.sent.filter(({ text }) => text.startsWith('ACK')).map(({ text }) => text);
    expect(acks).toHaveLength(3);
    expect(new Set(acks).size).toBe(1);
    expect(out.notified).toEqual(['answered', 'local-hangup']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('of a second fork is acknowledged and ended with BYE; its repetition gets an ACK only', async () => {
    const { pair, clock, peer, out, invite } = await answered();
    const fork = { tag: 'fork', headers: ['Contact: <sip:fork@10.0.0.9>'], body: sdp('fork') };
    peer.answer(invite, '200 OK', fork).answer(invite, '200 OK', fork);
    await clock.advanceAsync(5);
    const ofFork = (method: string) => peer.requests(method).filter((request) => request.to.tag === 'fork');
    expect([ofFork('ACK').length, ofFork('BYE').length]).toEqual([2, 1]);
    expect(ofFork('BYE')[0]?.uri).toBe('sip:fork@10.0.0.9');
    expect(out.notified).toEqual(['answered']);
    expect(out.session.remoteSdp).toBe(sdp('raw'));
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('without SDP takes the early answer of its own dialog, else the session is broken off', async () => {
    const first = await calling();
    first.peer
      .answer(first.invite, '183 Session Progress', { headers: CONTACT, body: sdp('early') })
      .answer(first.invite, '200 OK', { headers: CONTACT });
    await first.clock.advanceAsync(5);
    expect(first.out.notified).toEqual(['183+sdp', 'answered']);
    expect(first.out.session.remoteSdp).toBe(sdp('early'));
    const second = await calling();
    second.peer.answer(second.invite, '200 OK', { headers: CONTACT });
    await second.clock.advanceAsync(5);
    expect(second.out.ends).toEqual([{ kind: 'broken', status: 488 }]);
    expect([second.peer.requests('ACK').length, second.peer.requests('BYE').length]).toEqual([1, 1]);
  });

  it('finds its SDP as a part of multipart/mixed beside ISUP', async () => {
    const { clock, peer, out, invite } = await calling();
    const parts = `--b\r\nContent-Type: application/ISUP\r\n\r\nxx\r\n--b\r\nContent-Type: application/sdp\r\n\r\n${sdp('raw')}\r\n--b--\r\n`;
    peer.answer(invite, '200 OK', { headers: [...CONTACT, 'Content-Type: multipart/mixed;boundary=b'], body: parts });
    await clock.advanceAsync(5);
    expect(out.session.remoteSdp).toBe(sdp('raw'));
  });
});

describe('forked provisional responses', () => {
  it('are early dialogs of their own, early media from the last that sent any', async () => {
    const { pair, clock, peer, out, invite } = await calling();
    peer
      .answer(invite, '180 Ringing', { tag: 'one', headers: CONTACT })
      .answer(invite, '183 Session Progress', { tag: 'two', headers: CONTACT, body: sdp('two') })
      .answer(invite, '183 Session Progress', { tag: 'one', headers: CONTACT, body: sdp('one') })
      .answer(invite, '100 Trying');
    await clock.advanceAsync(5);
    expect(out.notified).toEqual(['180', '183+sdp', '183+sdp']);
    expect(out.session.remoteSdp).toBe(sdp('one'));
    peer.answer(invite, '200 OK', { tag: 'one', headers: CONTACT, body: sdp('one') });
    await clock.advanceAsync(5);
    expect(peer.last('ACK').to.tag).toBe('one');
    expect(out.session.remoteSdp).toBe(sdp('one'));
    out.session.hangUp();
    expect(await pair.leftOver()).toEqual(nothing);
  });
});

describe('a fork whose SDP came in its 183 alone', () => {
  it.each(['one', 'two'])('%s is joined by its 200', async (tag) => {
    const { clock, peer, out, invite } = await calling();
    peer
      .answer(invite, '183 Session Progress', { tag: 'one', headers: CONTACT, body: sdp('one') })
      .answer(invite, '183 Session Progress', { tag: 'two', headers: CONTACT, body: sdp('two') })
      .answer(invite, '200 OK', { tag, headers: CONTACT });
    await clock.advanceAsync(5);
    expect(out.ends).toEqual([]);
    expect(out.session.remoteSdp).toBe(sdp(tag));
    out.session.hangUp();
  });
});

describe('a challenge', () => {
  const credentials = { username: 'trunk', password: 'secret' };
  const challenge = (nonce: string, more = '') => ({
    headers: [`Proxy-Authenticate: Digest realm="carrier", nonce="${nonce}", qop="auth", algorithm=MD5${more}`],
  });

  it('is answered once: same Call-ID and From tag, CSeq + 1; the ACK carries the same credentials', async () => {
    const { pair, clock, peer, out, invite } = await calling({ credentials });
    peer.answer(invite, '407 Proxy Authentication Required', challenge('n1'));
    await clock.advanceAsync(5);
    const again = peer.last('INVITE');
    expect([again.callId, again.from.tag, again.cseq.sequence]).toEqual([invite.callId, invite.from.tag, 2]);
    expect(again.to.tag).toBeUndefined();
    expect(again.headers.get('proxy-authorization')).toContain('nc=00000001');
    peer.answer(again, '200 OK', { headers: CONTACT, body: sdp('raw') });
    await clock.advanceAsync(5);
    expect(peer.last('ACK').headers.get('proxy-authorization')).toBe(again.headers.get('proxy-authorization'));
    expect(peer.last('ACK').cseq.sequence).toBe(2);
    out.session.hangUp();
    await clock.advanceAsync(5);
    expect(peer.last('BYE').cseq.sequence).toBe(3);
    peer.answer(peer.last('BYE'), '407 Proxy Authentication Required', challenge('n1'));
    await clock.advanceAsync(5);
    expect(peer.last('BYE').cseq.sequence).toBe(4);
    expect(peer.last('BYE').headers.get('proxy-authorization')).toContain('nc=00000002');
    peer.answer(peer.last('BYE'), '200 OK');
    await clock.advanceAsync(5);
    expect(out.notified).toEqual(['answered', 'local-hangup']);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('is answered again only with stale=true', async () => {
    const { clock, peer, out, invite } = await calling({ credentials });
    peer.answer(invite, '407 Proxy Authentication Required', challenge('n1'));
    await clock.advanceAsync(5);
    peer.answer(peer.last('INVITE'), '407 Proxy Authentication Required', challenge('n2', ', stale=true'));
    await clock.advanceAsync(5);
    expect(peer.last('INVITE').cseq.sequence).toBe(3);
    peer.answer(peer.last('INVITE'), '407 Proxy Authentication Required', challenge('n3'));
    await clock.advanceAsync(5);
    expect(peer.last('INVITE').cseq.sequence).toBe(3);
    expect(out.ends).toMatchObject([{ kind: 'refused', response: { status: 407 } }]);
  });

  it('ends the session where there are no credentials for it', async () => {
    const { clock, peer, out, invite } = await calling({ credentials: { ...credentials, realm: 'other' } });
    peer.answer(invite, '407 Proxy Authentication Required', challenge('n1'));
    await clock.advanceAsync(5);
    expect(out.ends).toMatchObject([{ kind: 'refused', response: { status: 407 } }]);
  });
});

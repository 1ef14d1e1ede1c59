import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/shared/clock.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { createResponse } from '../../src/sip/message/create-response.ts';
import type { SipResponse } from '../../src/sip/message/message.ts';
import { TransactionLayer } from '../../src/sip/transaction/transaction-layer.ts';
import { SocketTransport } from '../../src/sip/transport/socket-transport.ts';
import type { TransportProtocol } from '../../src/sip/transport/transport.ts';
import { UserAgent } from '../../src/sip/user-agent.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeNetwork } from '../support/fake-network.ts';
import { diaryOf, nothing, Pair, Party, RawPeer, sdp } from './session/party.ts';

const ALICE = { protocol: 'udp', address: '10.0.0.1', port: 5060 } as const;
const name = (uri: string) => ({ uri, params: new Map<string, string | undefined>() });

interface Asked {
  readonly uri?: string;
  readonly toTag?: string;
  readonly headers?: string[];
  readonly body?: string;
}

/** Sends requests of a stranger to alice and gives back the responses. */
const stranger = () => {
  const pair = new Pair();
  const peer = new RawPeer(pair.network, '10.0.0.9');
  let count = 0;
  const ask = async (method: string, { uri = 'sip:alice@10.0.0.1', toTag, headers = [], body = '' }: Asked = {}) => {
    count += 1;
    peer.received.length = 0;
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK${count}`,
      'From: <sip:raw@10.0.0.9>;tag=raw',
      `To: <sip:alice@10.0.0.1>${toTag === undefined ? '' : `;tag=${toTag}`}`,
      `Call-ID: call-${count}`,
      `CSeq: 1 ${method}`,
      'Contact: <sip:raw@10.0.0.9>',
      ...headers,
    ];
    peer.send(ALICE, lines, body);
    await pair.clock.advanceAsync(5);
    return peer.received as SipResponse[];
  };
  const status = async (method: string, asked?: Asked) => (await ask(method, asked)).map((response) => response.status);
  return { pair, peer, ask, status };
};

describe('a request outside of dialogs', () => {
  it('OPTIONS gets 200 with Allow, Accept and Supported, for any user alike', async () => {
    const { ask } = stranger();
    const [known] = await ask('OPTIONS');
    const [unknown] = await ask('OPTIONS', { uri: 'sip:nobody@10.0.0.1' });
    const shown = (response: SipResponse | undefined) =>
      ['allow', 'accept', 'supported'].map((header) => response?.headers.get(header));
    expect(shown(known)).toEqual([
      'INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, MESSAGE',
      'application/sdp',
      'timer, 100rel',
    ]);
    expect(shown(unknown)).toEqual(shown(known));
    expect([known?.status, unknown?.status]).toEqual([200, 200]);
  });

  it('that matches nothing: 481 in a dialog, 405 with Allow for what we know, 501 for what we do not', async () => {
    const { status, ask } = stranger();
    for (const method of ['BYE', 'INVITE', 'INFO', 'OPTIONS'])
      expect(await status(method, { toTag: 'x' })).toEqual([481]);
    for (const method of ['BYE', 'UPDATE', 'INFO', 'NOTIFY', 'PRACK']) expect(await status(method)).toEqual([481]);
    for (const method of ['REGISTER', 'SUBSCRIBE', 'PUBLISH']) expect(await status(method)).toEqual([405]);
    expect(await status('REFER')).toEqual([603]);
    const [odd] = await ask('DANCE');
    expect([odd?.status, odd?.headers.get('allow')]).toEqual([501, expect.stringContaining('INVITE')]);
  });

  it('that requires an extension gets 420 with Unsupported, another scheme 416', async () => {
    const { ask, status } = stranger();
    const [refused] = await ask('INVITE', { headers: ['Require: 100rel, precondition, timer', 'Require: tdialog'] });
    expect([refused?.status, refused?.headers.get('unsupported')]).toEqual([420, 'precondition, tdialog']);
    expect(await status('OPTIONS', { uri: 'mailto:alice@10.0.0.1' })).toEqual([416]);
  });

  it('INVITE: 480 without a listener, 603 with Replaces, 415 with a body that is no SDP', async () => {
    const { pair, status } = stranger();
    expect(await status('INVITE')).toEqual([480]);
    pair.alice.listen((session) => session.reject(486));
    expect(await status('INVITE', { headers: ['Replaces: a;to-tag=b;from-tag=c'] })).toEqual([603]);
    expect(await status('INVITE', { headers: ['Content-Type: text/plain'], body: 'hello' })).toEqual([415]);
    expect(await status('INVITE', { headers: ['Content-Type: application/sdp'], body: sdp('raw') })).toEqual([486]);
  });

  it('goes to the handler of its method, which is then named in Allow', async () => {
    const { pair, ask } = stranger();
    pair.alice.agent.handle('SUBSCRIBE', (transaction) =>
      transaction.respond(createResponse(transaction.request, 202, { toTag: 't' })),
    );
    expect((await ask('SUBSCRIBE')).map(({ status }) => status)).toEqual([202]);
    expect((await ask('OPTIONS'))[0]?.headers.get('allow')).toMatch(/, SUBSCRIBE$/);
  });
});

describe('a request of a stranger that is refused', () => {
  const invite = (count: number) => [
    'INVITE sip:alice@10.0.0.1 SIP/2.0',
    `Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK-stranger-${count}`,
    'From: <sip:raw@10.0.0.9>;tag=raw',
    'To: <sip:alice@10.0.0.1>',
    `Call-ID: stranger-${count}`,
    'CSeq: 1 INVITE',
  ];
  const tagOf = (response: SipResponse | undefined) => response?.to.tag ?? '';

  it('is answered once for each copy, with the same tag, and nothing of it is kept', async () => {
    const { pair, peer } = stranger();
    peer.send(ALICE, invite(1));
    await pair.clock.advanceAsync(40_000);
    const [first, ...more] = peer.received as SipResponse[];
    expect([first?.status, more]).toEqual([480, []]);
    expect([pair.alice.layer.sizes, pair.clock.pendingTimers]).toEqual([{ clients: 0, servers: 0 }, 0]);
    peer.send(ALICE, invite(1));
    peer.send(ALICE, invite(2));
    await pair.clock.advanceAsync(5);
    const [, again, other] = peer.received as SipResponse[];
    expect([tagOf(again), tagOf(other)]).toEqual([tagOf(first), expect.not.stringMatching(tagOf(first))]);
    expect(tagOf(first)).toMatch(/^[\w-]{16}$/);
  });

  it('has its ACK absorbed, and its CANCEL answered with 481', async () => {
    const { pair, peer, ask } = stranger();
    const [refused] = await ask('INVITE');
    const follow = (method: string) => [
      `${method} sip:alice@10.0.0.1 SIP/2.0`,
      'Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1',
      'From: <sip:raw@10.0.0.9>;tag=raw',
      `To: <sip:alice@10.0.0.1>${method === 'ACK' ? `;tag=${tagOf(refused)}` : ''}`,
      'Call-ID: call-1',
      `CSeq: 1 ${method}`,
    ];
    peer.received.length = 0;
    peer.send(ALICE, follow('ACK'));
    peer.send(ALICE, follow('CANCEL'));
    await pair.clock.advanceAsync(40_000);
    expect((peer.received as SipResponse[]).map(({ status, cseq }) => [status, cseq.method])).toEqual([
      [481, 'CANCEL'],
    ]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('gets no answer that is much longer than itself', async () => {
    const { pair, peer } = stranger();
    pair.alice.agent.handle('REGISTER', (transaction) => transaction.answerOnce(401));
    for (const method of ['INVITE', 'OPTIONS', 'SUBSCRIBE', 'DANCE']) {
      const shortest = [
        `${method} sip:a SIP/2.0`,
        'v:SIP/2.0/UDP a;branch=z9hG4bK1;rport',
        'f:sip:a;tag=1',
        't:sip:a',
        'i:1',
        `CSeq:1 ${method}`,
      ];
      const before = pair.network.sent.length;
      peer.send(ALICE, shortest);
      await pair.clock.advanceAsync(5);
      const [request, ...answers] = pair.network.sent.slice(before);
      expect(answers).toHaveLength(1);
      expect((answers[0]?.text.length ?? 0) / (request?.text.length ?? 0)).toBeLessThan(3);
    }
  });
});

describe('a request of ours outside of dialogs', () => {
  const options = {
    method: 'OPTIONS',
    target: 'sip:10.0.0.9',
    from: name('sip:us@10.0.0.1'),
    to: name('sip:10.0.0.9'),
  };

  it('resolves with the final response, 408 where none comes, 503 where it cannot be sent', async () => {
    const { pair, peer } = stranger();
    const answered = pair.alice.agent.request({ ...options, headers: [['Subject', 'ping']], body: 'x' });
    await pair.clock.advanceAsync(5);
    expect(peer.last('OPTIONS').headers.get('subject')).toBe('ping');
    peer.answer(peer.last('OPTIONS'), '100 Trying').answer(peer.last('OPTIONS'), '200 OK');
    await pair.clock.advanceAsync(5);
    expect((await answered).status).toBe(200);
    const unanswered = pair.alice.agent.request(options);
    const unsent = pair.alice.agent.request({ ...options, target: 'sip:10.0.0.77;transport=tcp' });
    const unroutable = pair.alice.agent.request({ ...options, target: 'sips:10.0.0.9' });
    await pair.clock.advanceAsync(32_100);
    expect((await Promise.all([unanswered, unsent, unroutable])).map(({ status }) => status)).toEqual([408, 503, 503]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('answers a challenge once, with the Call-ID and CSeq that it was given', async () => {
    const { pair, peer } = stranger();
    const credentials = { username: 'us', password: 'p' };
    const asked = pair.alice.agent.request({ ...options, method: 'REGISTER', callId: 'kept', cseq: 9, credentials });
    const challenge = { headers: ['WWW-Authenticate: Digest realm="r", nonce="n"'] };
    await pair.clock.advanceAsync(5);
    peer.answer(peer.last('REGISTER'), '401 Unauthorized', challenge);
    await pair.clock.advanceAsync(5);
    const again = peer.last('REGISTER');
    expect([again.callId, again.cseq.sequence, again.headers.all('contact')]).toEqual([
      'kept',
      10,
      ['<sip:offhook@10.0.0.1:5060>'],
    ]);
    peer.answer(again, '401 Unauthorized', challenge);
    await pair.clock.advanceAsync(5);
    expect((await asked).status).toBe(401);
  });
});

describe('closing', () => {
  it('hangs up every session, refuses new ones and waits until they have ended', async () => {
    const pair = new Pair();
    const { out, in: incoming } = await pair.established();
    let isClosed = false;
    const closed = pair.alice.agent.close(5000).then(() => (isClosed = true));
    const late = pair.bob.invite('10.0.0.1');
    await pair.clock.advanceAsync(50);
    await closed;
    expect(isClosed).toBe(true);
    expect([out.notified.at(-1), incoming.notified.at(-1)]).toEqual(['local-hangup', 'remote-hangup']);
    expect(late.ends).toMatchObject([{ kind: 'refused', response: { status: 503 } }]);
    expect(await pair.leftOver()).toEqual(nothing);
  });

  it('waits no longer than the grace', async () => {
    const pair = new Pair();
    await pair.established();
    pair.network.lose = () => true;
    let isClosed = false;
    void pair.alice.agent.close(5000).then(() => (isClosed = true));
    await pair.clock.advanceAsync(4990);
    expect(isClosed).toBe(false);
    await pair.clock.advanceAsync(20);
    expect(isClosed).toBe(true);
  });
});

describe('names', () => {
  const clock = new FakeClock();
  const network = new FakeNetwork(clock);
  const resolver = {
    services: () => Promise.resolve([]),
    addresses: (host: string) =>
      Promise.resolve(host === 'carrier.test' ? ['10.0.0.77', '10.0.0.2'] : host === 'sbc.test' ? ['10.0.0.2'] : []),
  };

  it('are resolved for the INVITE and in the dialog; the next server is tried where the first cannot be reached', async () => {
    const alice = new Party(network, clock, '10.0.0.1', { resolver });
    const bob = new Party(network, clock, '10.0.0.2', { resolver });
    bob.listen((session) => session.accept(sdp('answer')));
    const out = alice.invite('sip.test', { target: 'sip:bob@carrier.test;transport=tcp' });
    await clock.advanceAsync(50);
    expect(out.notified).toEqual(['answered']);
    const lost = alice.invite('sip.test', { target: 'sip:bob@nowhere.test' });
    await clock.advanceAsync(50);
    expect(lost.notified).toEqual(['transport-error']);
    const viaRoute = alice.invite('sip.test', { target: 'sip:bob@nowhere.test', route: ['<sip:sbc.test;lr>'] });
    await clock.advanceAsync(50);
    expect(viaRoute.notified).toEqual(['answered']);
    expect(bob.lastIn.session.request.headers.get('route')).toBe('<sip:sbc.test;lr>');
  });
});

describe('over real sockets', () => {
  const ids = createSystemIds();
  const common = { clock: systemClock, ids, log: silentLog };
  const opened: (() => Promise<void>)[] = [];

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((close) => close()));
  });

  const open = async (protocol: TransportProtocol) => {
    const transport = new SocketTransport({ listeners: [{ protocol, host: '127.0.0.1', port: 0 }], ...common });
    const transactions = new TransactionLayer({ transport, ...common });
    const agent = new UserAgent({ transport, transactions, contactUser: 'offhook', serverName: 'Offhook', ...common });
    await transport.start();
    opened.push(async () => {
      await agent.close(1000);
      transactions.close();
      await transport.close();
    });
    return { agent, port: transport.listeners[0]?.port ?? 0 };
  };

  it.each(['udp', 'tcp'] as const)('a call over %s is placed, answered, changed and hung up', async (protocol) => {
    const [alice, bob] = await Promise.all([open(protocol), open(protocol)]);
    const bobEnded = new Promise<string>((resolve) => {
      bob.agent.listen((session) => {
        session.progress(180);
        session.accept(sdp('answer'));
        session.on('ended', ({ kind }) => resolve(kind));
      });
    });
    const target = `sip:bob@127.0.0.1:${bob.port};transport=${protocol}`;
    const out = alice.agent.invite({ target, from: name('sip:alice@127.0.0.1'), to: name(target), sdp: sdp('offer') });
    const { notified } = diaryOf(out);
    const ended = new Promise((resolve) => out.on('ended', resolve));
    const answered = new Promise<void>((resolve) => out.on('answered', () => resolve()));
    out.start();
    await answered;
    expect(await out.offer(sdp('more'))).toEqual({ kind: 'accepted', sdp: sdp('answer') });
    out.hangUp();
    await ended;
    expect([notified, await bobEnded]).toEqual([['180', 'answered', 'local-hangup'], 'remote-hangup']);
  });
});

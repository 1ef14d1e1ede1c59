import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { responseHop } from '../../../src/sip/transport/response-hop.ts';
import type { Hop } from '../../../src/sip/transport/transport.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { closeAll, hopTo, openTcpPeer, openTransport, portOf, requestText, watch } from './socket-stage.ts';

const servers: Server[] = [];

afterEach(async () => {
  await closeAll();
  for (const server of servers.splice(0)) server.close();
});

/** A bare TCP server. */
const listen = async (
  onConnection: (socket: Socket) => void = () => undefined,
): Promise<{ hop: Hop; server: Server }> => {
  const server = createServer(onConnection).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, hop: { protocol: 'tcp', address: '127.0.0.1', port } };
};

const tcpRequest = (branch: string, sentBy = '127.0.0.1:5099'): string =>
  requestText({ via: `Via: SIP/2.0/TCP ${sentBy};branch=${branch}` });

const methodsOf = (items: readonly { message: { kind: string } }[]): string[] =>
  items.map(({ message }) => message.kind);

describe('a TCP stream', () => {
  it('brings the same messages however it is cut', async () => {
    const transport = await openTransport();
    const peer = await openTcpPeer(transport);
    const bytes = `${tcpRequest('z9hG4bK-1')}${requestText({ method: 'INFO', body: 'signal=5\r\n' })}\r\n${tcpRequest('z9hG4bK-3')}`;
    peer.socket.setNoDelay(true);
    for (let at = 0; at < bytes.length; at += 7) {
      peer.socket.write(bytes.slice(at, at + 7));
      await new Promise((resolve) => setImmediate(resolve));
    }
    peer.socket.write(bytes);
    await transport.inbox.at(5);
    expect(methodsOf(transport.inbox.items)).toEqual(Array(6).fill('request'));
    expect(transport.inbox.items.map(({ message }) => message.body.toString())).toEqual([
      '',
      'signal=5\r\n',
      '',
      '',
      'signal=5\r\n',
      '',
    ]);
    expect(transport.inbox.items[0]?.arrival.source).toEqual({
      protocol: 'tcp',
      address: '127.0.0.1',
      port: peer.socket.localPort,
    });
  });

  it('gets a CRLF for a double CRLF (RFC 5626)', async () => {
    const transport = await openTransport();
    const peer = await openTcpPeer(transport);
    peer.socket.write('\r\n\r\n');
    expect(await peer.received('\r\n')).toBe('\r\n');
    peer.socket.write(`${tcpRequest('z9hG4bK-1')}\r\n\r\n`);
    await peer.received('\r\n\r\n');
    expect(transport.counters).toEqual({ accepted: 1, refused: 0, dropped: 0 });
  });

  it.each([
    ['without Content-Length', tcpRequest('z9hG4bK-1').replace(/Content-Length: 0\r\n/, '')],
    ['with a head that does not end', `OPTIONS sip:a@b SIP/2.0\r\nX: ${'x'.repeat(20_000)}`],
    ['with a body that is too long', tcpRequest('z9hG4bK-1').replace('Content-Length: 0', 'Content-Length: 9999999')],
    ['of noise', `${'\u0001\u0002noise'.repeat(10)}\r\n\r\n`],
  ])('is closed and counted where it cannot be cut: a message %s', async (_name, text) => {
    const transport = await openTransport();
    const peer = await openTcpPeer(transport);
    peer.socket.write(text);
    await peer.closed;
    expect(transport.counters).toEqual({ accepted: 0, refused: 0, dropped: 1 });
    const other = await openTcpPeer(transport);
    other.socket.write(tcpRequest('z9hG4bK-2'));
    await transport.inbox.at(0);
  });

  it('goes on after a bad request, which is answered over it', async () => {
    const transport = await openTransport();
    const peer = await openTcpPeer(transport);
    peer.socket.write(requestText({ uri: 'http://offhook.test' }));
    expect(await peer.received('\r\n\r\n')).toMatch(/^SIP\/2\.0 416 /);
    peer.socket.write(tcpRequest('z9hG4bK-2'));
    await transport.inbox.at(0);
  });
});

describe('limits on TCP peers', () => {
  it('closes a new peer that sends no message within 32 s', async () => {
    const clock = new FakeClock();
    const transport = await openTransport({ clock });
    const peer = await openTcpPeer(transport);
    peer.socket.write('\r\n\r\n');
    await peer.received('\r\n');
    clock.advance(32_000);
    await peer.closed;
    expect(transport.counters.dropped).toBe(1);
  });

  it('closes a peer that drips a message for 32 s, but not one whose messages overlap for longer', async () => {
    const clock = new FakeClock();
    const transport = await openTransport({ clock });
    const peer = await openTcpPeer(transport);
    const begin = 'OPTIONS sip:offhook@127.0.0.1 SIP/2.0\r\n';
    const rest = tcpRequest('z9hG4bK-1').slice(begin.length);
    peer.socket.write(begin);
    for (let round = 0; round < 4; round += 1) {
      peer.socket.write(rest + begin);
      await transport.inbox.at(round);
      clock.advance(20_000);
    }
    peer.socket.write('X: 1\r\n');
    clock.advance(11_999);
    expect(transport.counters).toEqual({ accepted: 4, refused: 0, dropped: 0 });
    clock.advance(1);
    await peer.closed;
    expect(transport.counters.dropped).toBe(1);
  });

  it('keeps a registered peer while it is silent for an hour, not longer, and forgets its timers', async () => {
    const clock = new FakeClock();
    const transport = await openTransport({ clock });
    const peer = await openTcpPeer(transport);
    peer.socket.write(tcpRequest('z9hG4bK-1'));
    const { arrival } = await transport.inbox.at(0);
    transport.know(arrival.source);
    clock.advance(3_599_000);
    expect(transport.reliableHop(arrival.source)).toEqual(arrival.source);
    clock.advance(1000);
    await peer.closed;
    expect(clock.pendingTimers).toBe(0);
  });

  it('closes a stranger that is silent for a minute', async () => {
    const clock = new FakeClock();
    const transport = await openTransport({ clock });
    const peer = await openTcpPeer(transport);
    peer.socket.write(tcpRequest('z9hG4bK-1'));
    const { arrival } = await transport.inbox.at(0);
    clock.advance(59_999);
    expect(transport.reliableHop(arrival.source)).toEqual(arrival.source);
    clock.advance(1);
    await peer.closed;
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up a peer that does not read', async () => {
    const { hop } = await listen((socket) => socket.pause());
    const transport = await openTransport({ limits: { backlogBytes: 100_000 } });
    const failure = new Promise<Error>((resolve) => transport.send(Buffer.alloc(60_000), hop, resolve));
    for (let count = 0; count < 200; count += 1) transport.send(Buffer.alloc(60_000), hop);
    expect((await failure).message).toBe('The peer does not read');
  });
});

describe('where connections are short', () => {
  /** A peer whose message has arrived, and where it came from. */
  const heardPeer = async (transport: Awaited<ReturnType<typeof openTransport>>) => {
    const index = transport.inbox.items.length;
    const peer = await openTcpPeer(transport);
    peer.socket.write(tcpRequest(`z9hG4bK-${index}`));
    const { source } = (await transport.inbox.at(index)).arrival;
    return { peer, source, isOpen: () => transport.reliableHop(source) !== undefined };
  };

  /** The same for a phone that registered. */
  const heardPhone = async (transport: Awaited<ReturnType<typeof openTransport>>) => {
    const phone = await heardPeer(transport);
    transport.know(phone.source);
    return phone;
  };

  it('the stranger that was silent for longest gives way, and one line says so', async () => {
    const log = new RecordedLog();
    const clock = new FakeClock();
    const transport = await openTransport({ log, clock, limits: { strangersOfAddress: 2 } });
    const [first, second] = [await heardPeer(transport), await heardPeer(transport)];
    first.peer.socket.write(tcpRequest('z9hG4bK-again'));
    await transport.inbox.at(2);
    const third = await heardPeer(transport);
    await second.peer.closed;
    const fourth = await heardPeer(transport);
    await first.peer.closed;
    expect([third.isOpen(), fourth.isOpen()]).toEqual([true, true]);
    const limit = 'connections of an address';
    const source = '127.0.0.1';
    const begins = { message: 'a limit of the SIP port is met', fields: { limit, source, count: 1, addresses: 1 } };
    expect(log.lines).toEqual([{ level: 'warn', ...begins }]);
  });

  it('phones that registered and peers that were called stay, whatever strangers do', async () => {
    const transport = await openTransport({ limits: { connections: 8 } });
    const phone = await heardPhone(transport);
    const { hop } = await listen();
    transport.send(Buffer.from(tcpRequest('z9hG4bK-ours')), hop);
    const strangers = [];
    for (let count = 0; count < 20; count += 1) strangers.push(await heardPeer(transport));
    await Promise.all(strangers.slice(0, -2).map(({ peer }) => peer.closed));
    expect(strangers.slice(-2).map(({ isOpen }) => isOpen())).toEqual([true, true]);
    expect([phone.isOpen(), transport.reliableHop(hop)]).toEqual([true, hop]);
  });

  it('a peer that brings a request of a dialog of ours stays too', async () => {
    const transport = await openTransport({ limits: { connections: 4 } });
    transport.hasDialog = (tag) => tag === 'ours';
    const peer = await openTcpPeer(transport);
    peer.socket.write(tcpRequest('z9hG4bK-bye').replace('offhook.test>', 'offhook.test>;tag=ours'));
    const { source } = (await transport.inbox.at(0)).arrival;
    for (let count = 0; count < 3; count += 1) await heardPeer(transport);
    expect(transport.reliableHop(source)).toEqual(source);
  });

  it('a call of ours gets one: by the reserve, and else from strangers', async () => {
    const transport = await openTransport({ limits: { connections: 4 } });
    const phones = [await heardPhone(transport), await heardPhone(transport)];
    const stranger = await heardPeer(transport);
    const reached: string[] = [];
    const called = await Promise.all(
      ['reserve', 'stranger'].map((name) =>
        listen(
          (socket) =>
            void watch(socket)
              .received('\r\n')
              .then(() => reached.push(name)),
        ),
      ),
    );
    for (const { hop } of called) {
      transport.send(Buffer.from('hello\r\n'), hop);
      while (transport.reliableHop(hop) === undefined) await new Promise((resolve) => setImmediate(resolve));
    }
    await stranger.peer.closed;
    while (reached.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(reached).toEqual(['reserve', 'stranger']);
    expect(phones.map(({ isOpen }) => isOpen())).toEqual([true, true]);
  });

  it('a new stranger is refused where all others are phones, and our own calls where all have something to do', async () => {
    const transport = await openTransport({ limits: { connections: 4 } });
    for (let count = 0; count < 3; count += 1) await heardPhone(transport);
    await (
      await openTcpPeer(transport)
    ).closed;
    transport.send(Buffer.from('x'), (await listen()).hop);
    const failure = new Promise<Error>((resolve) => {
      transport.send(Buffer.from('x'), { protocol: 'tcp', address: '127.0.0.1', port: 9 }, resolve);
    });
    expect((await failure).message).toBe('Too many connections');
  });

  it('SIP takes no more than half of the files that may be open', async () => {
    const transport = await openTransport({ openFiles: 16 });
    const peers = [];
    for (let count = 0; count < 10; count += 1) peers.push(await heardPeer(transport));
    await Promise.all(peers.slice(0, 8).map(({ peer }) => peer.closed));
    expect(peers.slice(8).map(({ isOpen }) => isOpen())).toEqual([true, true]);
  });
});

describe('connections', () => {
  it('are reused by requests to the same hop, and by requests and responses the other way', async () => {
    const [near, far] = [await openTransport(), await openTransport()];
    near.send(Buffer.from(tcpRequest('z9hG4bK-1')), hopTo(far, 'tcp'));
    near.send(Buffer.from(tcpRequest('z9hG4bK-2')), hopTo(far, 'tcp'));
    await far.inbox.at(1);
    const [first, second] = far.inbox.items;
    expect(second?.arrival.source).toEqual(first?.arrival.source);
    far.send(Buffer.from(tcpRequest('z9hG4bK-3')), first!.arrival.source);
    expect((await near.inbox.at(0)).arrival.source).toEqual(hopTo(far, 'tcp'));
  });

  it('carry a long request only to peers that one stands to', async () => {
    const [near, far] = [await openTransport(), await openTransport()];
    expect(near.reliableHop(hopTo(far, 'udp'))).toBeUndefined();
    near.send(Buffer.from(tcpRequest('z9hG4bK-1')), hopTo(far, 'tcp'));
    await far.inbox.at(0);
    expect(near.reliableHop(hopTo(far, 'udp'))).toEqual(hopTo(far, 'tcp'));
  });

  it('lead responses back, by a new one to sent-by where the old one is gone (RFC 3261 18.2.2)', async () => {
    const transport = await openTransport();
    let answered: (text: string) => void;
    const answer = new Promise<string>((resolve) => (answered = resolve));
    const { hop } = await listen((socket) => void watch(socket).received('late').then(answered));
    const peer = await openTcpPeer(transport);
    peer.socket.write(tcpRequest('z9hG4bK-1', `phone.test:${hop.port}`));
    const { message, arrival } = await transport.inbox.at(0);
    const back = responseHop(message.topVia, arrival);
    transport.send(Buffer.from('early'), back);
    expect(await peer.received('early')).toBe('early');
    peer.socket.destroy();
    while (transport.reliableHop(arrival.source) !== undefined) await new Promise((resolve) => setImmediate(resolve));
    transport.send(Buffer.from('late'), back);
    expect(await answer).toBe('late');
  });

  it('report to everyone who waits that they could not be made', async () => {
    const { hop, server } = await listen();
    await new Promise((resolve) => server.close(resolve));
    const transport = await openTransport();
    const failures = [1, 2].map(
      (count) => new Promise<Error>((resolve) => transport.send(Buffer.from(`request ${count}`), hop, resolve)),
    );
    expect((await Promise.all(failures)).map(({ message }) => message)).toEqual(
      Array(2).fill(`connect ECONNREFUSED 127.0.0.1:${hop.port}`),
    );
  });

  it('report that they broke before the peer said anything, and nothing once it has', async () => {
    const { hop } = await listen((socket) => {
      socket.once('data', () => {
        socket.write(tcpRequest('z9hG4bK-1'));
        socket.once('data', () => socket.resetAndDestroy());
      });
    });
    const transport = await openTransport();
    const failed: string[] = [];
    transport.send(Buffer.from('heard'), hop, () => failed.push('heard'));
    await transport.inbox.at(0);
    await new Promise<void>((resolve) => {
      transport.send(Buffer.from('unheard'), hop, () => {
        failed.push('unheard');
        resolve();
      });
    });
    expect(failed).toEqual(['unheard']);
  });

  it('are given up when the peer cannot be reached within 10 s', async () => {
    const clock = new FakeClock();
    const { hop } = await listen();
    const transport = await openTransport({ clock });
    const failure = new Promise<Error>((resolve) => transport.send(Buffer.from('x'), hop, resolve));
    clock.advance(10_000);
    expect((await failure).message).toBe('The peer cannot be reached');
  });

  it('end with the transport, after what was written has left', async () => {
    const transport = await openTransport();
    const peer = await openTcpPeer(transport);
    peer.socket.write(tcpRequest('z9hG4bK-1'));
    const { arrival } = await transport.inbox.at(0);
    transport.send(Buffer.from('goodbye'), arrival.source);
    await transport.close();
    expect(await peer.received('goodbye')).toBe('goodbye');
    await peer.closed;
    await expect(openTcpPeer(transport)).rejects.toThrow();
    expect(portOf(transport)).toBeGreaterThan(0);
  });
});

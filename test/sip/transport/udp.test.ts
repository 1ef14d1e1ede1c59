import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/shared/clock.ts';
import { createSystemIds } from '../../../src/shared/ids.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { createResponse } from '../../../src/sip/message/create-response.ts';
import type { SipRequest } from '../../../src/sip/message/message.ts';
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts';
import { ListenError } from '../../../src/sip/transport/errors.ts';
import { responseHop } from '../../../src/sip/transport/response-hop.ts';
import { closeAll, hopTo, openTransport, openUdpPeer, portOf, requestText } from './socket-stage.ts';

afterEach(closeAll);

describe('listening', () => {
  it('gives UDP and TCP the same free port', async () => {
    const { listeners } = await openTransport();
    expect(listeners.map(({ protocol, host }) => `${protocol} ${host}`)).toEqual(['udp 127.0.0.1', 'tcp 127.0.0.1']);
    expect(listeners[0]?.port).toBeGreaterThan(0);
    expect(listeners[1]?.port).toBe(listeners[0]?.port);
  });

  it.each(['udp', 'tcp'] as const)('says which %s address is taken, and leaves nothing open', async (protocol) => {
    const first = await openTransport();
    const taken = { protocol, host: '127.0.0.1', port: portOf(first) };
    const free = createSocket('udp4').bind(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address();
    free.close();
    const attempt = openTransport({ listeners: [{ protocol: 'udp', host: '127.0.0.1', port }, taken] });
    await expect(attempt).rejects.toBeInstanceOf(ListenError);
    await expect(attempt).rejects.toThrow(`${protocol} 127.0.0.1:${taken.port} is taken by another program`);
    const again = createSocket('udp4').bind(port, '127.0.0.1');
    await once(again, 'listening');
    again.close();
  });

  it('closes twice without complaint, and frees the port', async () => {
    const first = await openTransport();
    const listeners = [{ protocol: 'udp', host: '127.0.0.1', port: portOf(first) }] as const;
    await Promise.all([first.close(), first.close()]);
    expect(portOf(await openTransport({ listeners }))).toBe(listeners[0].port);
  });

  it('shows peers the advertised host, else one that they can reach', async () => {
    const anywhere = [{ protocol: 'udp', host: '0.0.0.0', port: 0 }] as const;
    const hop = { protocol: 'udp', address: '127.0.0.1', port: 5060 } as const;
    const wildcard = await openTransport({ listeners: anywhere });
    expect(wildcard.localFor(hop)).toEqual({ protocol: 'udp', host: '127.0.0.1', port: portOf(wildcard) });
    expect(wildcard.localFor({ ...hop, address: '192.0.2.1' }).host).not.toBe('0.0.0.0');
    const advertised = await openTransport({ listeners: anywhere, advertise: 'pbx.example.com' });
    expect(advertised.localFor(hop).host).toBe('pbx.example.com');
    const sixth = await openTransport({ listeners: [{ protocol: 'udp', host: '::1', port: 0 }] });
    expect(sixth.localFor({ ...hop, address: '::1' }).host).toBe('[::1]');
  });
});

describe('UDP', () => {
  it('notes received and rport in the top Via alone (RFC 3581)', async () => {
    const transport = await openTransport();
    const peer = await openUdpPeer();
    const via = 'Via: SIP/2.0/UDP 10.1.1.1:5070;branch=z9hG4bK-1;rport, SIP/2.0/UDP 10.2.2.2;branch=z9hG4bK-0';
    peer.send(requestText({ via }), transport);
    peer.send(requestText({ via: 'Via: SIP/2.0/UDP phone.test;branch=z9hG4bK-2' }), transport);
    peer.send(requestText({ via: 'Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-3' }), transport);
    await transport.inbox.at(2);
    expect(transport.inbox.items.map(({ message }) => message.headers.get('via'))).toEqual([
      `SIP/2.0/UDP 10.1.1.1:5070;branch=z9hG4bK-1;received=127.0.0.1;rport=${peer.port}, SIP/2.0/UDP 10.2.2.2;branch=z9hG4bK-0`,
      'SIP/2.0/UDP phone.test;branch=z9hG4bK-2;received=127.0.0.1',
      'SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-3',
    ]);
    const hops = transport.inbox.items.map(({ message, arrival }) => responseHop(message.topVia, arrival).port);
    expect(hops).toEqual([peer.port, 5060, 5060]);
    expect(transport.inbox.items[0]?.arrival).toEqual({
      source: { protocol: 'udp', address: '127.0.0.1', port: peer.port },
      local: { protocol: 'udp', host: '127.0.0.1', port: portOf(transport) },
    });
  });

  it.each([
    ['a request without Via', requestText({ via: 'X-Via: none' }), 'dropped'],
    ['416', requestText({ uri: 'http://offhook.test' }), '416 Unsupported URI Scheme'],
    ['505', requestText().replace('SIP/2.0\r\n', 'SIP/3.0\r\n'), '505 Version Not Supported'],
    ['400', requestText().replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE'), '400 CSeq Method Mismatch'],
    ['an ACK', requestText({ method: 'ACK' }).replace('CSeq: 1 ACK', 'CSeq: 1 INVITE'), 'dropped'],
    ['a response', 'SIP/2.0 200 OK\r\nVia: nonsense\r\n\r\n', 'dropped'],
    ['no SIP', 'GET / HTTP/1.1\r\nHost: offhook\r\n\r\n', 'dropped'],
  ])('answers what can be answered and drops the rest: %s', async (_name, text, verdict) => {
    const transport = await openTransport();
    const peer = await openUdpPeer();
    peer.send(text, transport);
    peer.send(requestText({ uri: 'mailto:end@of.test', branch: 'z9hG4bK-end' }), transport);
    const refused = verdict === 'dropped' ? 1 : 2;
    const answer = await peer.inbox.at(refused - 1);
    expect(transport.counters).toEqual({ accepted: 0, refused, dropped: 2 - refused });
    if (refused === 2) expect(peer.inbox.items[0]).toMatch(new RegExp(`^SIP/2\\.0 ${verdict}\\r\\n`));
    expect(answer).toMatch(/^SIP\/2\.0 416 .*\r\n/);
    expect(answer).toMatch(/\r\nTo: <sip:offhook@offhook\.test>;tag=[\w-]{16}\r\n/);
    expect(answer).toContain(`;branch=z9hG4bK-end;received=127.0.0.1;rport=${peer.port}\r\n`);
    expect(transport.inbox.items).toEqual([]);
  });

  it('takes no notice of keep-alives, empty datagrams and line breaks', async () => {
    const transport = await openTransport();
    const peer = await openUdpPeer();
    for (const nothing of ['\r\n\r\n', '\r\n', '\0\0\0\0', '']) peer.send(nothing, transport);
    peer.send(requestText(), transport);
    await transport.inbox.at(0);
    expect(transport.counters).toEqual({ accepted: 1, refused: 0, dropped: 0 });
  });

  it('answers from the listener that the request came to', async () => {
    const listener = { protocol: 'udp', host: '127.0.0.1', port: 0 } as const;
    const transport = await openTransport({ listeners: [listener, listener] });
    const client = await openTransport();
    const second = transport.listeners[1]!;
    client.send(Buffer.from(requestText()), { protocol: 'udp', address: '127.0.0.1', port: second.port });
    const { message, arrival } = await transport.inbox.at(0);
    expect(arrival.local.port).toBe(second.port);
    const response = createResponse(message as SipRequest, 200, { toTag: 'a' });
    const text = `SIP/2.0 200 OK\r\nVia: ${response.headers.get('via') ?? ''}\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n`;
    transport.send(Buffer.from(text), responseHop(message.topVia, arrival));
    expect((await client.inbox.at(0)).arrival.source.port).toBe(second.port);
    expect(transport.localFor(arrival.source).port).toBe(second.port);
  });

  it('reports what the system refuses, never within the call, and never throws', async () => {
    const transport = await openTransport();
    const errors: Error[] = [];
    const failed = (hop: { protocol: 'udp'; address: string; port: number }, data: Buffer) =>
      new Promise<void>((resolve) => {
        transport.send(data, hop, (error) => {
          errors.push(error);
          resolve();
        });
        expect(errors).toEqual([]);
      }).then(() => errors.splice(0));
    const hop = { protocol: 'udp', address: '127.0.0.1', port: 5060 } as const;
    expect(await failed({ ...hop, port: 0 }, Buffer.from('x'))).toHaveLength(1);
    expect(await failed(hop, Buffer.alloc(70_000))).toHaveLength(1);
    expect(await failed({ ...hop, address: '::1' }, Buffer.from('x'))).toHaveLength(1);
    transport.send(Buffer.from('x'), { ...hop, port: 0 });
    await transport.close();
    expect(await failed(hop, Buffer.from('x'))).toHaveLength(1);
  });

  it('still answers OPTIONS after thousands of garbage datagrams', async () => {
    const transport = await openTransport();
    const layer = new TransactionLayer({ transport, clock: systemClock, ids: createSystemIds(), log: silentLog });
    layer.user = {
      onRequest: (transaction) => transaction.respond(createResponse(transaction.request, 200, { toTag: 'a' })),
      onAck: () => undefined,
    };
    const peer = await openUdpPeer();
    const sound = Buffer.from(requestText({ extra: ['Contact: <sip:bob@10.0.0.1>'], body: 'v=0\r\n' }));
    for (let round = 0; round < 3000; round += 1) {
      const damaged = Buffer.from(sound);
      const noise = randomBytes(8);
      for (let at = 0; at < 4; at += 1) damaged[noise.readUInt16LE(2 * at) % damaged.length] = noise[at]!;
      const cut = damaged.subarray(0, round % 3 === 0 ? round % damaged.length : damaged.length);
      peer.send(round % 5 === 0 ? randomBytes(round % 1400) : cut, transport);
      if (round % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    peer.send(requestText({ branch: 'z9hG4bK-after-all' }), transport);
    let index = 0;
    for (let text = ''; !text.includes('z9hG4bK-after-all'); index += 1) text = await peer.inbox.at(index);
    expect(peer.inbox.items[index - 1]).toMatch(/^SIP\/2\.0 200 OK\r\n/);
    expect(transport.counters.dropped).toBeGreaterThan(300);
    layer.close();
  });

  it('carries two thousand requests in a burst', async () => {
    const [transport, client] = [await openTransport(), await openTransport()];
    const hop = hopTo(transport, 'udp');
    for (let index = 0; index < 2000; index += 1) {
      client.send(Buffer.from(requestText({ branch: `z9hG4bK-${index}` })), hop);
    }
    await transport.inbox.at(1999);
    expect(transport.counters).toEqual({ accepted: 2000, refused: 0, dropped: 0 });
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import type { RtpEndpointOptions } from '../../src/media/rtp-endpoint.ts';
import { RtpEndpoint } from '../../src/media/rtp-endpoint.ts';
import type { RtpPacket } from '../../src/media/rtp-packet.ts';
import { buildRtpPacket } from '../../src/media/rtp-packet.ts';
import { toneFrames } from '../../src/media/tones.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { UdpPeer, until } from './udp-peer.ts';

const PCMU = 0;
const PCMA = 8;
const TELEPHONE_EVENT = 101;
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const openEndpoint = async (options: Partial<RtpEndpointOptions> = {}): Promise<RtpEndpoint> => {
  const defaults = { host: '127.0.0.1', clock: new FakeClock(), ids: createSystemIds(), log: silentLog };
  const endpoint = await RtpEndpoint.open({ ...defaults, ...options });
  open.push(endpoint);
  return endpoint;
};

const openPeer = async (): Promise<UdpPeer> => {
  const peer = await UdpPeer.open();
  open.push(peer);
  return peer;
};

const speech = (change: Partial<RtpPacket> = {}): Buffer =>
  buildRtpPacket({
    marker: false,
    payloadType: PCMU,
    sequence: 100,
    timestamp: 16_000,
    ssrc: 7,
    payload: Buffer.alloc(160, 0x55),
    ...change,
  });

interface EventPacket {
  readonly code: number;
  readonly timestamp: number;
  readonly duration: number;
  readonly end?: 'end';
  readonly ssrc?: number;
}

const eventPacket = ({ code, timestamp, duration, end, ssrc = 7 }: EventPacket): Buffer =>
  speech({
    payloadType: TELEPHONE_EVENT,
    timestamp,
    ssrc,
    payload: Buffer.from([code, (end === undefined ? 0 : 0x80) | 10, duration >> 8, duration & 0xff]),
  });

/** A key press as phones send it: a packet every 20 ms, the last one three times (RFC 4733 section 2.5.1.4). */
const keyPress = (code: number, timestamp: number): Buffer[] => [
  ...[160, 320, 480].map((duration) => eventPacket({ code, timestamp, duration })),
  ...[640, 640, 640].map((duration) => eventPacket({ code, timestamp, duration, end: 'end' })),
];

describe('RtpEndpoint', () => {
  it('counts what it hears, and from where', async () => {
    const [endpoint, peer] = [await openEndpoint(), await openPeer()];
    expect(endpoint.stats()).toMatchObject({ packetsReceived: 0, source: undefined });
    await peer.send(speech(), endpoint.port);
    await peer.send(speech({ payload: Buffer.alloc(80) }), endpoint.port);
    await peer.send(Buffer.from('not RTP'), endpoint.port);
    await until(() => endpoint.stats().packetsDiscarded === 1);
    expect(endpoint.stats()).toEqual({
      packetsSent: 0,
      packetsReceived: 2,
      bytesReceived: 240,
      packetsDiscarded: 1,
      source: peer.to,
    });
  });

  it('sends its source to where the SDP says, 50 packets a second, and changes both when told', async () => {
    const clock = new FakeClock();
    const [endpoint, phone, other] = [
      await openEndpoint({ clock, send: 'silence' }),
      await openPeer(),
      await openPeer(),
    ];
    expect(clock.pendingTimers).toBe(0);
    endpoint.connect({ to: phone.to, payloadType: PCMA });
    await clock.advanceAsync(1000);
    const silence = await phone.take(50);
    expect(silence.every(({ payload }) => payload.every((code) => code === 0xd5))).toBe(true);
    expect(silence[49]!.timestamp).toBe((silence[0]!.timestamp + 49 * 160) >>> 0);
    endpoint.send('busy');
    endpoint.connect({ to: other.to, payloadType: PCMU });
    await clock.advanceAsync(40);
    const busy = await other.take(2);
    expect(busy.map(({ payload }) => [...payload])).toEqual(
      toneFrames('us', 'busy', PCMU)
        .slice(0, 2)
        .map((frame) => [...frame]),
    );
    endpoint.connect({ to: { address: '0.0.0.0', port: other.to.port }, payloadType: PCMU });
    await clock.advanceAsync(40);
    expect(endpoint.stats().packetsSent).toBe(52);
    endpoint.send('none');
    expect(clock.pendingTimers).toBe(0);
    expect([await phone.settled(), await other.settled()]).toEqual([0, 0]);
  });

  it('sends to where the latest packet came from when the SDP names no address', async () => {
    const clock = new FakeClock();
    const [endpoint, phone, moved] = [
      await openEndpoint({ clock, send: 'ringback' }),
      await openPeer(),
      await openPeer(),
    ];
    endpoint.connect({ payloadType: PCMU });
    await clock.advanceAsync(100);
    expect(endpoint.stats().packetsSent).toBe(0);
    for (const peer of [phone, moved]) {
      await peer.send(speech(), endpoint.port);
      await until(() => endpoint.stats().source?.port === peer.to.port);
      await clock.advanceAsync(60);
      await peer.take(3);
    }
    expect(await phone.settled()).toBe(0);
  });

  it('echoes what it hears as a stream of its own, gaps and order kept', async () => {
    const [endpoint, phone] = [await openEndpoint({ send: 'echo' }), await openPeer()];
    await phone.send(speech(), endpoint.port);
    await until(() => endpoint.stats().packetsReceived === 1);
    endpoint.connect({ to: phone.to, payloadType: PCMU });
    const heard = [
      { sequence: 0xfffe, timestamp: 0xffffff00, marker: true, payload: Buffer.from('one') },
      { sequence: 0xffff, timestamp: 0xffffffa0, payload: Buffer.from('two') },
      { sequence: 2, timestamp: 0x140, payload: Buffer.from('after a loss') },
      { sequence: 1, timestamp: 0xa0, payload: Buffer.from('late'), payloadType: TELEPHONE_EVENT },
      { sequence: 9, timestamp: 0x500, payload: Buffer.from('another source'), ssrc: 8 },
    ];
    for (const packet of heard) await phone.send(speech(packet), endpoint.port);
    const echoed = await phone.take(5);
    expect(echoed.map(({ payload }) => Buffer.from(payload).toString())).toEqual(
      heard.map(({ payload }) => payload.toString()),
    );
    expect(echoed.map(({ payloadType }) => payloadType)).toEqual([PCMU, PCMU, PCMU, TELEPHONE_EVENT, PCMU]);
    expect(echoed.map(({ marker }) => marker)).toEqual([true, false, false, false, false]);
    const [first] = echoed;
    expect(echoed.map(({ sequence }) => (sequence - first!.sequence) & 0xffff)).toEqual([0, 1, 4, 3, 4]);
    expect(echoed.map(({ timestamp }) => (timestamp - first!.timestamp) >>> 0)).toEqual([0, 160, 576, 416, 430]);
    expect(new Set(echoed.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect([7, 8]).not.toContain(first!.ssrc);
  });

  it('ends the storm of two echoes that face each other', async () => {
    const [one, two, phone] = [
      await openEndpoint({ send: 'echo' }),
      await openEndpoint({ send: 'echo' }),
      await openPeer(),
    ];
    one.connect({ to: two, payloadType: PCMU });
    two.connect({ to: one, payloadType: PCMU });
    await phone.send(speech(), one.port);
    await until(() => one.stats().packetsReceived > 200);
    await phone.settled();
    expect([one.stats().packetsSent, two.stats().packetsSent]).toEqual([200, 200]);
  });

  it('tells a digit once per key press, whatever is repeated, lost or overtaken', async () => {
    const [endpoint, phone] = [await openEndpoint({ send: 'none' }), await openPeer()];
    const digits: string[] = [];
    endpoint.on('digit', (digit) => digits.push(digit));
    endpoint.connect({ to: phone.to, payloadType: PCMU, telephoneEventPayloadType: TELEPHONE_EVENT });
    const presses = [
      ...keyPress(1, 0xffff0000),
      ...keyPress(1, 0xffff2000),
      ...keyPress(11, 0xffff4000).slice(-1), // all but the last packet lost
      ...keyPress(1, 0xffff2000).slice(-1), // overtaken by the next event
      ...keyPress(10, 0xffffff00),
      ...keyPress(15, 0x1000), // the timestamp has wrapped
      ...keyPress(16, 0x2000), // flash, no digit
      ...keyPress(3, 0xfff00000), // the sender has set its clock anew
      ...keyPress(0, 0x3000).map((packet) => packet.fill(0, 8, 12)), // another source
      speech({ payloadType: TELEPHONE_EVENT, payload: Buffer.from([1]) }),
      ...keyPress(2, 0x5000).map((packet) => packet.fill(PCMU, 1, 2)), // speech
    ];
    for (const packet of presses) await phone.send(packet, endpoint.port);
    await until(() => endpoint.stats().packetsReceived === presses.length);
    expect(digits.join('')).toBe('11#*D30');
  });

  it('takes the segments of a very long key press for one', async () => {
    const [endpoint, phone] = [await openEndpoint(), await openPeer()];
    const digits: string[] = [];
    endpoint.on('digit', (digit) => digits.push(digit));
    endpoint.connect({ to: phone.to, payloadType: PCMU, telephoneEventPayloadType: TELEPHONE_EVENT });
    const packets = [
      eventPacket({ code: 5, timestamp: 1000, duration: 0xff00 }),
      eventPacket({ code: 5, timestamp: 1000, duration: 0xffff }),
      eventPacket({ code: 5, timestamp: 1000 + 0xffff, duration: 160 }),
      eventPacket({ code: 5, timestamp: 1000 + 0xffff, duration: 320, end: 'end' }),
      eventPacket({ code: 5, timestamp: 1000 + 0xffff + 320, duration: 160 }),
    ];
    for (const packet of packets) await phone.send(packet, endpoint.port);
    await until(() => endpoint.stats().packetsReceived === packets.length);
    expect(digits).toEqual(['5', '5']);
  });

  it('closes twice, leaves no timer, and frees its port', async () => {
    const clock = new FakeClock();
    const [endpoint, phone] = [await openEndpoint({ clock, send: 'ringback' }), await openPeer()];
    endpoint.connect({ to: phone.to, payloadType: PCMU });
    expect(clock.pendingTimers).toBe(1);
    await Promise.all([endpoint.close(), endpoint.close()]);
    endpoint.send('busy');
    endpoint.connect({ to: phone.to, payloadType: PCMU });
    expect(clock.pendingTimers).toBe(0);
    expect((await openEndpoint({ port: endpoint.port })).port).toBe(endpoint.port);
  });
});

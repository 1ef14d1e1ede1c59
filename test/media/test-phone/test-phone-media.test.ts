import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { mosOf, ratingOf } from '../../../src/media/analysis/e-model.ts';
import { buildRtpPacket, parseRtpPacket } from '../../../src/media/rtp-packet.ts';
import type { TestPhoneMedia, TestPhonePort } from '../../../src/media/test-phone/test-phone-media.ts';
import { openTestPhoneMedia } from '../../support/test-phone-media.ts';
import { seeded } from '../signals.ts';
import { UdpPeer, until } from '../udp-peer.ts';

const PCMU = 0;
const PCMA = 8;
const TELEPHONE_EVENT = 101;
const open: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const openMedia = (): TestPhoneMedia => {
  const media = openTestPhoneMedia();
  open.push(media);
  return media;
};

const openPeer = async (): Promise<UdpPeer> => {
  const peer = await UdpPeer.open();
  open.push(peer);
  return peer;
};

/** Two test phones that talk to each other, and both were answered. */
const connected = async (): Promise<readonly [TestPhonePort, TestPhonePort]> => {
  const media = openMedia();
  const [a, b] = [await media.open(), await media.open()];
  const peer = { payloadType: PCMA, telephoneEventPayloadType: TELEPHONE_EVENT } as const;
  a.connect({ to: b, ...peer });
  b.connect({ to: a, ...peer });
  a.answered();
  b.answered();
  return [a, b];
};

/** What comes to it goes on to another port. */
const openRelay = async (to: () => number): Promise<UdpPeer['to']> => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (datagram) => socket.send(datagram, to(), '127.0.0.1'));
  open.push({ close: () => new Promise<void>((resolve) => socket.close(() => resolve())) });
  return { address: '127.0.0.1', port: socket.address().port };
};

const audioPacket = (sequence: number, ssrc = 1): Buffer =>
  buildRtpPacket({
    ...{ marker: false, ssrc, sequence, timestamp: 160 * sequence },
    ...{ payloadType: PCMU, payload: new Uint8Array(160) },
  });

describe('test phones over loopback', () => {
  it('hear each other: a tone within 2 Hz on one side, silence on the other', async () => {
    const [a, b] = await connected();
    await a.send({ kind: 'tone', hz: 1337, ms: 1500 });
    const [ofA, ofB] = await Promise.all([a.finish(), b.finish()]);

    expect(ofB).toMatchObject({ audio: 'tone' });
    expect(Math.abs(ofB!.toneHz! - 1337)).toBeLessThanOrEqual(2);
    expect(ofA).toMatchObject({ audio: 'silence', toneHz: null, echoDelayMs: null });
  });

  it('hear every key once, in order', async () => {
    const [a, b] = await connected();
    const heard: string[] = [];
    b.on('digit', (digit) => heard.push(digit));
    await a.send({ kind: 'digits', digits: '0119*#AD' });
    await until(() => heard.length >= 8);

    expect(heard.join('')).toBe('0119*#AD');
  });

  it('find their echo', async () => {
    const [media, elsewhere] = [openMedia(), await openPeer()];
    const [port, other] = [await media.open(), await media.open()];
    const relay = await openRelay(() => port.port);
    port.connect({ to: relay, payloadType: PCMU });
    port.answered();
    await port.send({ kind: 'probe' });
    // Both are driven by one ticker: three seconds of frames have left the one when they have left the other.
    other.connect({ to: elsewhere.to, payloadType: PCMU });
    await other.send({ kind: 'tone', hz: 400, ms: 3000 });

    expect(await port.finish()).toMatchObject({ audio: 'echo', toneHz: null, echoDelayMs: expect.any(Number) });
  });

  it('tell the loss on the way within half a point, and the MOS of the formula', async () => {
    const [media, peer] = [openMedia(), await openPeer()];
    const port = await media.open();
    const heard = new Promise<void>((resolve) => port.on('digit', () => resolve()));
    port.connect({ payloadType: PCMU, telephoneEventPayloadType: TELEPHONE_EVENT });
    port.answered();
    const random = seeded(11);
    // RTP cannot tell of a loss at the ends. Sent at once: how fast the machine is makes none of them late.
    const sent = Array.from({ length: 200 }, (_, index) => index);
    const came = sent.filter((index) => index === 0 || index === 199 || random() >= 0.08);
    const packet = { marker: false, ssrc: 1, payloadType: PCMU, payload: new Uint8Array(160) };
    const key = { ...packet, payloadType: TELEPHONE_EVENT, payload: Uint8Array.of(1, 0, 0, 160) };
    await Promise.all(
      came.map((sequence) => {
        const parts = sequence === 199 ? key : packet;
        return peer.send(buildRtpPacket({ ...parts, sequence, timestamp: 160 * sequence }), port.port);
      }),
    );
    await heard;
    const measured = await port.finish();
    const injected = (100 * (sent.length - came.length)) / sent.length;

    expect(injected).toBeGreaterThan(4);
    expect(Math.abs(measured!.lossPercent! - injected)).toBeLessThanOrEqual(0.5);
    const formula = mosOf(ratingOf({ lossPercent: injected, oneWayDelayMs: 130 }));
    expect(Math.abs(measured!.mos! - formula)).toBeLessThanOrEqual(0.15);
  });
});

describe('a test phone', () => {
  it('sends audio and keys as one stream: one SSRC, no gap in the sequence, one line of timestamps', async () => {
    const [media, peer] = [openMedia(), await openPeer()];
    const port = await media.open();
    port.connect({ to: peer.to, payloadType: PCMU, telephoneEventPayloadType: TELEPHONE_EVENT });
    await port.send({ kind: 'digits', digits: '5' });
    await until(() => peer.datagrams.length >= 13);
    const packets = peer.datagrams.map((datagram) => parseRtpPacket(datagram)!);
    const keys = packets.filter(({ payloadType }) => payloadType === TELEPHONE_EVENT);

    expect(new Set(packets.map(({ ssrc }) => ssrc)).size).toBe(1);
    packets.forEach(({ sequence }, index) => expect(sequence).toBe((packets[0]!.sequence + index) & 0xffff));
    // 160 ms of 20 ms each, and the last one three times.
    expect(keys).toHaveLength(10);
    expect(new Set(keys.map(({ timestamp }) => timestamp)).size).toBe(1);
    expect(keys.map(({ marker }) => marker)).toEqual([true, ...Array<boolean>(9).fill(false)]);
    expect(keys.slice(-3).map(({ payload }) => [...payload])).toEqual(Array(3).fill([5, 0x8a, 5, 0]));
  });

  it('goes on with its stream at a new address and in a new codec', async () => {
    const [media, first, second] = [openMedia(), await openPeer(), await openPeer()];
    const port = await media.open();
    port.connect({ to: first.to, payloadType: PCMU });
    const [before] = await first.take(1);
    port.connect({ to: second.to, payloadType: PCMA });
    const [after] = await second.take(1);

    expect(after).toMatchObject({ ssrc: before!.ssrc, payloadType: PCMA });
    const steps = (after!.sequence - before!.sequence) & 0xffff;
    expect(steps).toBeGreaterThan(0);
    expect((after!.timestamp - before!.timestamp) >>> 0).toBeGreaterThanOrEqual(160 * steps);
  });

  it('keeps what it hears of a peer within floods, enormous packets and what is no RTP', async () => {
    const [media, peer] = [openMedia(), await openPeer()];
    const port = await media.open();
    const audio = new Promise<void>((resolve) => port.on('audio', resolve));
    port.connect({ to: { address: '::1', port: 9 }, payloadType: PCMU, telephoneEventPayloadType: TELEPHONE_EVENT });
    port.answered();
    await peer.send(Buffer.from('no RTP'), port.port);
    const payload = new Uint8Array(60_000);
    const packet = { marker: false, payloadType: PCMU, timestamp: 0, ssrc: 1, payload };
    for (let sequence = 0; sequence < 2000; sequence += 1) {
      await peer.send(buildRtpPacket({ ...packet, sequence }), port.port);
    }
    await audio;

    expect(await port.finish()).toMatchObject({ audio: expect.any(String) });
    expect((await media.open()).port).toBeGreaterThan(0);
  });

  it('has nothing to tell where nothing came, and finishes once', async () => {
    const port = await openMedia().open();
    port.answered();
    const finished = port.finish();

    expect(port.finish()).toBe(finished);
    expect(await finished).toBeUndefined();
    await port.send({ kind: 'digits', digits: '1' });
  });

  it('are heard behind NAT, where the audio comes from, and again from a new place after a new answer', async () => {
    const media = openMedia();
    const [port, first, second, stranger] = [await media.open(), await openPeer(), await openPeer(), await openPeer()];
    const learning = { payloadType: PCMU, learnsFrom: ['127.0.0.1'] } as const;
    port.connect(learning);
    port.answered();
    for (const peer of [first, second]) {
      for (let sequence = 0; sequence < 5; sequence += 1) await peer.send(audioPacket(sequence), port.port);
      expect(await peer.take(3)).toHaveLength(3);
      // What it has found it holds, whoever sends next.
      for (let sequence = 0; sequence < 50; sequence += 1) await stranger.send(audioPacket(sequence, 2), port.port);
      expect(await peer.take(3)).toHaveLength(3);
      port.connect(learning);
    }
    expect(stranger.datagrams).toHaveLength(0);
    await port.finish();
  });

  it('send nothing where nothing may be learned', async () => {
    const [media, peer, other] = [openMedia(), await openPeer(), await openPeer()];
    const [held, port] = [await media.open(), await media.open()];
    held.connect({ payloadType: PCMU });
    for (let sequence = 0; sequence < 10; sequence += 1) await peer.send(audioPacket(sequence), held.port);
    // Both are driven by one ticker.
    port.connect({ payloadType: PCMU, to: other.to });
    await other.take(10);
    expect(await peer.settled()).toBe(0);
  });

  it('fails with its threads, and no port opens after the end', async () => {
    const media = openMedia();
    const port = await media.open();
    await Promise.all([media.close(), media.close()]);

    await expect(port.finish()).rejects.toMatchObject({ code: 'media_thread_lost' });
    await expect(media.open()).rejects.toMatchObject({ code: 'no_media_port' });
  });
});

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { MediaPortOptions } from '../../src/media/media-port.ts';
import { MediaPort } from '../../src/media/media-port.ts';
import type { RtpPacket } from '../../src/media/rtp-packet.ts';
import { buildRtpPacket } from '../../src/media/rtp-packet.ts';
import { toneFrames } from '../../src/media/tones.ts';
import type { IdSource } from '../../src/shared/ids.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { UdpPeer } from './udp-peer.ts';

const PCMU = 0;
const PCMA = 8;
const systemIds = createSystemIds();
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const keep = <Closable extends { close(): Promise<void> }>(closable: Closable): Closable => {
  open.push(closable);
  return closable;
};

const openPort = async (options: Partial<MediaPortOptions> = {}): Promise<MediaPort> =>
  keep(
    await MediaPort.open({
      host: '127.0.0.1',
      clock: new FakeClock(),
      ids: systemIds,
      log: silentLog,
      ...options,
    }),
  );

const openPeer = async (): Promise<UdpPeer> => keep(await UdpPeer.open());

const steps = (values: readonly number[], size: number): Set<number> =>
  new Set(values.slice(1).map((value, index) => (value - values[index]! + size) % size));

const expectOneStream = (packets: readonly RtpPacket[]): void => {
  expect(new Set(packets.map(({ ssrc }) => ssrc)).size).toBe(1);
  expect(
    steps(
      packets.map(({ sequence }) => sequence),
      2 ** 16,
    ),
  ).toEqual(new Set([1]));
  expect(
    steps(
      packets.map(({ timestamp }) => timestamp),
      2 ** 32,
    ),
  ).toEqual(new Set([160]));
  expect(packets.findLastIndex(({ marker }) => marker)).toBe(0);
};

describe('MediaPort', () => {
  it('sends 50 packets a second of one stream, through the pause of the cadence and around its end', async () => {
    const clock = new FakeClock();
    const [port, peer] = [await openPort({ clock }), await openPeer()];
    port.play({ to: peer.to, payloadType: PCMU, tone: 'ringback' });
    const packets: RtpPacket[] = [];
    for (let second = 0; second < 7; second += 1) {
      await clock.advanceAsync(1000);
      packets.push(...(await peer.take(50)));
    }
    expect(await peer.settled()).toBe(0);
    expectOneStream(packets);
    const frames = toneFrames('us', 'ringback', PCMU);
    const expected = packets.map((_, index) => Buffer.from(frames[index % 300]!));
    expect(Buffer.concat(packets.map(({ payload }) => payload)).equals(Buffer.concat(expected))).toBe(true);
    expect(new Set(packets.map(({ payloadType }) => payloadType))).toEqual(new Set([PCMU]));
  });

  it('starts where the source of randomness says, and wraps sequence and timestamp', async () => {
    const ids: IdSource = { random: (bits) => Buffer.alloc(bits / 8, 0xff).toString('base64url') };
    const clock = new FakeClock();
    const [port, peer] = [await openPort({ clock, ids, tonePlan: 'eu' }), await openPeer()];
    port.play({ to: peer.to, payloadType: PCMA, tone: 'busy' });
    await clock.advanceAsync(40);
    const [first, second] = await peer.take(2);
    expect(first).toMatchObject({ marker: true, sequence: 0xffff, timestamp: 0xffffffff, ssrc: 0xffffffff });
    expect(second).toMatchObject({ marker: false, sequence: 0, timestamp: 159, payloadType: PCMA });
    expect([...second!.payload]).toEqual([...toneFrames('eu', 'busy', PCMA)[1]!]);
  });

  it('drives hundreds of playbacks from one socket and one timer, each a stream of its own', async () => {
    const clock = new FakeClock();
    const port = await openPort({ clock });
    const peers = await Promise.all(Array.from({ length: 10 }, openPeer));
    const playbacks = peers.flatMap(({ to }) =>
      Array.from({ length: 40 }, () => port.play({ to, payloadType: PCMU, tone: 'ringback' })),
    );
    expect(clock.pendingTimers).toBe(1);
    await clock.advanceAsync(200);
    const received = (await Promise.all(peers.map((peer) => peer.take(400)))).flat();
    const streams = new Map<number, RtpPacket[]>();
    for (const packet of received) streams.set(packet.ssrc, [...(streams.get(packet.ssrc) ?? []), packet]);
    expect(streams.size).toBe(400);
    for (const packets of streams.values()) expectOneStream(packets);
    playbacks.slice(1).forEach((playback) => playback.stop());
    expect([port.playing, clock.pendingTimers]).toEqual([1, 1]);
    playbacks[0]!.stop();
    playbacks[0]!.stop();
    expect([port.playing, clock.pendingTimers]).toEqual([0, 0]);
    await clock.advanceAsync(100);
    expect(await peers[0]!.settled()).toBe(0);
  });

  it('sends nothing for a playback stopped before its first frame, and starts again after it', async () => {
    const clock = new FakeClock();
    const random = jest.fn((bits: number) => systemIds.random(bits));
    const [port, peer] = [await openPort({ clock, ids: { random } }), await openPeer()];
    for (let call = 0; call < 1000; call += 1) {
      port.play({ to: peer.to, payloadType: PCMU, tone: 'ringback' }).stop();
      expect(clock.pendingTimers).toBe(0);
    }
    expect(random).not.toHaveBeenCalled();
    port.play({ to: peer.to, payloadType: PCMU, tone: 'busy' });
    await clock.advanceAsync(20);
    expect(await peer.settled()).toBe(1);
  });

  it('keeps its pace when every timer fires late', async () => {
    const clock = new FakeClock();
    const late = {
      elapsed: () => clock.elapsed(),
      setTimer: (delay: number, task: () => void) => clock.setTimer(delay + 7, task),
    };
    const [port, peer] = [await openPort({ clock: late }), await openPeer()];
    port.play({ to: peer.to, payloadType: PCMU, tone: 'ringback' });
    await clock.advanceAsync(1010);
    expect(await peer.settled()).toBe(50);
    expectOneStream(await peer.take(50));
  });

  it('gives up what is later than 100 ms: timestamps go on, the sequence has no gap', async () => {
    const clock = new FakeClock();
    let standstill = 0;
    const late = {
      elapsed: () => clock.elapsed() + standstill,
      setTimer: (delay: number, task: () => void) => clock.setTimer(delay, task),
    };
    const [port, peer] = [await openPort({ clock: late }), await openPeer()];
    port.play({ to: peer.to, payloadType: PCMU, tone: 'ringback' });
    await clock.advanceAsync(20);
    standstill = 1000;
    await clock.advanceAsync(40);
    const packets = await peer.take(7);
    expect(await peer.settled()).toBe(0);
    expect(
      steps(
        packets.map(({ sequence }) => sequence),
        2 ** 16,
      ),
    ).toEqual(new Set([1]));
    expect((packets[6]!.timestamp - packets[0]!.timestamp) >>> 0).toBe(52 * 160);
    expect([...packets[6]!.payload]).toEqual([...toneFrames('us', 'ringback', PCMU)[52]!]);
  });

  it('sends fifty frames a second whatever is done to the wall clock', async () => {
    const clock = new FakeClock();
    const [port, peer] = [await openPort({ clock }), await openPeer()];
    port.play({ to: peer.to, payloadType: PCMU, tone: 'ringback' });
    for (const [index, step] of [-12_000, -3_600_000, 1_800_000, 3 * 86_400_000].entries()) {
      clock.step(step);
      await clock.advanceAsync(200);
      expect(await peer.settled()).toBe((index + 1) * 10);
    }
    expectOneStream(await peer.take(40));
  });

  it('goes on for others when an address is bad, closed, on hold or of another family', async () => {
    const clock = new FakeClock();
    const warn = jest.fn();
    const [port, peer, gone] = [
      await openPort({ clock, log: { ...silentLog, warn } }),
      await openPeer(),
      await openPeer(),
    ];
    await gone.close();
    open.splice(open.indexOf(gone), 1);
    const bad = [
      gone.to,
      { address: '0.0.0.0', port: 4000 },
      { address: '::1', port: 4000 },
      { address: '127.0.0.1', port: 0 },
    ];
    const worse = [
      { address: 'phone.example', port: 4000 },
      { address: '127.0.0.1', port: 70_000 },
      { address: '', port: NaN },
    ];
    for (const to of [...bad, ...worse, peer.to]) port.play({ to, payloadType: PCMU, tone: 'busy' });
    await clock.advanceAsync(200);
    expect(await peer.settled()).toBe(10);
    expectOneStream(await peer.take(10));
    expect(warn).not.toHaveBeenCalled();
  });

  it('ends a playback that fails inside the ticker, says so once, and plays the others', async () => {
    const clock = new FakeClock();
    const error = jest.fn();
    const random = jest.fn((bits: number) => systemIds.random(bits));
    random.mockImplementationOnce(() => {
      throw new Error('no entropy');
    });
    const [port, peer] = [await openPort({ clock, ids: { random }, log: { ...silentLog, error } }), await openPeer()];
    port.play({ to: peer.to, payloadType: PCMU, tone: 'busy' });
    port.play({ to: peer.to, payloadType: PCMU, tone: 'busy' });
    await clock.advanceAsync(100);
    expect(await peer.settled()).toBe(5);
    expect([port.playing, error.mock.calls.length]).toEqual([1, 1]);
  });

  it('drops what arrives and goes on sending', async () => {
    const clock = new FakeClock();
    const [port, peer] = [await openPort({ clock }), await openPeer()];
    port.play({ to: peer.to, payloadType: PCMU, tone: 'busy' });
    const packet = buildRtpPacket({
      marker: false,
      payloadType: 0,
      sequence: 1,
      timestamp: 1,
      ssrc: 1,
      payload: Buffer.alloc(160),
    });
    await Promise.all(Array.from({ length: 500 }, () => peer.send(packet, port.port)));
    await clock.advanceAsync(100);
    expect(await peer.settled()).toBe(5);
  });

  it('takes the even ports of a range, and says when none is left', async () => {
    const { port: free } = await openPort({ port: { from: 20_001, to: 29_999 } });
    expect([free % 2, free > 20_000, free < 30_000]).toEqual([0, true, true]);
    await expect(openPort({ port: { from: free - 1, to: free + 1 } })).rejects.toMatchObject({
      code: 'no_media_port',
      kind: 'unavailable',
    });
    const next = await openPort({ port: { from: free - 4, to: free + 5 } });
    expect([free - 4, free - 2, free + 2, free + 4]).toContain(next.port);
    await expect(openPort({ port: { from: 7, to: 6 } })).rejects.toMatchObject({ code: 'no_media_port' });
    await expect(openPort({ host: '203.0.113.1' })).rejects.toMatchObject({ code: 'no_media_port' });
  });

  it('closes twice, with everything that plays, and plays no more', async () => {
    const clock = new FakeClock();
    const port = await openPort({ clock });
    const playback = port.play({ to: { address: '127.0.0.1', port: 9 }, payloadType: PCMU, tone: 'busy' });
    await Promise.all([port.close(), port.close()]);
    await port.close();
    playback.stop();
    port.play({ to: { address: '127.0.0.1', port: 9 }, payloadType: PCMU, tone: 'busy' }).stop();
    expect([port.playing, clock.pendingTimers]).toEqual([0, 0]);
    const again = await openPort({ port: port.port });
    expect(again.port).toBe(port.port);
  });
});

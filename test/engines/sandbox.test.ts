import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DemoCarrier } from '../../src/engines/sandbox/demo-carrier.ts';
import { DemoPhone } from '../../src/engines/sandbox/demo-phone.ts';
import { RtpEndpoint, type RtpSource } from '../../src/media/rtp-endpoint.ts';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { type Log, silentLog } from '../../src/shared/log.ts';
import { audioTargetOf } from '../../src/sip/sdp/audio-target.ts';
import { createAudioSdp } from '../../src/sip/sdp/create-audio-sdp.ts';
import { TransactionLayer } from '../../src/sip/transaction/transaction-layer.ts';
import { SocketTransport } from '../../src/sip/transport/socket-transport.ts';
import { UserAgent } from '../../src/sip/user-agent.ts';
import { until } from '../media/udp-peer.ts';
import { type Diary, diaryOf } from '../sip/session/party.ts';

const HOST = '127.0.0.1';
const ids = createSystemIds();

const closers: (() => Promise<void>)[] = [];

const openAgent = async (contactUser: string): Promise<{ readonly userAgent: UserAgent; readonly port: number }> => {
  const clock = systemClock;
  const listeners = [{ protocol: 'udp', host: HOST, port: 0 }] as const;
  const transport = new SocketTransport({ listeners, clock, ids, log: silentLog });
  const transactions = new TransactionLayer({ transport, clock, ids, log: silentLog });
  const userAgent = new UserAgent({ transport, transactions, clock, ids, log: silentLog, contactUser });
  await transport.start();
  closers.push(async () => {
    await userAgent.close(500);
    transactions.close();
    await transport.close();
  });
  return { userAgent, port: transport.listeners[0]?.port ?? 0 };
};

const openMedia = async (send: RtpSource): Promise<RtpEndpoint> => {
  const endpoint = await RtpEndpoint.open({ host: HOST, clock: systemClock, ids, log: silentLog, send });
  closers.push(() => endpoint.close());
  return endpoint;
};

/** Runs so many times as fast. */
const quickClock = (factor: number): Clock => ({
  now: () => systemClock.now(),
  elapsed: () => systemClock.elapsed(),
  setTimer: (delayMs, task) => systemClock.setTimer(delayMs / factor, task),
});

let caller: UserAgent;
let media: RtpEndpoint;
let warnings: string[];

const log: Log = { ...silentLog, warn: (_fields, message) => void warnings.push(message) };

beforeEach(async () => {
  warnings = [];
  ({ userAgent: caller } = await openAgent('caller'));
  media = await openMedia('silence');
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const startCarrier = async ({ answerAfterMs = 30, clock = systemClock } = {}): Promise<number> => {
  const { userAgent, port } = await openAgent('carrier');
  new DemoCarrier({ userAgent, host: HOST, answerAfterMs, clock, ids, log });
  return port;
};

const startPhone = async (answerAfterMs = 30): Promise<number> => {
  const { userAgent, port } = await openAgent('demo');
  new DemoPhone({ userAgent, host: HOST, answerAfterMs, clock: systemClock, ids, log });
  return port;
};

const offer = (version = 1): string => createAudioSdp({ sessionId: 1, version, address: HOST, port: media.port });

const dial = (user: string, port: number, sdp = offer()): Diary => {
  const target = `sip:${user}@${HOST}:${port}`;
  const name = (uri: string) => ({ uri, params: new Map<string, string | undefined>() });
  const session = caller.invite({ target, from: name('sip:caller@offhook.example'), to: name(target), sdp });
  const diary = diaryOf(session);
  session.start();
  return diary;
};

/** Sends our silence to where an SDP says, as the phone that a call is joined with. */
const talkTo = (sdp: string | undefined): void => {
  const to = audioTargetOf(sdp ?? '');
  if (to !== undefined) media.connect({ to, payloadType: to.payloadType });
};

const isOver = (diary: Diary) => (): boolean => diary.ends.length === 1;
const isAnswered = (diary: Diary) => (): boolean => diary.notified.includes('answered');

describe('a number of the demo carrier', () => {
  it.each([
    ['+12025550101', 486],
    ['+12025550103', 603],
    ['+12025550104', 404],
    ['+12025550105', 503],
    ['+12025550999', 404],
    ['carrier', 404],
  ])('%s refuses with %i', async (number, status) => {
    const call = dial(number, await startCarrier());
    await until(isOver(call));
    expect(call.notified).toEqual([`refused ${status}`]);
  });

  it('+12025550100 rings, answers and sends silence', async () => {
    const call = dial('+12025550100', await startCarrier());
    await until(isAnswered(call));
    expect(call.notified).toEqual(['180', 'answered']);
    await until(() => media.stats().packetsReceived >= 3);
    call.session.hangUp();
    await until(isOver(call));
    expect(call.ends[0]?.kind).toBe('local-hangup');
  });

  it('+12025550102 rings and never answers, until it is cancelled', async () => {
    const call = dial('+12025550102', await startCarrier({ answerAfterMs: 0 }));
    await until(() => call.notified.includes('180'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    call.session.hangUp();
    await until(isOver(call));
    expect(call.notified).toEqual(['180', 'refused 487']);
  });

  it('+12025550106 answers and hangs up five seconds later', async () => {
    const call = dial('+12025550106', await startCarrier({ answerAfterMs: 1000, clock: quickClock(20) }));
    await until(isAnswered(call));
    const answeredAt = performance.now();
    await until(isOver(call));
    expect(call.notified).toEqual(['180', 'answered', 'remote-hangup']);
    expect((performance.now() - answeredAt) * 20).toBeGreaterThan(4500);
  });

  it('+12025550107 echoes what it is sent', async () => {
    const call = dial('+12025550107', await startCarrier());
    await until(isAnswered(call));
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(media.stats().packetsReceived).toBe(0);
    media.send('busy');
    talkTo(call.session.remoteSdp);
    await until(() => media.stats().packetsReceived >= 5);
    expect(media.stats().source?.port).toBe(audioTargetOf(call.session.remoteSdp ?? '')?.port);
    call.session.hangUp();
    await until(isOver(call));
  });

  it('+12025550108 sends ringback as early media, then answers with the same port', async () => {
    const call = dial('+12025550108', await startCarrier({ answerAfterMs: 150 }));
    await until(() => call.notified.includes('183+sdp'));
    const early = audioTargetOf(call.session.remoteSdp ?? '');
    await until(() => media.stats().packetsReceived >= 2);
    expect(call.notified).not.toContain('answered');
    await until(isAnswered(call));
    expect(audioTargetOf(call.session.remoteSdp ?? '')).toEqual(early);
    call.session.hangUp();
    await until(isOver(call));
  });

  it('sends to where a later offer says, and refuses one that it cannot read', async () => {
    const call = dial('+12025550100', await startCarrier());
    await until(isAnswered(call));
    const elsewhere = await openMedia('none');
    const moved = createAudioSdp({ sessionId: 1, version: 2, address: HOST, port: elsewhere.port });
    expect(await call.session.offer(moved)).toMatchObject({ kind: 'accepted' });
    await until(() => elsewhere.stats().packetsReceived >= 2);
    expect(await call.session.offer('hello')).toEqual({ kind: 'refused', status: 488 });
    call.session.hangUp();
    await until(isOver(call));
  });

  it('refuses an offer that it cannot read with 488', async () => {
    const call = dial('+12025550100', await startCarrier(), 'hello');
    await until(isOver(call));
    expect(call.notified).toEqual(['refused 488']);
    expect(warnings).toEqual(['the demo carrier could not answer']);
  });

  it('that is cancelled while it rings is not answered', async () => {
    const call = dial('+12025550100', await startCarrier({ answerAfterMs: 200 }));
    await until(() => call.notified.includes('180'));
    call.session.hangUp();
    await until(isOver(call));
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(call.notified).toEqual(['180', 'refused 487']);
    expect(warnings).toEqual([]);
  });
});

describe('the demo phone', () => {
  it('rings at once, answers after a while, sends silence and is hung up', async () => {
    const call = dial('demo', await startPhone(100));
    await until(() => call.notified.includes('180'));
    expect(call.notified).toEqual(['180']);
    await until(isAnswered(call));
    await until(() => media.stats().packetsReceived >= 3);
    call.session.hangUp();
    await until(isOver(call));
    expect(call.ends[0]?.kind).toBe('local-hangup');
  });

  it('that is cancelled while it rings is not answered', async () => {
    const call = dial('demo', await startPhone(5000));
    await until(() => call.notified.includes('180'));
    call.session.hangUp();
    await until(isOver(call));
    expect(call.notified).toEqual(['180', 'refused 487']);
  });

  it('refuses an offer that it cannot read with 488', async () => {
    const call = dial('demo', await startPhone(0), 'hello');
    await until(isOver(call));
    expect(call.ends[0]).toMatchObject({ kind: 'refused', response: { status: 488 } });
    expect(warnings).toEqual(['the demo phone could not answer']);
  });
});

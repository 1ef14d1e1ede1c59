import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestReport, TestScript } from '../../src/calls/test-call.ts';
import { DemoCarrier } from '../../src/engines/sandbox/demo-carrier.ts';
import { Routes } from '../../src/engines/sip/call/routes.ts';
import { Prompter } from '../../src/engines/sip/media/prompter.ts';
import { SipCallEngine } from '../../src/engines/sip/sip-engine.ts';
import { MediaPort } from '../../src/media/media-port.ts';
import { RtpEndpoint } from '../../src/media/rtp-endpoint.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { SipStack } from '../../src/sip/sip-stack.ts';
import { openTestPhoneMedia } from '../support/test-phone-media.ts';

/*
 * The test phone calls every number of the sandbox that it has something to hear at: our SIP and our media on both sides, over
 * real sockets. The calls run beside each other, as the runs of a project do.
 */

const HOST = '127.0.0.1';
const ids = createSystemIds();
const closers: (() => Promise<void>)[] = [];
let engine: SipCallEngine;

const openStack = (): SipStack =>
  new SipStack({
    listeners: [{ protocol: 'udp', host: HOST, port: 0 }],
    advertise: undefined,
    contactUser: 'offhook',
    serverName: 'Offhook',
    ...{ clock: systemClock, ids, log: silentLog },
    ...{ requestsPerSecond: 0, connections: 10, connectionsPerAddress: 10, peers: [HOST] },
  });

beforeAll(async () => {
  const carrier = openStack();
  await carrier.start();
  new DemoCarrier({
    ...{ userAgent: carrier.userAgent, host: HOST, answerAfterMs: 300, clock: systemClock, ids, log: silentLog },
  });
  const ours = openStack();
  const media = await MediaPort.open({ host: HOST, clock: systemClock, ids, log: silentLog });
  const testPhones = openTestPhoneMedia();
  const uri = `sip:${HOST}:${carrier.listeners[0]?.port ?? 0}`;
  engine = new SipCallEngine({
    userAgent: ours.userAgent,
    routes: new Routes({
      trunks: [{ name: 'carrier', uri }],
      routes: [],
      ids,
      bindings: { locate: () => Promise.resolve([]) },
      domain: HOST,
    }),
    prompter: new Prompter({ media, address: HOST }),
    digitPorts: { open: () => RtpEndpoint.open({ host: HOST, clock: systemClock, ids, log: silentLog }) },
    testPhones,
    services: [ours],
    clock: systemClock,
    log: silentLog,
    ...{ busyToneMs: 0, graceMs: 500 },
  });
  await engine.start();
  closers.push(
    () => engine.stop(),
    () => testPhones.close(),
    () => media.close(),
    () => carrier.close(),
  );
});

afterAll(async () => {
  for (const close of closers) await close();
  expect(engine.ongoing).toBe(0);
});

const call = async (number: string, script: Partial<TestScript>): Promise<TestReport> => {
  const plan = {
    ...{ tokenCall: number, callee: [{ kind: 'number', number } as const], destinationDisplay: number },
    ...{ destinationTimeoutSeconds: 20, script: { steps: [], lastsMs: 1500, between: 'silence', ...script } as const },
  };
  return engine.placeTest(plan, () => undefined).report;
};

describe('the test phone at the numbers of the sandbox', () => {
  it('hears and measures what each of them does', async () => {
    const expects = (digits: string) => ({ kind: 'expect-digits', digits, withinMs: 10_000 }) as const;
    const [echo, menu, wrongKey, tone, silence, late, loss, keys, early] = await Promise.all([
      call('+12025550107', { between: 'probe', lastsMs: 2500 }),
      call('+12025550109', {
        steps: [
          { kind: 'wait', ms: 800 },
          { kind: 'send-digits', digits: '1' },
          expects('5'),
          { kind: 'wait', ms: 2500 },
        ],
      }),
      call('+12025550109', { steps: [{ kind: 'send-digits', digits: '2' }], lastsMs: 15_000 }),
      call('+12025550110', { lastsMs: 2000 }),
      call('+12025550111', {}),
      call('+12025550112', {}),
      call('+12025550113', { lastsMs: 10_000 }),
      call('+12025550114', { steps: [{ kind: 'send-digits', digits: '159#' }, expects('159#')] }),
      call('+12025550115', {}),
    ] as const);
    expect(echo.heard).toMatchObject({ audio: 'echo' });
    expect(menu).toMatchObject({ digits: '5', ringback: 'none', heard: { audio: 'tone' } });
    expect(menu.steps.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
    expect(Math.abs((menu.heard?.toneHz ?? 0) - 1000)).toBeLessThan(2);
    expect(wrongKey.talkMs).toBeLessThan(15_000);
    expect(tone.heard).toMatchObject({ audio: 'tone' });
    expect(Math.abs((tone.heard?.toneHz ?? 0) - 425)).toBeLessThan(2);
    expect(silence).toMatchObject({ heard: { audio: 'silence' }, ringback: 'none' });
    expect(late.answerMs).toBeGreaterThanOrEqual(7900);
    expect(late.heard).toMatchObject({ audio: 'sound' });
    expect(loss.heard?.audio).toBe('sound');
    // What a busy machine sends too late counts as lost besides.
    expect(loss.heard?.lossPercent).toBeGreaterThan(4);
    expect(keys.digits).toBe('159#');
    expect(early).toMatchObject({ ringback: 'network', heard: { audio: 'sound' } });
  }, 60_000);
});

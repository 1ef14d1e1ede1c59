import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ApiCall } from '../support/rest-client.ts';
import { isOver } from '../support/rest-client.ts';
import type { LineCall } from './line-call.ts';
import { type LineOptions, Stage } from './stage.ts';
import { isHungUp, isInvited, pause, rings, takesCall } from './steps.ts';

/** 64 T1, and time to tell. */
const LIMIT_MS = 36_000;

jest.setTimeout(LIMIT_MS + 10_000);

interface SilentCalls {
  readonly phone: Promise<LineCall>;
  readonly stoppedPhone: Promise<LineCall>;
  readonly carrier: Promise<LineCall>;
  readonly uncancellable: Promise<LineCall>;
  readonly nobody: Promise<LineCall>;
}

const saysNothing = [isInvited, pause(60_000)];

let stage: Stage;
let calls: SilentCalls;

/** All at once: each of them lasts for 32 seconds. */
beforeAll(async () => {
  stage = await Stage.open({ lines: 5, trunksPerLine: 1 });
  const stopOnce = async (options: LineOptions, role: 'caller' | 'callee', state: string): Promise<LineCall> => {
    const call = await stage.place(options);
    await call.untilLeg(role, state);
    await call.stop();
    return call;
  };
  calls = {
    phone: stage.place({ phone: saysNothing }, { timeout: '60' }),
    stoppedPhone: stopOnce({ phone: saysNothing }, 'caller', 'calling'),
    carrier: stage.place({ phone: [...takesCall, ...isHungUp], carrier: saysNothing }),
    uncancellable: stopOnce({ phone: [isInvited, rings, pause(60_000)] }, 'caller', 'ringing'),
    nobody: stage.place({}),
  };
  await Promise.all(Object.values(calls));
});

afterAll(async () => {
  await Promise.all(Object.values(calls).map(async (call: Promise<LineCall>) => (await call).abandon()));
  await stage.close();
});

const end = async (call: Promise<LineCall>, limitMs = LIMIT_MS): Promise<ApiCall> =>
  (await call).until(isOver, limitMs);

describe('peers that say nothing', () => {
  it('nobody at the phone, within the default timeout: unreachable, for it never rang', async () => {
    const ended = await end(calls.nobody);
    expect(ended).toMatchObject({
      outcome: 'unreachable',
      ended_by: 'system',
      ended_leg: 'caller',
      legs: [{ sip_status: null, q850_cause: 18, reason: 'no-response', ringing_at: null }, {}],
    });
  });

  it('a silent phone: unreachable after 64 T1', async () => {
    const ended = await end(calls.phone);
    expect(ended).toMatchObject({
      outcome: 'unreachable',
      ended_by: 'system',
      ended_leg: 'caller',
      legs: [
        { sip_status: null, q850_cause: 18, reason: 'no-response' },
        { state: 'ended', reason: null },
      ],
    });
  });

  it('a silent phone after PUT: ended at once, its leg after 64 T1 without a CANCEL', async () => {
    const ended = await end(calls.stoppedPhone);
    expect(ended).toMatchObject({
      outcome: 'cancelled',
      ended_by: 'user',
      ended_leg: null,
      legs: [{ sip_status: null, reason: 'cancelled' }, {}],
    });
  });

  it('a phone that does not confirm its CANCEL: its leg is gone after 64 T1', async () => {
    const ended = await end(calls.uncancellable);
    expect(ended).toMatchObject({
      outcome: 'cancelled',
      ended_by: 'user',
      legs: [{ state: 'ended', reason: 'cancelled' }, {}],
    });
  });

  it('a silent carrier: unreachable after 64 T1, and the user is hung up', async () => {
    const ended = await end(calls.carrier);
    expect(ended).toMatchObject({
      outcome: 'unreachable',
      ended_by: 'system',
      ended_leg: 'callee',
      legs: [
        { state: 'ended', sip_status: 200 },
        { sip_status: null, q850_cause: 18, reason: 'no-response' },
      ],
    });
  });
});

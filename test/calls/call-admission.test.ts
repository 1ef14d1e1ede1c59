import { beforeEach, describe, expect, it } from '@jest/globals';
import { CallAdmission } from '../../src/calls/call-admission.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordedLog } from '../support/recorded-log.ts';

let clock: FakeClock;
let log: RecordedLog;
let delayMs: number;
let admission: CallAdmission;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordedLog();
  delayMs = 0;
  admission = new CallAdmission({ clock, log, signallingDelayMs: () => delayMs });
});

const REFUSED = {
  level: 'warn',
  message: 'more calls are placed than can be served in time: new ones are refused',
  fields: {},
};
const OVER = { level: 'info', message: 'all calls are taken again', fields: { refused: 10, seconds: 9 } };

describe('the admission of calls', () => {
  it('admits while signalling and calls are served in time, bursts among them', () => {
    delayMs = 250;
    expect(admission.refusal(500)).toBeUndefined();
    expect(admission.isOverloaded).toBe(false);
    expect(log.lines).toEqual([]);
  });

  it('refuses before peers send again, and then keeps the queue of signalling short', () => {
    delayMs = 251;
    expect(admission.refusal(0)).toMatchObject({ code: 'engine_unavailable', kind: 'unavailable' });
    delayMs = 51;
    expect(admission.refusal(0)).toBeDefined();
    delayMs = 50;
    expect(admission.refusal(0)).toBeUndefined();
  });

  it('refuses once calls wait for long, and then at once what could not begin at once', () => {
    expect(admission.refusal(501)).toBeDefined();
    expect(admission.refusal(26)).toBeDefined();
    expect(admission.refusal(25)).toBeUndefined();
  });

  it('serves bursts again once it is over', () => {
    expect(admission.refusal(501)).toBeDefined();
    clock.advance(5000);
    expect(admission.refusal(500)).toBeUndefined();
  });

  it('sends those who were refused together back at different times', () => {
    const seconds = [1, 2, 3, 4, 5, 6].map(() => admission.refusal(1000)?.details?.['retryAfterSeconds']);
    expect([...seconds].sort()).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('is logged once when it begins and once when nobody was refused for five seconds', () => {
    for (let count = 0; count < 10; count += 1) {
      admission.refusal(1000);
      clock.advance(1000);
    }
    expect(admission.isOverloaded).toBe(true);
    expect(log.lines).toEqual([REFUSED]);
    clock.advance(3999);
    expect(admission.isOverloaded).toBe(true);
    clock.advance(1);
    expect(admission.isOverloaded).toBe(false);
    expect(log.lines).toEqual([REFUSED, OVER]);
    clock.advance(60_000);
    expect(clock.pendingTimers).toBe(0);
  });
});

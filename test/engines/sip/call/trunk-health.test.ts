import { beforeEach, describe, expect, it } from '@jest/globals';
import { TrunkHealth } from '../../../../src/engines/sip/call/trunk-health.ts';
import { SipResponse } from '../../../../src/sip/message/message.ts';
import type { SessionEnd } from '../../../../src/sip/user-agent.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';

let clock: FakeClock;
let log: RecordedLog;
let health: TrunkHealth;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordedLog();
  health = new TrunkHealth({ trunk: 'carrier', clock, log });
});

/** An INVITE over the trunk that is told of by a test. */
const invite = () => {
  const listeners = new Map<string, (argument?: unknown) => void>();
  health.follow({ on: (name, listener) => listeners.set(name, listener as (argument?: unknown) => void) });
  return (name: 'progress' | 'answered' | 'ended', argument?: unknown): void => listeners.get(name)?.(argument);
};

const end = (ending: SessionEnd): void => invite()('ended', ending);
const refuse = (status: number): void => end({ kind: 'refused', response: new SipResponse(status, '-') });
const refuseFor = (status: number, retryAfter: string): void => {
  const response = new SipResponse(status, '-');
  response.headers.append('retry-after', retryAfter);
  end({ kind: 'refused', response });
};
const timeOut = (): void => end({ kind: 'timeout' });

const written = (): string[] =>
  log.lines.splice(0).map(({ level, message, fields }) => {
    const { trunk, method, ...rest } = fields;
    return `${level} ${message}: ${String(trunk)} ${String(method)} ${JSON.stringify(rest)}`;
  });

describe('a trunk in the log', () => {
  it('fails once and recovers once, however many calls there are meanwhile', () => {
    for (let call = 0; call < 20; call += 1) timeOut();
    clock.advance(90_000);
    timeOut();
    expect(written()).toEqual(['warn a trunk does not answer: carrier INVITE {}']);
    for (let call = 0; call < 20; call += 1) refuse(486);
    expect(written()).toEqual(['info a trunk works again: carrier INVITE {"failures":21,"for_ms":90000}']);
  });

  it.each([
    ['no response', { kind: 'timeout' }, 'does not answer'],
    ['no connection', { kind: 'transport-error', error: new Error('refused') }, 'does not answer'],
    ['503', { kind: 'refused', response: new SipResponse(503, '-') }, 'refuses calls'],
    ['500', { kind: 'refused', response: new SipResponse(500, '-') }, 'refuses calls'],
  ] as const)('fails with %s', (_name, ending, words) => {
    end(ending);
    expect(written()).toEqual([expect.stringContaining(words)]);
  });

  it.each([404, 407, 486, 487, 600, 603])('does not fail with %d: it is an answer', (status) => {
    refuse(status);
    end({ kind: 'local-hangup' });
    end({ kind: 'broken', status: 481 });
    expect(written()).toEqual([]);
    timeOut();
    refuse(status);
    expect(written()).toHaveLength(2);
  });

  it.each(['progress', 'answered'] as const)('works again as soon as a call has its %s', (name) => {
    timeOut();
    invite()(name, 180);
    expect(written()).toHaveLength(2);
  });

  it('that fails now and then writes a line a minute at the most, and what lasts', () => {
    for (let second = 0; second < 120; second += 1) {
      refuse(503);
      refuse(404);
      clock.advance(1000);
    }
    expect(written()).toHaveLength(4);
    refuse(503);
    refuse(404);
    written();
    timeOut();
    expect(written()).toEqual([]);
    clock.advance(60_000);
    timeOut();
    expect(written()).toEqual(['warn a trunk does not answer: carrier INVITE {}']);
  });

  it('registers and carries calls: each fails for itself', () => {
    health.registered();
    for (let time = 0; time < 5; time += 1) health.registrationFailed(403);
    timeOut();
    expect(written()).toEqual([
      'warn a trunk refuses our registration: carrier REGISTER {"sip_status":403}',
      'warn a trunk does not answer: carrier INVITE {}',
    ]);
    clock.advance(3_600_000);
    health.registered();
    health.registered();
    expect(written()).toEqual(['info a trunk works again: carrier REGISTER {"failures":5,"for_ms":3600000}']);
    health.registrationFailed(408);
    expect(written()).toEqual(['warn a trunk does not answer: carrier REGISTER {"sip_status":408}']);
  });
});

describe('a trunk that says when it wants to be asked again', () => {
  it.each([
    ['120', 120],
    ['120 (back at noon);duration=60', 120],
    ['999999999', 300],
  ])('Retry-After: %s: it is passed over for that long, five minutes at the most', (value, seconds) => {
    refuseFor(503, value);
    clock.advance(seconds * 1000 - 1);
    expect(health.isPassedOver).toBe(true);
    clock.advance(1);
    expect(health.isPassedOver).toBe(false);
  });

  it('is not asked before, though it answers OPTIONS; a call that it takes ends it', () => {
    refuseFor(503, '120');
    health.probing();
    health.probed(200);
    expect(health.isPassedOver).toBe(true);
    invite()('progress');
    expect(health.isPassedOver).toBe(false);
  });

  it.each([
    [503, 'soon', 30],
    [500, '120', 0],
    [486, '120', 0],
  ])('%d with Retry-After %s: as any other', (status, value, seconds) => {
    refuseFor(status, value);
    expect(health.isPassedOver).toBe(seconds > 0);
    clock.advance(seconds * 1000);
    expect(health.isPassedOver).toBe(false);
  });
});

import { describe, expect, it } from '@jest/globals';
import { ClientFailureLimit } from '../../../src/oauth/limits/client-failure-limit.ts';
import { LoginLockout } from '../../../src/oauth/limits/login-lockout.ts';
import { RequestRateLimit } from '../../../src/oauth/limits/request-rate-limit.ts';
import { LoginLimitedError, TooManyRequestsError } from '../../../src/oauth/model/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const QUARTER_HOUR_MS = 15 * 60 * 1000;
const steps = [3_600_000, -3_600_000, 3 * 86_400_000];

/** What a refused requester is told to wait; undefined where it is let through. */
const secondsToWait = (ask: () => void): number | undefined => {
  try {
    ask();
    return undefined;
  } catch (error) {
    if (error instanceof LoginLimitedError || error instanceof TooManyRequestsError) return error.retryAfterSeconds;
    throw error;
  }
};

const times = (count: number, task: (index: number) => void): void => {
  for (let index = 0; index < count; index += 1) task(index);
};

describe('the lockout after wrong passwords', () => {
  const alice = { username: 'alice', address: '192.0.2.1', addressIs: 'new' } as const;

  it.each(steps)('lasts its 15 minutes after a step of the wall clock by %d ms (35)', (step) => {
    const clock = new FakeClock();
    const lockout = new LoginLockout(clock);
    const wait = (): number | undefined => secondsToWait(() => lockout.check(alice));
    times(9, () => lockout.countFailure(alice));
    expect(wait()).toBeUndefined();
    lockout.countFailure(alice);
    expect(wait()).toBe(900);
    clock.step(step);
    expect(wait()).toBe(900);
    clock.advance(60_500);
    expect(wait()).toBe(840);
    clock.step(-step);
    clock.advance(QUARTER_HOUR_MS - 60_501);
    expect(wait()).toBe(1);
    clock.advance(1);
    expect(wait()).toBeUndefined();
    times(9, () => lockout.countFailure(alice));
    expect(wait()).toBeUndefined();
  });

  it('counts 50 of an address whatever the users, and 20 of a user at a known address apart', () => {
    const lockout = new LoginLockout(new FakeClock());
    times(50, (index) => lockout.countFailure({ ...alice, username: `user-${index}` }));
    const bob = { ...alice, username: 'bob' };
    const known = { ...alice, addressIs: 'known' } as const;
    expect(secondsToWait(() => lockout.check(bob))).toBe(900);
    expect(secondsToWait(() => lockout.check({ ...bob, address: '192.0.2.2' }))).toBeUndefined();
    times(19, () => lockout.countFailure(known));
    expect(secondsToWait(() => lockout.check(known))).toBeUndefined();
    lockout.countFailure(known);
    expect(secondsToWait(() => lockout.check(known))).toBe(900);
  });
});

describe('a limit on requests', () => {
  it.each(steps)('counts in its own seconds after a step of the wall clock by %d ms', (step) => {
    const clock = new FakeClock();
    const limit = new RequestRateLimit({ most: 2, windowSeconds: 10 }, clock);
    const take = (): number | undefined => secondsToWait(() => limit.take('a'));
    expect([take(), take(), take()]).toEqual([undefined, undefined, 10]);
    clock.step(step);
    expect(take()).toBe(10);
    clock.advance(9_999);
    expect([take(), secondsToWait(() => limit.check('b', 'a'))]).toEqual([1, 1]);
    clock.advance(1);
    expect([secondsToWait(() => limit.check('a')), take()]).toEqual([undefined, undefined]);
  });
});

describe('the limit on wrong client secrets', () => {
  it.each(steps)('holds for its 15 minutes after a step of the wall clock by %d ms', (step) => {
    const clock = new FakeClock();
    const limit = new ClientFailureLimit(clock);
    const fail = (address: string) => secondsToWait(() => limit.countFailure({ clientIds: ['robot'], address }));
    times(20, (index) => expect(fail(`192.0.2.${index}`)).toBeUndefined());
    clock.step(step);
    expect(fail('192.0.2.99')).toBe(900);
    clock.advance(QUARTER_HOUR_MS - 1);
    expect(fail('192.0.2.99')).toBe(1);
    clock.advance(1);
    expect(fail('192.0.2.99')).toBeUndefined();
  });
});

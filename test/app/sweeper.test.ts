import { beforeEach, describe, expect, it } from '@jest/globals';
import { Sweeper } from '../../src/app/sweeper.ts';
import { createSteadyClock } from '../../src/shared/clock.ts';
import { type Log, silentLog } from '../../src/shared/log.ts';
import { FakeClock } from '../support/fake-clock.ts';

const MINUTE_MS = 60_000;

describe('the sweeper', () => {
  let clock: FakeClock;
  let done: string[];
  let failures: string[];
  let sweeper: Sweeper;
  let sweep: () => Promise<void>;

  beforeEach(() => {
    clock = new FakeClock(0);
    done = [];
    failures = [];
    sweep = () => Promise.resolve();
    const log: Log = { ...silentLog, error: (_fields, message) => void failures.push(message) };
    const tokenUses = { flush: () => Promise.resolve(void done.push('flushed')) };
    const stores = {
      sweep: (now: number, steadyNow = now) => (
        done.push(now === steadyNow ? `swept at ${now}` : `swept at ${now}, phones at ${steadyNow}`),
        sweep()
      ),
    };
    sweeper = new Sweeper({ stores, tokenUses, clock, steadyClock: createSteadyClock(clock), log });
  });

  it('writes what was noted and deletes what has expired, once a minute', async () => {
    await clock.advanceAsync(2 * MINUTE_MS);
    expect(done).toEqual(['flushed', 'swept at 60000', 'flushed', 'swept at 120000']);
  });

  it('keeps phones registered when the wall clock is set forward', async () => {
    clock.step(3 * 86_400_000);
    await clock.advanceAsync(MINUTE_MS);
    expect(done).toEqual(['flushed', 'swept at 259260000, phones at 60000']);
  });

  it('goes on after a sweep that failed, which is logged', async () => {
    sweep = () => Promise.reject(new Error('the disk is full'));
    await clock.advanceAsync(2 * MINUTE_MS);
    expect(done).toHaveLength(4);
    expect(failures).toEqual(['expired rows could not be deleted', 'expired rows could not be deleted']);
  });

  it('writes what was noted when it is closed, and sets no timer again, not even during a sweep', async () => {
    let end = (): void => undefined;
    sweep = () => new Promise((resolve) => (end = resolve));
    await clock.advanceAsync(MINUTE_MS);
    await sweeper.close();
    expect(done).toEqual(['flushed', 'swept at 60000', 'flushed']);
    end();
    await clock.advanceAsync(MINUTE_MS);
    expect(done).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });
});

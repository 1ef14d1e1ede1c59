import { describe, expect, it } from '@jest/globals';
import { WindowCounter } from '../../../src/oauth/limits/window-counter.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const counter = (windowSeconds = 60) => {
  const clock = new FakeClock();
  return { clock, windows: new WindowCounter(windowSeconds, clock) };
};

describe('a window', () => {
  it('begins with the first count of its key, and later ones do not lengthen it', () => {
    const { clock, windows } = counter();
    expect(windows.read('a')).toBeUndefined();
    expect(windows.count('a')).toEqual({ count: 1, secondsLeft: 60 });
    clock.advance(59_000);
    expect(windows.count('a')).toEqual({ count: 2, secondsLeft: 1 });
    clock.advance(999);
    expect(windows.read('a')).toEqual({ count: 2, secondsLeft: 1 });
    clock.advance(1);
    expect(windows.read('a')).toBeUndefined();
    expect(windows.count('a')).toEqual({ count: 1, secondsLeft: 60 });
  });

  it('is no other key’s', () => {
    const { clock, windows } = counter();
    windows.count('a');
    clock.advance(20_500);
    expect(windows.count('b')).toEqual({ count: 1, secondsLeft: 60 });
    expect(windows.read('a')).toEqual({ count: 1, secondsLeft: 40 });
    clock.advance(39_500);
    expect([windows.read('a'), windows.read('b')]).toEqual([undefined, { count: 1, secondsLeft: 21 }]);
  });

  it.each([3_600_000, -3_600_000, 3 * 86_400_000])('lasts as long after a step of the wall clock by %d ms', (step) => {
    const { clock, windows } = counter();
    windows.count('a');
    clock.step(step);
    expect(windows.read('a')).toEqual({ count: 1, secondsLeft: 60 });
    clock.advance(59_999);
    expect(windows.count('a')).toEqual({ count: 2, secondsLeft: 1 });
    clock.advance(1);
    expect(windows.count('a')).toEqual({ count: 1, secondsLeft: 60 });
  });

  it('is forgotten in passing once it has ended, without a timer', () => {
    const { clock, windows } = counter();
    for (let second = 0; second < 600; second += 1) {
      windows.count(`key ${second}`);
      clock.advance(1000);
    }
    expect(windows.size).toBe(60);
    expect(clock.pendingTimers).toBe(0);
    // What is counted again is kept no longer for it.
    windows.count('key 599');
    clock.advance(59_000);
    windows.read('another');
    expect([windows.size, windows.read('key 599')]).toEqual([0, undefined]);
  });
});

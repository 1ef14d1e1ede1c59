import { describe, expect, test } from '@jest/globals';
import { findHighestRate } from '../../scripts/bench/calls/highest-rate.ts';

/** Searches a service that carries what it is told to, and notes what was tried. */
const search = async (carries: (rate: number, attempts: number) => boolean) => {
  const tried: number[] = [];
  const highest = await findHighestRate({
    start: 750,
    increase: 0.25,
    leastWeight: 0.05,
    confirmations: 2,
    attempt: (rate) => {
      tried.push(rate);
      return Promise.resolve(carries(rate, tried.length));
    },
  });
  return { highest, tried };
};

describe('the search for the highest rate (RFC 7502 section 4.10)', () => {
  test('rises while all is well, falls where not, by less after each failure, and confirms what it found', async () => {
    const { highest, tried } = await search((rate) => rate <= 1000);
    expect(tried).toEqual([750, 937, 1171, 1024, 960, 992, 992, 992]);
    expect(highest).toBe(992);
  });

  test.each([80, 450, 749, 1400, 2500])('ends within a twentieth below %i', async (capacity) => {
    const { highest, tried } = await search((rate) => rate <= capacity);
    expect(highest).toBeLessThanOrEqual(capacity);
    expect(highest).toBeGreaterThan(capacity * 0.95);
    expect(tried.length).toBeLessThan(15);
  });

  test('a rate that succeeded once and failed later is not the highest', async () => {
    const { highest } = await search((rate, attempts) => rate <= (attempts < 7 ? 1000 : 900));
    expect(highest).toBeLessThanOrEqual(900);
    expect(highest).toBeGreaterThan(850);
  });

  test('is 0 where nothing is carried', async () => {
    expect((await search(() => false)).highest).toBe(0);
  });
});

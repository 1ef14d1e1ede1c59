import { describe, expect, it } from '@jest/globals';
import { createCallRates } from '../../src/calls/call-rates.ts';
import { isEmergencyNumber } from '../../src/calls/emergency-numbers.ts';
import { dialledDigits, toE164 } from '../../src/calls/number.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('emergency numbers', () => {
  it.each([
    ['US', '911'],
    ['US', '112'],
    ['US', '9911'],
    ['US', '9112'],
    ['US', '0911'],
    ['US', '1911'],
    ['US', '+1911'],
    ['US', '0111911'],
    ['US', '01149110'],
    ['US', '+44999'],
    ['US', '9-1-1'],
    ['US', ' (9) 11 '],
    ['DE', '110'],
    ['DE', '0110'],
    ['DE', '+49112'],
    ['DE', '0049110'],
    ['DE', '49110'],
    ['GB', '999'],
    ['GB', '44999'],
    ['AU', '000'],
    ['AU', '0000'],
    ['XX', '112'],
  ])('in %s include %s', (country, dialled) => {
    expect(isEmergencyNumber(dialledDigits(dialled), country)).toBe(true);
  });

  it.each([
    ['US', '+12025550100'],
    ['US', '100'],
    ['US', '110'],
    ['US', '999'],
    ['US', '1112'],
    ['US', '701'],
    ['US', '9110000'],
    ['GB', '02079460000'],
    ['DE', '030110110'],
  ])('in %s do not include %s', (country, dialled) => {
    expect(isEmergencyNumber(dialledDigits(dialled), country)).toBe(false);
  });
});

describe('numbers', () => {
  it.each([
    ['+1 (202) 555-0100', 'US', '+12025550100', 'US'],
    ['2025550107', 'US', '+12025550107', 'US'],
    ['011 44 20 7946 0000', 'US', '+442079460000', 'GB'],
    ['020 7946 0000', 'GB', '+442079460000', 'GB'],
    ['+1 416 555 0123', 'US', '+14165550123', 'CA'],
    ['+1 876 555 0123', 'US', '+18765550123', 'JM'],
    ['+870 773111632', 'US', '+870773111632', undefined],
  ])('%s dialled in %s is %s of %s', (dialled, home, e164, country) => {
    expect(toE164(dialledDigits(dialled), home)).toEqual({ e164, country });
  });

  it.each(['', '+', '12', 'x', '1;ext=5', '+1+2025550100', '202\n5550100'])('%j is none', (dialled) => {
    expect(() => toE164(dialledDigits(dialled), 'US')).toThrow('The number is not a number.');
  });
});

describe('rates', () => {
  const limits = { callsPerSecondPerToken: 2, readsPerSecondPerToken: 0 };
  const refusal = (take: () => void): unknown => {
    try {
      take();
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it('allow a burst of twice the rate, then the rate, each token by itself', () => {
    const clock = new FakeClock();
    const rates = createCallRates(limits, clock);
    const taken = (): number =>
      [1, 2, 3, 4, 5, 6].filter(() => refusal(() => rates.takeCall('a')) === undefined).length;
    expect(taken()).toBe(4);
    expect(refusal(() => rates.takeCall('a'))).toMatchObject({
      code: 'rate_limited',
      details: { retryAfterSeconds: 1 },
    });
    expect(refusal(() => rates.takeCall('b'))).toBeUndefined();
    clock.advance(1000);
    expect(taken()).toBe(2);
    clock.advance(3_600_000);
    expect(taken()).toBe(4);
  });

  it('of zero are no limit', () => {
    const rates = createCallRates(limits, new FakeClock());
    for (let count = 0; count < 1000; count += 1) rates.takeRead('a');
    expect(refusal(() => rates.takeRead('a'))).toBeUndefined();
  });

  it('forget tokens whose bucket is full again, and no other', () => {
    const clock = new FakeClock();
    const rates = createCallRates({ ...limits, callsPerSecondPerToken: 0.25 }, clock);
    rates.takeCall('empty');
    for (let token = 0; token < 25_000; token += 1) rates.takeCall(`token ${token}`);
    expect(refusal(() => rates.takeCall('empty'))).toMatchObject({ details: { retryAfterSeconds: 4 } });
  });
});

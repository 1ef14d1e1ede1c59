import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCallRates } from '../../src/calls/call-rates.ts';
import { costlyKindOf } from '../../src/calls/costly-numbers.ts';
import { type Destination, DestinationReader, readingsOf } from '../../src/calls/destination.ts';
import { readDialled } from '../../src/calls/dialled-text.ts';
import { isEmergencyNumber } from '../../src/calls/emergency-numbers.ts';
import { InvalidNumberError } from '../../src/calls/errors.ts';
import { toE164 } from '../../src/calls/number.ts';
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
    ['US', 'tel:911'],
    ['US', 'tel:+1-911'],
    ['GB', 'tel:999;phone-context=+44'],
    ['US', '\u202a9\u200b1\u20601\u202c'],
    ['US', '\uff19\uff11\uff11'],
    ['US', '\u0669\u0661\u0661'],
    ['US', '9\u20111\u22121'],
    ['US', '[9]11'],
    ['US', '911,,1'],
    ['US', '911 ext. 1'],
    ['US', '*67911'],
    ['US', '*67 9 911'],
    ['GB', '#31#999'],
    ['DE', '*31#110'],
  ])('in %s include %s', (country, dialled) => {
    expect(isEmergencyNumber(readDialled(dialled).digits, country)).toBe(true);
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
    ['US', '*98'],
    ['US', '*9110'],
  ])('in %s do not include %s', (country, dialled) => {
    expect(isEmergencyNumber(readDialled(dialled).digits, country)).toBe(false);
  });
});

describe('an emergency number', () => {
  const decimals = (zero: number): readonly string[] =>
    Array.from({ length: 10 }, (_, digit) => String.fromCodePoint(zero + digit));
  const scripts = [0x30, 0xff10, 0x660, 0x966, 0x1d7ce].map(decimals);
  const between = fc.constantFrom('', '', ' ', '-', '.', '(', ') ', '\u2011', '\u00a0', '\u200b', '\u202a', '\u2060');
  const written = fc
    .tuple(
      fc.constantFrom('911', '112', '9911', '0112', '+1911', '+44999', '01149110'),
      fc.array(fc.tuple(fc.constantFrom(...scripts), between), { minLength: 8, maxLength: 8 }),
      fc.constantFrom('', ' ', '\u202a', 'tel:', 'TEL://', '\u2066tel:'),
      fc.constantFrom('', ' ', '\u202c', ';', ',1', ' x1', ';ext=1', ' ext. 1'),
    )
    .map(([number, marks, before, behind]) => {
      const text = Array.from(number, (sign, index) => {
        const [digits, mark] = marks[index] ?? [[], ''];
        return `${digits[Number(sign)] ?? sign}${mark}`;
      }).join('');
      return { number, text: `${before}${text}${behind}` };
    });

  it('is known in every writing', () => {
    fc.assert(
      fc.property(written, ({ number, text }) => {
        const { digits } = readDialled(text);
        expect(digits).toBe(number);
        expect(isEmergencyNumber(digits, 'US')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what was dialled', () => {
  it.each([
    ['+1 (202) 555-0100', '+12025550100'],
    ['(+1) 202.555.0100', '+12025550100'],
    ['[202] 555/0100', '2025550100'],
    ['tel:+1-202-555-0100', '+12025550100'],
    ['TEL://+1.202.555.0100', '+12025550100'],
    ['tel:555-0100;phone-context=+1-202', '+12025550100'],
    ['tel:+1-202-555-0100;isub=12;phone-context=example.com', '+12025550100'],
    ['\u202a+1 202\u00a0555\u200b0100\u202c', '+12025550100'],
    ['\ufeff\u2066+1\u2011202\u2010555\u22120100\u2069', '+12025550100'],
    ['\uff0b\uff11\uff08\uff12\uff10\uff12\uff09\uff15\uff15\uff15\uff0d\uff10\uff11\uff10\uff10', '+12025550100'],
    ['+\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0660\u0660', '+12025550100'],
    ['+1\u2003202\u3000555\u202f0100', '+12025550100'],
  ])('as %j is %s', (text, digits) => {
    expect(readDialled(text)).toEqual({ digits, afterAnswer: '' });
  });

  it.each([
    ['+12025550100;ext=22', '22'],
    ['tel:+12025550100;ext=22', '22'],
    ['+1 202 555 0100 x22', '22'],
    ['+1 202 555 0100 ext. 22', '22'],
    ['+1 202 555 0100 Extension 22', '22'],
    ['+12025550100,22', '22'],
    ['+12025550100,,22#', '22#'],
    ['+12025550100;22p3', '22,3'],
    ['+12025550100\uff0c\uff12\uff12', '22'],
    ['+12025550100;', ''],
  ])('as %j has the tones %j after the answer', (text, afterAnswer) => {
    expect(readDialled(text)).toEqual({ digits: '+12025550100', afterAnswer });
  });

  it.each(['*98', '#31#2025550100', '*67 202 555 0100', '**21*2025550100#', '\uff0a98'])(
    'as %j is a feature code, which no route takes',
    async (text) => {
      const { digits } = readDialled(text);
      expect(digits).toBe(text.normalize('NFKC').replaceAll(' ', ''));
      const reader = new DestinationReader({ userByExtension: () => Promise.resolve(undefined) });
      const user = { userId: 'demo', username: 'demo', extension: null, homeCountry: null, callerIds: [] };
      await expect(reader.read([digits], { user, country: 'US' })).rejects.toThrow('Feature codes');
    },
  );

  it.each([
    '1-800-FLOWERS',
    '+1202555010\u00b9',
    'tel:7042;phone-context=example.com',
    ',911',
    '1'.repeat(200),
    '+1\t202',
    '++1',
  ])('as %j is no number', (text) => {
    expect(() => readDialled(text)).toThrow(/not a number|another network/);
  });

  it('takes the decimal digits of every script', () => {
    for (const system of Intl.supportedValuesOf('numberingSystem')) {
      const format = new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false });
      const digits = Array.from({ length: 10 }, (_, digit) => format.format(digit)).join('');
      if (!/^\p{Nd}{10}$/u.test(digits)) continue;
      expect([system, readDialled(digits).digits]).toEqual([system, '0123456789']);
    }
  });

  it('is digits and tones, or no number, whatever is sent', () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from('0123456789+*#,;pwxe t.()-/= \u202a')),
      maxLength: 128,
    });
    fc.assert(
      fc.property(text, (dialled) => {
        try {
          const { digits, afterAnswer } = readDialled(dialled);
          expect(digits).toMatch(/^(?:\+?[0-9]+|[*#]*[0-9][0-9*#]*)$/);
          expect(afterAnswer).toMatch(/^[0-9*#,]*$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_number' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('digits before which a plus may have been lost', () => {
  const extensions = new Map([
    ['201', { userId: 'alice', username: 'alice', extension: '201', homeCountry: null, callerIds: [] }],
  ]);
  const reader = new DestinationReader({ userByExtension: (digits) => Promise.resolve(extensions.get(digits)) });
  const demo = { userId: 'demo', username: 'demo', extension: null, homeCountry: null, callerIds: [] };
  const read = (digits: string, country: string): Promise<Destination> =>
    reader.read(readingsOf(digits, 'perhaps-lost'), { user: demo, country });

  it.each([
    ['4721234567', 'US', '+4721234567'],
    ['6561234567', 'US', '+6561234567'],
    ['12025550100', 'US', '+12025550100'],
    ['2025550107', 'US', '+12025550107'],
    ['3125550100', 'US', '+13125550100'],
    ['442079460000', 'GB', '+442079460000'],
    ['02079460000', 'GB', '+442079460000'],
    ['0047 21234567', 'GB', '+4721234567'],
    ['5215512345678', 'US', '+525512345678'],
    ['1 555 123 4567', 'US', '+15551234567'],
  ])('%s dialled in %s is %s', async (digits, country, e164) => {
    expect(await read(digits.replaceAll(' ', ''), country)).toMatchObject({ kind: 'number', number: { e164 } });
  });

  it.each([
    ['2035550100', 'US', 'with or without a plus this is a number: write %2B'],
    ['4722234567', 'US', 'with or without a plus this is a number: write %2B'],
    ['3125550', 'US', 'The number is not a number. In a form a plus is a blank: write %2B'],
    ['411', 'US', 'The number is not a number. In a form a plus is a blank: write %2B'],
  ])('%s dialled in %s is refused', async (digits, country, message) => {
    await expect(read(digits, country)).rejects.toThrow(message);
  });

  it('may be an extension', async () => {
    expect(await read('201', 'US')).toMatchObject({ kind: 'extension', user: { userId: 'alice' } });
  });

  /** Numbers in use, as the library knows them, with what is dialled for them at home. */
  const countries = {
    US: '1',
    GB: '44',
    NO: '47',
    DE: '49',
    EG: '20',
    IT: '39',
    MX: '52',
    IN: '91',
    SG: '65',
    AU: '61',
  };
  const country = fc.constantFrom(...(Object.keys(countries) as (keyof typeof countries)[]));
  const inUse = fc
    .tuple(country, fc.stringMatching(/^[0-9]{7,11}$/))
    .map(([home, rest]) => `${countries[home]}${rest}`)
    .filter((digits) => readOrNone(`+${digits}`, 'US') !== undefined);
  const readOrNone = (digits: string, home: string): string | undefined => {
    try {
      const { e164, type } = toE164(digits, home);
      return type === undefined ? undefined : e164;
    } catch {
      return undefined;
    }
  };
  const meantOrRefused = async (digits: string, home: string, meant: string): Promise<void> => {
    const dialled = await read(digits, home).catch((error: unknown) => error);
    if (dialled instanceof InvalidNumberError) expect(dialled.message).toContain('%2B');
    else expect(dialled).toMatchObject({ kind: 'number', number: { e164: meant } });
  };

  it('never dial a stranger where the plus was lost', async () => {
    await fc.assert(
      fc.asyncProperty(inUse, country, (digits, home) =>
        meantOrRefused(digits, home, readOrNone(`+${digits}`, home) ?? ''),
      ),
      { numRuns: 1000 },
    );
  });

  it('never dial a stranger where a blank stood before a number as it is dialled at home', async () => {
    const atHome = fc
      .tuple(fc.stringMatching(/^[0-9]{7,12}$/), country)
      .filter(([digits, home]) => readOrNone(digits, home) !== undefined);
    await fc.assert(
      fc.asyncProperty(atHome, ([digits, home]) => meantOrRefused(digits, home, readOrNone(digits, home) ?? '')),
      { numRuns: 1000 },
    );
  });
});

describe('costly numbers', () => {
  it.each([
    ['+19005550100', 'premium-rate'],
    ['+19001234567', 'premium-rate'],
    ['+12129761234', 'premium-rate'],
    ['+15005550006', 'personal-number'],
    ['+448712345678', 'premium-rate'],
    ['+447012345678', 'personal-number'],
    ['+33820123456', 'shared-cost'],
    ['+41901123456', 'premium-rate'],
    ['+979123456789', 'premium-rate'],
    ['+80812345678', 'shared-cost'],
    ['+870773111632', 'satellite'],
    ['+8816312345678', 'satellite'],
    ['+88216123456789', 'satellite'],
  ])('%s is of the kind %s', (e164, kind) => {
    expect(costlyKindOf(toE164(e164, 'US'))).toBe(kind);
  });

  it.each(['+12025550100', '+18005550100', '+442079460000', '+443001234567', '+80012345678', '+491711234567'])(
    '%s is none',
    (e164) => {
      expect(costlyKindOf(toE164(e164, 'US'))).toBeUndefined();
    },
  );
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
    ['+44 (0)20 7946 0000', 'US', '+442079460000', 'GB'],
    ['+39 06 1234 5678', 'US', '+390612345678', 'IT'],
    ['+52 1 55 1234 5678', 'US', '+525512345678', 'MX'],
    ['011 52 1 55 1234 5678', 'US', '+525512345678', 'MX'],
    ['5215512345678', 'MX', '+525512345678', 'MX'],
  ])('%s dialled in %s is %s of %s', (dialled, home, e164, country) => {
    expect(toE164(readDialled(dialled).digits, home)).toMatchObject({ e164, country });
  });

  it.each(['', '+', '12', 'x', '1;ext=5', '+1+2025550100', '202\n5550100', '15512345678901', '+521911'])(
    '%j is none',
    (dialled) => {
      expect(() => toE164(readDialled(dialled).digits, 'US')).toThrow(/not a number|too short for a number/);
    },
  );

  it('without their country code are never taken for an old Mexican mobile', () => {
    expect(() => toE164('12025550100', 'MX')).toThrow('not a number');
  });

  it.each(['988', '411', '201'])('do not include the short code %s, and it is told so', (dialled) => {
    expect(() => toE164(dialled, 'US')).toThrow(`${dialled} is nobody's extension and too short for a number.`);
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

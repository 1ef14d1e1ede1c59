import { describe, expect, it } from '@jest/globals';
import {
  fillTemplate,
  isNumberPattern,
  isSendTemplate,
  narrowerFirst,
  NumberPattern,
} from '../../src/shared/number-pattern.ts';

describe('a pattern of numbers', () => {
  it.each([
    ['2XX', ['200', '299'], ['20', '2000', '300', '2*0']],
    ['988', ['988'], ['98', '9880']],
    ['*98', ['*98'], ['98', '*981']],
    ['*67.', ['*672025550100'], ['*67', '67123']],
    ['Z', ['1', '9'], ['0', '']],
    ['N11', ['211', '911'], ['111', '011']],
    ['9.', ['91', '9*#'], ['9', '1']],
    ['.', ['1', '*98'], ['', '+1']],
    ['+882.', ['+8821'], ['882', '8821']],
    ['nxx', ['200'], ['100']],
  ])('%s takes %j and not %j', (text, taken, left) => {
    const pattern = new NumberPattern(text);
    expect(taken.filter((digits) => !pattern.matches(digits))).toEqual([]);
    expect(left.filter((digits) => pattern.matches(digits))).toEqual([]);
  });

  it.each(['2XX', '*98', '#31#X.', '.', '+1.', 'zn'])('may be %j', (text) => expect(isNumberPattern(text)).toBe(true));

  it.each(['', '+', '2.X', '2YY', '2-X', '[2-4]X', '2+', ' 2'])('is never %j', (text) =>
    expect(isNumberPattern(text)).toBe(false),
  );

  it('is tried before a wider one, wherever they first differ', () => {
    const patterns = ['.', '2X.', '2XX', '21X', '2NX', '9.', '988'].map((text) => new NumberPattern(text));
    expect(patterns.toSorted(narrowerFirst).map(({ text }) => text)).toEqual([
      '988',
      '21X',
      '2NX',
      '2XX',
      '2X.',
      '9.',
      '.',
    ]);
  });

  it('knows what its dot stands for, and what always stands before it', () => {
    const outside = new NumberPattern('9.');
    expect([outside.restOf('92025550100'), outside.literal]).toEqual(['2025550100', '9']);
    expect(new NumberPattern('2XX').restOf('201')).toBe('201');
  });
});

describe('what a route sends', () => {
  it.each([
    ['{number}', '92025550100'],
    ['{rest}', '2025550100'],
    ['00{rest}#', '002025550100#'],
    ['*5{number}', '*592025550100'],
  ])('%s of 92025550100 is %s', (template, sent) => {
    expect(isSendTemplate(template)).toBe(true);
    expect(fillTemplate(template, { number: '92025550100', rest: '2025550100' })).toBe(sent);
  });

  it.each(['', '{digits}', '{number', 'x', '{number} '])('is never %j', (text) =>
    expect(isSendTemplate(text)).toBe(false),
  );
});

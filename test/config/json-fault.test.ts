import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { faultOfJson } from '../../src/config/json-fault.ts';
import { shownLine } from '../../src/config/shown-line.ts';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('a text that is no JSON', () => {
  it.each([
    ['', 1, 1, 'the file ends here, and a value is expected'],
    ['{\n  "a": [1, 2],\n}\n', 3, 1, 'there is a comma too many before it'],
    ['[1,]', 1, 4, 'there is a comma too many before it'],
    ['{"a": 1 "b": 2}', 1, 9, 'a comma or } is expected'],
    ['{"a" 1}', 1, 6, 'a colon is expected'],
    ['{"a": tru}', 1, 7, 'a value is expected'],
    ['{"a": 01}', 1, 7, 'a value is expected'],
    ['{"a": "b\n"}', 1, 9, 'the double quotes are not closed'],
    ['{"a": "\\x"}', 1, 8, 'a backslash stands before something that it cannot escape'],
    ["{'a': 1}", 1, 2, 'names and texts stand in double quotes'],
    ['// hello\n{}', 1, 1, 'there are no comments in JSON'],
    ['\uFEFF{}', 1, 1, 'the file begins with a byte order mark'],
    ['{}\r\n{}', 2, 1, 'there is more after the end'],
  ])('is told where it is wrong, and why: %j', (text, line, column, reason) => {
    expect(faultOfJson(text)).toEqual({ line, column, reason });
  });

  it('is what Node takes for none, and no other', () => {
    const pieces = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"a"', '"', '1', '-0.5e3', '01', 'true', 'nul', ' ', '\\'],
    );
    const soup = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(soup, fc.json(), fc.string()), (text) => {
        expect([text, faultOfJson(text) === undefined]).toEqual([text, isJson(text)]);
      }),
      { seed: 20_261_128, numRuns: 3000 },
    );
  });
});

describe('the line that is shown', () => {
  it.each([
    ['  "name": "carrier" "uri": "sip:10.0.0.5",', 21, '  "name": "*******" "uri": "************",', 20],
    ['  "register": true "x": 5', 20, '  "register": true "x": 5', 19],
    ['"password": "hush-hush" "name": "a"', 25, '"password": "*********" "****": "*"', 24],
    ['"password": hush-hush', 13, '"password": *********', 12],
    ['"secret" "hush", "x": 12', 10, '"******" "****", "*": **', 9],
    ['\t"a": \u0007', 7, ' "a": *', 6],
  ])('has stars for texts, and a mark: %j', (line, column, shown, before) => {
    expect(shownLine(line, column)).toEqual([shown, `${' '.repeat(before)}^`]);
  });

  it('is the part around the mark where it is long', () => {
    const line = `${'[1],'.repeat(1000)}x`;
    const [shown, mark] = shownLine(line, line.length);
    expect(shown).toHaveLength(51);
    expect(mark).toBe(`${' '.repeat(50)}^`);
  });
});

import { expect, it } from '@jest/globals';
import { Concurrency } from '../../../src/features/history/concurrency.ts';
import { seededRandom } from '../../support/seeded-random.ts';

type Span = readonly [beginsAt: number, endsAt: number];

const mostOf = (spans: readonly Span[]): number => {
  const concurrency = new Concurrency();
  for (const [beginsAt, endsAt] of [...spans].sort(([one], [other]) => other - one)) concurrency.add(beginsAt, endsAt);
  return concurrency.most();
};

it.each<[string, Span[], number]>([
  ['none', [], 0],
  ['one', [[1, 9]], 1],
  ['one that was over as it began', [[5, 5]], 1],
  ['one behind the other', [[1, 5], [5, 9]], 1], // prettier-ignore
  ['two at once, and one later', [[1, 5], [4, 9], [8, 9]], 2], // prettier-ignore
  ['a long one around short ones', [[1, 99], [2, 3], [4, 5], [5, 6]], 2], // prettier-ignore
  ['three that begin together', [[1, 2], [1, 9], [1, 3]], 3], // prettier-ignore
])('of %s is the most at one moment', (_name, spans, most) => {
  expect(mostOf(spans)).toBe(most);
});

it('is what counting at each begin gives, for any calls', () => {
  const random = seededRandom(9);
  for (let round = 0; round < 100; round += 1) {
    const spans = Array.from({ length: Math.floor(random() * 40) }, (): Span => {
      const beginsAt = Math.floor(random() * 50);
      return [beginsAt, beginsAt + 1 + Math.floor(random() * 20)];
    });
    const counted = spans.map(([at]) => spans.filter(([from, until]) => from <= at && at < until).length);
    expect(mostOf(spans)).toBe(Math.max(0, ...counted));
  }
});

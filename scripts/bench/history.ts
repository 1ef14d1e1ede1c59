/*
 * What the history costs: first pages over few and over many calls, turn about in one process; the longest page and the
 * figures of all calls, with the longest turn of the event loop; and what the indexes cost the journal of a call.
 *
 * Shorter, by variables: FEW=1000 MANY=1000000 ROUNDS=200.
 */
import { median, printTable } from './figures.ts';
import { measureCommits } from './history/commits.ts';
import { EVERY_MS, type FilledDatabase, FIRST_AT, openFilled } from './history/filled-database.ts';
import { Reading, type Took } from './history/reading.ts';

const numberOf = (name: string, fallback: number): number => Number(process.env[name] ?? fallback);
const few = numberOf('FEW', 1000);
const many = numberOf('MANY', 1_000_000);
const rounds = numberOf('ROUNDS', 200);
const PAGE = 50;
const LONGEST_PAGE = 500;
const CONTROL_MS = 4000;

const filters = {
  'no filter': {},
  'by user': { username: 'name-000003' },
  'by outcome': { outcome: 'busy' },
  'by client': { clientId: 'client-03' },
  'by exact number': { number: { kind: 'exact', digits: '+12020000007' } },
  'by user and outcome': { username: 'name-000003', outcome: 'busy' },
} as const;

const shown = (milliseconds: number): string => milliseconds.toFixed(2);
const medianMs = (all: readonly Took[]): number => median(all.map(({ ms }) => ms));

/** Each filter over both, one after the other, so that what disturbs the machine disturbs both. */
const comparePages = async (small: Reading, large: Reading): Promise<void> => {
  const rows: (string | number)[][] = [['first page of 50', `${few} ms`, `${many} ms`, 'ratio', 'calls']];
  for (const [name, filter] of Object.entries(filters)) {
    const [ofSmall, ofLarge]: [Took[], Took[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      ofSmall.push(await small.page(filter, PAGE));
      ofLarge.push(await large.page(filter, PAGE));
    }
    const [one, other] = [medianMs(ofSmall), medianMs(ofLarge)];
    const calls = `${ofSmall[0]?.calls}, ${ofLarge[0]?.calls}`;
    rows.push([name, shown(one), shown(other), (other / one).toFixed(2), calls]);
  }
  printTable(rows);
};

const measureLongest = async (large: Reading): Promise<void> => {
  const period = { since: FIRST_AT, until: FIRST_AT + (many + 1) * EVERY_MS };
  const rows: (string | number)[][] = [
    ['the longest', 'ms', 'longest turn', 'processor in a turn', 'in all rounds', 'calls'],
  ];
  const tell = (name: string, all: readonly Took[]): void => {
    const turn = median(all.map(({ longestTurnMs }) => longestTurnMs));
    const cpu = all.map(({ mostCpuMs }) => mostCpuMs);
    const shares = [medianMs(all), turn, median(cpu), Math.max(...cpu)].map(shown);
    rows.push([name, ...shares, all[0]?.calls ?? 0]);
  };
  const pages: Took[] = [];
  for (let round = 0; round < rounds; round += 1) pages.push(await large.page({}, LONGEST_PAGE));
  tell('page of 500', pages);
  tell('prefix that no call has', [
    await large.page({ since: FIRST_AT, number: { kind: 'prefix', digits: '+49' } }, LONGEST_PAGE),
  ]);
  for (const by of ['day', 'trunk'] as const) {
    tell(`summary by ${by}`, [await large.summary({ whose: { kind: 'everybody' }, ...period, by })]);
  }
  tell('nothing, for as long', [await large.nothing(CONTROL_MS)]);
  printTable(rows);
};

const opened: FilledDatabase[] = [];
try {
  opened.push(await openFilled({ calls: few, users: 10, numbers: 10 }));
  opened.push(await openFilled({ calls: many, users: 1000, numbers: 10_000 }));
  const [small, large] = opened.map(({ database }) => new Reading(database));
  if (small === undefined || large === undefined) throw new Error('nothing was opened');
  console.log(`${few} calls of 10 users against ${many} of 1000; ${rounds} rounds; Node ${process.version}\n`);
  await comparePages(small, large);
  console.log('');
  await measureLongest(large);
  console.log('');
  await measureCommits();
} finally {
  for (const each of opened) await each.close();
}

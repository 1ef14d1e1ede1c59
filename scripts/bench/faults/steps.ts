import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openSqlite } from '../../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { CallLoad, type Sample } from '../../../test/support/call-load.ts';
import { FaultStage } from '../../../test/support/fault-stage.ts';
import { seededRandom } from '../../../test/support/seeded-random.ts';
import { SetClock } from '../../../test/support/set-clock.ts';
import { median, percentile } from '../figures.ts';
import { heldIf, type Report, variable } from './report.ts';

/** `+0` is none: how much two equal times differ on this machine. */
const OFFSETS = ['+0', '-12s', '-1h', '+30m', '+3d'];
const WINDOW_MS = 5000;
const SETTLE_MS = 1000;
const AT_MOST_TIMES = 1.5;
/** What waits for the wall clock waits for longer: the smallest step back is twelve seconds. */
const WAITED_MS = 1000;
const VERBS = ['POST', 'GET', 'PUT'] as const;
const LONGER_MS = 30 * 24 * 60 * 60 * 1000;

interface Step {
  readonly offset: string;
  readonly from: number;
  readonly stepped: number;
  readonly to: number;
}

/** Each step is taken several times. */
const takeSteps = async (clock: SetClock, rounds: number): Promise<Step[]> => {
  const taken: Step[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const offset of OFFSETS) {
      const from = performance.now();
      await pause(WINDOW_MS);
      clock.set(offset);
      const stepped = performance.now();
      await pause(WINDOW_MS);
      taken.push({ offset, from, stepped, to: performance.now() });
      clock.set('+0');
      await pause(SETTLE_MS);
    }
  }
  return taken;
};

/** The tokens of an application that keeps them fresh: three days later they would be expired. */
const prolongTokens = (directory: string): void => {
  const database = openSqlite(join(directory, 'offhook.db'));
  for (const table of ['access_tokens', 'token_families']) {
    database.prepare(`UPDATE ${table} SET expires_at = expires_at + ?`).run(LONGER_MS);
  }
  database.close();
};

const p99 = (samples: readonly Sample[], verb: Sample['verb']): number =>
  percentile(
    samples.filter((sample) => sample.verb === verb).map(({ ms }) => ms),
    0.99,
  );

interface Comparison {
  readonly ratios: readonly number[];
  readonly after: readonly Sample[];
}

/** A request that was under way at the step belongs to the time after it. */
const compare = (samples: readonly Sample[], { from, stepped, to }: Step): Comparison => {
  const before = samples.filter(({ at, ms }) => at >= from && at + ms < stepped);
  const after = samples.filter(({ at, ms }) => at + ms >= stepped && at < to);
  return { ratios: VERBS.map((verb) => p99(after, verb) / p99(before, verb)), after };
};

/** The median of the rounds: what other programs do to one of them is not the step's. */
const tell = (report: Report, offset: string, rounds: readonly Comparison[]): void => {
  const after = rounds.flatMap((round) => round.after);
  const refused = after.filter(({ status }) => status !== 200 && status !== 201).length;
  const slowest = Math.max(...after.map(({ ms }) => ms));
  const ratios = VERBS.map((_, index) => median(rounds.map((round) => round.ratios[index] ?? Number.NaN)));
  const isHeld = refused === 0 && slowest < WAITED_MS && ratios.every((ratio) => ratio <= AT_MOST_TIMES);
  const told = VERBS.map((verb, index) => `${verb} ${(ratios[index] ?? Number.NaN).toFixed(2)}`);
  const p99s = VERBS.map((verb) => p99(after, verb).toFixed(1));
  report.row({
    fault: 'steps',
    measure: `p99 of 5 s after ${offset === '+0' ? 'no step' : offset} against 5 s before, ${rounds.length} times`,
    bound: `${AT_MOST_TIMES} times, none refused, none of ${WAITED_MS / 1000} s`,
    measured: `${told.join(', ')} times, to ${p99s.join(', ')} ms; ${refused} of ${after.length} refused, the slowest ${slowest.toFixed(0)} ms`,
    bounded: offset === '+0' ? 'none' : heldIf(isHeld),
  });
};

/** Steps of the wall clock under ten calls a second. */
export const steps = async (report: Report): Promise<void> => {
  const rounds = variable('STEP_ROUNDS', 6);
  const clock = new SetClock();
  const stage = await FaultStage.open({ env: clock.env });
  try {
    prolongTokens(stage.directory);
    const load = new CallLoad(stage, { perSecond: 10, holdMs: 500, random: seededRandom(1) });
    await pause(SETTLE_MS);
    const taken = await takeSteps(clock, rounds);
    await load.stop();
    for (const offset of OFFSETS) {
      const ofOffset = taken.filter((step) => step.offset === offset);
      tell(
        report,
        offset,
        ofOffset.map((step) => compare(load.samples, step)),
      );
    }
  } finally {
    await stage.close();
    clock.close();
  }
};

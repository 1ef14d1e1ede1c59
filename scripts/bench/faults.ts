/*
 * Breaks what a service stands on, one thing after the other, while phone and carrier talk through it, and prints what
 * became of it, a row a measure. Ends with 1 when a bound is missed. `npm run bench:faults -- kill lock` breaks two.
 *
 * Shorter, by variables: STEP_ROUNDS=1 KILLS=5 FULL_SECONDS=10 LOCK_SECONDS=10 MANY_CALLS=20000 MANY_ROUNDS=3. SEED chooses
 * the moments of the kills. A full disk needs root; ALLOW_SKIP=1 lets it be left out. Many calls stay in a folder of /tmp.
 */
import { full } from './faults/full.ts';
import { kill } from './faults/kill.ts';
import { lock } from './faults/lock.ts';
import { many } from './faults/many.ts';
import { Report, variable } from './faults/report.ts';
import { steps } from './faults/steps.ts';

const faults: Readonly<Record<string, (report: Report) => Promise<void>>> = { steps, kill, full, lock, many };

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in faults));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}: the faults are ${Object.keys(faults).join(', ')}.`);
  process.exit(2);
}

// What was started ends with this process: each stage and disk sees to it at its exit.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
setTimeout(
  () => {
    console.error('The faults take too long: given up.');
    process.exit(1);
  },
  variable('LIMIT_MINUTES', 45) * 60_000,
).unref();

const report = new Report();
for (const name of named.length > 0 ? named : Object.keys(faults)) {
  try {
    await faults[name]?.(report);
  } catch (error) {
    report.row({
      fault: name,
      measure: 'could be measured',
      bound: 'yes',
      measured: error instanceof Error ? error.message : String(error),
      bounded: 'missed',
    });
    console.error(error);
  }
}
process.exit(report.missed === 0 ? 0 : 1);

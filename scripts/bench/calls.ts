/*
 * Calls end to end: HTTP POST with a bearer token, two legs answered by two sipp processes, PUT, both legs ended.
 * `npm run bench:calls -- rates overload` takes two of the steps alone; each tells what it measures.
 *
 * `asterisk` is for where Asterisk is installed: the same calls through ARI. Elsewhere it says so and measures nothing.
 *
 * Shorter, by variables: RATES=75,300 SECONDS_PER_RATE=2 CONNECTIONS=64 WARM_UP_CALLS=300 OVERLOAD_SECONDS=5 FLOOD_SECONDS=5.
 * CLEAN_RATE=600 is what overload is a multiple of, where `rates` is left out. NODE_ARGUMENTS are those of the service.
 */
import { compareWithAsterisk } from './calls/compare-with-asterisk.ts';
import { measureFloods } from './calls/floods.ts';
import { measureFloor } from './calls/floor.ts';
import { measureOverload } from './calls/overload.ts';
import { type HighestRates, measureRates } from './calls/rates.ts';

let highest: HighestRates | undefined;

const steps: Readonly<Record<string, () => Promise<unknown>>> = {
  floor: measureFloor,
  rates: async () => (highest = await measureRates()),
  overload: () => measureOverload(highest),
  floods: measureFloods,
  asterisk: compareWithAsterisk,
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}: the steps are ${Object.keys(steps).join(', ')}.`);
  process.exit(2);
}

// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

for (const [name, measure] of Object.entries(steps)) {
  if (named.length === 0 || named.includes(name)) await measure();
}

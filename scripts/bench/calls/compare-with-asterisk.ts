import { AriGenerator } from './ari-generator.ts';
import { AsteriskStage, asteriskVersion } from './asterisk.ts';
import { fixedRates, secondsPerRate as seconds } from './options.ts';
import { createRateTable, rateRow } from './rate-table.ts';
import { type MeasuredStage, measureRate, type Step } from './step.ts';
import { openWarmStage } from './warm-stage.ts';
import { describeFailure } from './words.ts';

const CONNECTIONS = 64;
/** Calls that are placed before anything is measured. */
const WARM_UP = { rate: 20, seconds: 5 };

interface Subject {
  readonly name: string;
  readonly stage: MeasuredStage;
  readonly generator: Parameters<typeof measureRate>[1];
  readonly close: () => Promise<void>;
}

const openOurs = async (): Promise<Subject> => ({ name: 'Offhook', ...(await openWarmStage(CONNECTIONS)) });

const openAsterisk = async (): Promise<Subject> => {
  const stage = await AsteriskStage.open();
  const generator = await AriGenerator.open(stage.httpPort, CONNECTIONS);
  const close = async (): Promise<void> => {
    generator.close();
    await stage.close();
  };
  await measureRate(stage, generator, WARM_UP);
  return { name: 'Asterisk', stage, generator, close };
};

/**
 * The same calls between the same two peers, by `/rest/call` and by ARI, at the fixed rates until one is not clean.
 * Media flow directly between the peers with both. Asterisk runs as its packages set it up; its application's own cost is
 * that of the generator.
 */
export const compareWithAsterisk = async (): Promise<void> => {
  const version = asteriskVersion();
  if (version === undefined) {
    console.log('\nasterisk: it is not installed here, so there is no comparison');
    return;
  }
  console.log(`\nasterisk: ${version} by ARI, and Offhook by /rest/call, each rate for ${seconds} s`);
  const table = createRateTable();
  for (const open of [openOurs, openAsterisk]) {
    const { name, stage, generator, close } = await open();
    try {
      for (const rate of fixedRates) {
        const step: Step = await measureRate(stage, generator, { rate, seconds });
        const measured = { rate, connections: CONNECTIONS, start: name };
        for (const outcome of step.outcomes) table.row(rateRow(step, outcome, measured));
        if (!step.isClean) {
          console.log(await describeFailure(step, stage));
          break;
        }
      }
    } finally {
      await close();
    }
  }
};

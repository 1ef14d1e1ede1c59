import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorize } from '../../support/authorize.ts';
import { JobClient } from '../../support/job-client.ts';
import { RtpRelay } from '../../support/rtp-relay.ts';
import { freePort, type Sipp, startSipp } from '../../support/sipp.ts';
import { startService } from '../../support/start-service.ts';
import { scenarioOf } from '../steps.ts';
import { Captures } from './captures.ts';
import { type JudgedCase, judgedCase } from './judged-case.ts';
import type { StageOptions } from './sandbox-stage.ts';
import type { SippCase } from './sipp-cases.ts';

/** Below the range from which the kernel gives ports, and another place in each process. */
const FIRST_PORT = 20_000 + (process.pid % 10) * 400;

/** Each case has a trunk of its own, which is used once: what one refuses is no fault of the next. */
interface Line {
  readonly number: string;
  readonly port: number;
}

const lineOf = (index: number): Line => ({ number: `+1202555${1000 + index}`, port: FIRST_PORT + 2 * index });

const settingsFor = (cases: readonly SippCase[]): object => ({
  trunks: cases.map((_, index) => ({
    name: `sipp-${index}`,
    uri: `sip:127.0.0.1:${lineOf(index).port}`,
    caller_id: '+12025550199',
  })),
  routes: cases.map((_, index) => ({ prefix: lineOf(index).number, trunks: [`sipp-${index}`] })),
});

/** sipp, and the relay before it where the case has one. */
interface FarEnd {
  readonly sipp: Sipp;
  readonly relay: RtpRelay | undefined;
}

const startFarEnd = async (
  { steps, echoes, relay: plan }: SippCase,
  { port }: Line,
  captures: Captures,
): Promise<FarEnd> => {
  const mediaPort = await freePort();
  const relay = plan === undefined ? undefined : await RtpRelay.open({ farPort: mediaPort, plan });
  const scenario = scenarioOf(
    steps({ fileOf: (name) => captures.fileOf(name), ...(relay !== undefined && { mediaPort: String(relay.port) }) }),
  );
  await captures.written();
  const extra = echoes === true ? ['-rtp_echo'] : [];
  return { sipp: await startSipp({ scenario, port, mediaPort, extra }), relay };
};

const end = async ({ sipp, relay }: FarEnd): Promise<void> => {
  relay?.close();
  await sipp.kill();
};

/** Tries cases on sipp, each on a process of its own, so many at once. */
export const trySipp = async (
  cases: readonly SippCase[],
  { parallel }: StageOptions,
): Promise<readonly JudgedCase[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-verdicts-'));
  const captures = new Captures(directory);
  const env = { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' };
  const service = await startService({ env, settings: settingsFor(cases) });
  const judged: JudgedCase[] = [];
  try {
    const jobs = new JobClient(service.baseUrl, await authorize(service.baseUrl));
    for (let first = 0; first < cases.length; first += parallel) {
      const batch = cases.slice(first, first + parallel);
      const farEnds = await Promise.all(batch.map((each, index) => startFarEnd(each, lineOf(first + index), captures)));
      const scripts = batch.map(({ name, script }, index) => ({
        name,
        number: lineOf(first + index).number,
        ...script,
      }));
      const runs = await jobs.run(`sipp from ${first}`, scripts);
      await Promise.all(farEnds.map(end));
      judged.push(...batch.map((each) => judgedCase(each, 'sipp', runs)));
    }
    return judged;
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
};

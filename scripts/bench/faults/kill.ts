import { setTimeout as pause } from 'node:timers/promises';
import { CallLoad, type PromisedCall, untruthOf } from '../../../test/support/call-load.ts';
import { FaultStage } from '../../../test/support/fault-stage.ts';
import { seededRandom } from '../../../test/support/seeded-random.ts';
import { heldIf, type Report, variable } from './report.ts';

const READY_WITHIN_MS = 3000;
const LATEST_MS = 1500;

/** kill -9 and an immediate start, again and again on the same data, at moments that the seed chooses. */
export const kill = async (report: Report): Promise<void> => {
  const [kills, seed] = [variable('KILLS', 50), variable('SEED', 1)];
  const random = seededRandom(seed);
  const startsMs: number[] = [];
  const promised: PromisedCall[] = [];
  const untruths: string[] = [];
  const stage = await FaultStage.open();
  try {
    for (let count = 0; count < kills; count += 1) {
      const load = new CallLoad(stage, { perSecond: 20, holdMs: 400, random });
      await pause(random() * LATEST_MS);
      await stage.kill();
      await stage.start();
      startsMs.push(stage.startMs);
      await load.stop();
      for (const call of load.promised)
        untruths.push(...[await untruthOf(stage, call)].filter((said) => said !== undefined));
      promised.push(...load.promised);
    }
    // Once more at the end: a later kill must not have touched an earlier record.
    for (const call of promised) untruths.push(...[await untruthOf(stage, call)].filter((said) => said !== undefined));
    const { ghosts } = await stage.disagreements();
    const inTime = startsMs.filter((ms) => ms <= READY_WITHIN_MS).length;
    report.row({
      fault: 'kill',
      measure: `ready again within ${READY_WITHIN_MS / 1000} s`,
      bound: `${kills} of ${kills}`,
      measured: `${inTime} of ${kills}, the slowest after ${(Math.max(...startsMs) / 1000).toFixed(2)} s (seed ${seed})`,
      bounded: heldIf(inTime === kills),
    });
    const stopped = promised.filter(({ endedBy }) => endedBy !== undefined).length;
    report.row({
      fault: 'kill',
      measure: `true records of ${promised.length} calls with 201, ${stopped} of them with a PUT`,
      bound: 'all, and none is listed',
      measured: `${untruths.length} untrue, ${ghosts.length} listed ${untruths.slice(0, 3).join('; ')}`,
      bounded: heldIf(untruths.length + ghosts.length === 0 && promised.length > 0),
    });
  } finally {
    await stage.close();
  }
};

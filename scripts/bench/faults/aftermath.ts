import { type CallLoad, untruthOf } from '../../../test/support/call-load.ts';
import { becomes, type FaultStage } from '../../../test/support/fault-stage.ts';
import { type Hangup, missingOf } from '../../../test/support/hangups.ts';
import { heldIf, type Report } from './report.ts';

const LIMIT_MS = 5000;
/** To tell how late what was too late came. */
const LOOK_FOR_MS = 60_000;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const after = (ms: number): string => (ms === Infinity ? `not within ${seconds(LOOK_FOR_MS)}` : `after ${seconds(ms)}`);

/** What must be true within five seconds after a fault of the storage. */
export interface Aftermath {
  readonly fault: string;
  readonly stage: FaultStage;
  /** When the fault was over, by `performance.now()`. */
  readonly overAt: number;
  /** What was hung up meanwhile. */
  readonly hangups: readonly Hangup[];
  /** Resolves when the calls beside these are over. */
  readonly settled: Promise<void>;
  /** The numbers of all calls in the journal, read beside the service. */
  readonly journalled: () => Promise<readonly string[]>;
  /** The numbers of the calls that nobody hung up. */
  readonly goingOn: readonly string[];
}

const missing = async (stage: FaultStage, hangups: readonly Hangup[]): Promise<readonly string[]> =>
  (await Promise.all(hangups.map((hangup) => missingOf(stage, hangup)))).filter((said) => said !== undefined);

/** Looks at list and journal from the end of the fault on, until they are true or it is far too late. */
export const tellAftermath = async (report: Report, { fault, stage, ...what }: Aftermath): Promise<void> => {
  const done = what.hangups.filter(({ isDone }) => isDone);
  const since = async (isSo: () => Promise<boolean>): Promise<number> =>
    (await becomes(isSo, LOOK_FOR_MS)) ? performance.now() - what.overAt : Infinity;
  const [agreed, journalled] = await Promise.all([
    since(async () => {
      const { ghosts, strays } = await stage.disagreements();
      return ghosts.length + strays.length === 0;
    }),
    since(async () => (await missing(stage, done)).length === 0),
  ]);
  await what.settled;
  const { ghosts, strays } = await stage.disagreements();
  report.row({
    fault,
    measure: 'the list is what runs',
    bound: `within ${seconds(LIMIT_MS)}, 0 ghosts`,
    measured: `${after(agreed)}, ${ghosts.length} ghosts, ${strays.length} strays`,
    bounded: heldIf(agreed <= LIMIT_MS && ghosts.length === 0),
  });
  const untold = await missing(stage, done);
  report.row({
    fault,
    measure: 'hang-ups meanwhile are in the journal',
    bound: `${done.length} of ${done.length} within ${seconds(LIMIT_MS)}`,
    measured: `${done.length - untold.length} of ${done.length} ${after(journalled)} ${untold.slice(0, 2).join('; ')}`,
    bounded: heldIf(journalled <= LIMIT_MS && done.length > 0),
  });
};

/** Calls that nobody hung up go on, and who hangs up is heard: at once, whatever the storage does. */
export const tellCalls = (report: Report, { fault, stage, hangups, goingOn }: Aftermath): void => {
  const carried = goingOn.filter((number) => stage.isCarried(number)).length;
  report.row({
    fault,
    measure: 'calls in progress go on',
    bound: `${goingOn.length} of ${goingOn.length}`,
    measured: `${carried} of ${goingOn.length}`,
    bounded: heldIf(carried === goingOn.length),
  });
  const byPeers = hangups.filter(({ status }) => status === undefined);
  const slowest = Math.max(...byPeers.map(({ ms }) => ms));
  report.row({
    fault,
    measure: 'a BYE is confirmed, and the other end hung up',
    bound: `${byPeers.length} of ${byPeers.length}, within 0.5 s (T1)`,
    measured: `${byPeers.filter(({ isDone }) => isDone).length} of ${byPeers.length}, the slowest after ${slowest.toFixed(0)} ms`,
    bounded: heldIf(byPeers.every(({ isDone }) => isDone) && slowest <= 500),
  });
  const puts = hangups.filter(({ status }) => status !== undefined);
  const statuses = [...new Set(puts.map(({ status }) => status))].join(', ');
  // 200 is a promise; what is refused may go on.
  const broken = puts.filter(({ status, isDone }) => status === 200 && !isDone).length;
  report.row({
    fault,
    measure: 'PUT meanwhile',
    bound: '200 and hung up, or 503',
    measured: `${puts.length} of ${statuses}, ${puts.filter(({ isDone }) => isDone).length} hung up`,
    bounded: heldIf(broken === 0 && puts.every(({ status }) => status === 200 || status === 503)),
  });
};

/** A call with 201 has a record, whatever became of it; one that was refused rang nobody, and has none. */
export const tellPromises = async (report: Report, aftermath: Aftermath, load: CallLoad): Promise<void> => {
  const { fault, stage } = aftermath;
  // A PUT that was refused may have left its call.
  const left = load.promised.filter(({ endedBy }) => endedBy === undefined);
  await Promise.allSettled(left.map(({ token }) => stage.rest.stop(token)));
  const untruths = await Promise.all(load.promised.map((call) => untruthOf(stage, call)));
  const untrue = untruths.filter((said) => said !== undefined);
  const rung = load.refused.filter((number) => stage.phone.invited.has(number)).length;
  const journalled = new Set(await aftermath.journalled());
  const kept = load.refused.filter((number) => journalled.has(number)).length;
  report.row({
    fault,
    measure: `true records of ${load.promised.length} calls with 201; ${load.refused.length} refused ones rang nobody and have none`,
    bound: 'all',
    measured: `${untrue.length} untrue, ${rung} rang, ${kept} have one ${untrue.slice(0, 2).join('; ')}`,
    bounded: heldIf(untrue.length + rung + kept === 0),
  });
};

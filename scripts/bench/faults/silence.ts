import { becomes, type FaultStage } from '../../../test/support/fault-stage.ts';

/** For the runtime of the service that is listened to. */
export const PROBE = ['--import', new URL('silence-probe.mjs', import.meta.url).href];

const TOLD = /^longest silence (\S+) of (\S+) ms$/;
const TELLS_WITHIN_MS = 20_000;

/** The longest time that an event loop stood still, in milliseconds. */
export interface Silence {
  /** Without the time in which other programs had the processor. */
  readonly own: number;
  readonly whole: number;
}

/** @returns the longest silence of the service since it was last asked */
export const longestSilence = async ({ service }: FaultStage): Promise<Silence> => {
  const heard = service.output.length;
  const told = (): string | undefined => service.output.slice(heard).find((line) => TOLD.test(line));
  process.kill(service.pid, 'SIGUSR2');
  if (!(await becomes(() => told() !== undefined, TELLS_WITHIN_MS))) throw new Error('the service tells no silence');
  const [, own, whole] = TOLD.exec(told() ?? '') ?? [];
  return { own: Number(own), whole: Number(whole) };
};

import type { CallGenerator } from './call-generator.ts';
import { CallStage, type StageOptions } from './call-stage.ts';
import { warmUpCalls } from './options.ts';
import { measureRate } from './step.ts';

/** Slow enough to be clean on any machine that is measured. */
const WARM_UP_RATE = 200;

export interface OpenStage {
  readonly stage: CallStage;
  readonly generator: CallGenerator;
  close(): Promise<void>;
}

/** Cold: the process is new, and each connection is opened when it is first used. */
export const openColdStage = async (connections: number, options: StageOptions = {}): Promise<OpenStage> => {
  const stage = await CallStage.open(options);
  const generator = stage.generator(connections);
  const close = async (): Promise<void> => {
    generator.close();
    await stage.close();
  };
  return { stage, generator, close };
};

/** Warm: the service has carried so many calls that its code is compiled, and all connections are open. */
export const openWarmStage = async (connections: number, options: StageOptions = {}): Promise<OpenStage> => {
  const opened = await openColdStage(connections, options);
  const { stage, generator } = opened;
  if (warmUpCalls > 0) await measureRate(stage, generator, { rate: WARM_UP_RATE, seconds: warmUpCalls / WARM_UP_RATE });
  await generator.open();
  return opened;
};

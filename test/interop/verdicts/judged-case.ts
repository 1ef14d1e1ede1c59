import type { SeenRun } from '../../support/job-client.ts';
import { missesOf, type VerdictCase } from './verdict-case.ts';

/** A case that was tried. */
export interface JudgedCase {
  readonly name: string;
  readonly farEnd: 'sandbox' | 'sipp' | 'baresip';
  readonly wanted: 'Pass' | 'Fail';
  /** What is wrong with its verdict, in words; none where it is right. */
  readonly misses: readonly string[];
  readonly wantsToneHz: number | undefined;
  readonly wantsEchoDelayMs: number | undefined;
  readonly run: SeenRun | undefined;
}

export const judgedCase = (wanted: VerdictCase, farEnd: JudgedCase['farEnd'], runs: readonly SeenRun[]): JudgedCase => {
  const run = runs.find(({ script }) => script === wanted.name);
  return {
    name: wanted.name,
    farEnd,
    wanted: wanted.fails.length === 0 ? 'Pass' : 'Fail',
    misses: missesOf(wanted, run),
    wantsToneHz: wanted.measures?.toneHz,
    wantsEchoDelayMs: wanted.measures?.echoDelayMs,
    run,
  };
};

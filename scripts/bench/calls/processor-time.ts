import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

/** In user and system mode (proc(5), fields 14 and 15). */
const readMs = (path: string): number => {
  const fields = readFileSync(path, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
};

/** Milliseconds of processor time that a process has used. */
export interface ProcessorTime {
  /** With the threads that have ended. */
  readonly wholeMs: number;
  /** The thread that runs the event loop of Node. The others collect garbage, compile, hash, flush, or are workers. */
  readonly mainMs: number;
  readonly threads: number;
}

export const processorTimeOf = (pid: number): ProcessorTime => ({
  wholeMs: readMs(`/proc/${pid}/stat`),
  mainMs: readMs(`/proc/${pid}/task/${pid}/stat`),
  threads: readdirSync(`/proc/${pid}/task`).length,
});

/** Of this process. */
export const ownProcessorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Lets the peak of the resident memory begin anew (proc(5), clear_refs). */
export const resetPeakMemory = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');

const statusMb = (pid: number, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Megabytes that were resident at the most since the last reset. */
export const peakMemoryMb = (pid: number): number => statusMb(pid, 'VmHWM');

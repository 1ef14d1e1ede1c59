import { sayRun, type SeenJob } from './job-report.ts';
import type { Terminal } from './terminal.ts';

const BAR_WIDTH = 30;
/** Back to the beginning of the line, and what stands there away (ECMA-48: EL). */
const CLEAR_LINE = '\r\u001b[K';

const barOf = ({ job, runs }: SeenJob): string => {
  const { completed, totalScripts, failed } = job;
  const full = totalScripts === 0 ? 0 : Math.floor((BAR_WIDTH * completed) / totalScripts);
  const running = runs.filter(({ status }) => status === 'Running').length;
  const words = [
    `${completed}/${totalScripts}`,
    ...(running > 0 ? [`${running} running`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${words.join(', ')}`;
};

/** Tells of each run of a job once it is over; at a terminal, a bar below it shows how far the job is. */
export class JobProgress {
  readonly #terminal: Terminal;
  readonly #told = new Set<number>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(seen: SeenJob): void {
    const { job, runs } = seen;
    this.clear();
    for (const run of runs) {
      if (run.endedAt === null || this.#told.has(run.id)) continue;
      this.#told.add(run.id);
      this.#terminal.say(`[${this.#told.size}/${job.totalScripts}] ${sayRun(run)}`);
    }
    if (job.endedAt === null) this.#terminal.draw?.(barOf(seen));
  }

  /** Says a line above the bar, which is drawn anew with the next change. */
  say(line: string): void {
    this.clear();
    this.#terminal.say(line);
  }

  /** Takes the bar away. */
  clear(): void {
    this.#terminal.draw?.(CLEAR_LINE);
  }
}

/** One row of the table: what was measured, and whether its bound held. */
export interface Measure {
  readonly fault: string;
  readonly measure: string;
  readonly bound: string;
  readonly measured: string;
  /** `none`: told for comparison. */
  readonly bounded: 'held' | 'missed' | 'none';
}

export const heldIf = (isHeld: boolean): Measure['bounded'] => (isHeld ? 'held' : 'missed');

/** Prints a Markdown table as it grows, so that what was measured is there whatever happens later. */
export class Report {
  #missed = 0;

  constructor() {
    console.log('| fault | measure | bound | measured | |\n| --- | --- | --- | --- | --- |');
  }

  row({ fault, measure, bound, measured, bounded }: Measure): void {
    if (bounded === 'missed') this.#missed += 1;
    const verdict = { held: 'held', missed: '**missed**', none: '' }[bounded];
    console.log(`| ${[fault, measure, bound, measured, verdict].join(' | ').replaceAll('\n', ' ')} |`);
  }

  get missed(): number {
    return this.#missed;
  }
}

/** A number that may be set by a variable, so that CI can take less time. */
export const variable = (name: string, usual: number): number => Number(process.env[name] ?? usual);

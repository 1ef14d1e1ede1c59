import { readFileSync } from 'node:fs';

/** The value below which `share` of the figures lie; NaN of none. */
export const percentile = (figures: readonly number[] | Float64Array, share: number): number => {
  const sorted = Float64Array.from(figures).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

export const median = (figures: readonly number[]): number => percentile(figures, 0.5);

/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

/** Milliseconds of processor time that a process has used, in user and system mode (proc(5), fields 14 and 15). */
export const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
};

/** Prints rows as columns of equal width. */
export const printTable = (rows: readonly (readonly (string | number)[])[]): void => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows) {
    console.log(row.map((cell, column) => String(cell).padStart(widths[column] ?? 0)).join('  '));
  }
};

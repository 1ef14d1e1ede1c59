import { readFileSync } from 'node:fs';

/** What is assumed where the system does not tell: the least that is usual. */
const USUAL = 1024;

/** How many files this process may have open, sockets included. Node raises the soft limit to the hard one when it starts. */
export const readOpenFilesLimit = (): number => {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return soft === 'unlimited' ? Infinity : Number(soft ?? USUAL);
  } catch {
    return USUAL; // no /proc: not Linux
  }
};

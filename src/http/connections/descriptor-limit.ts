import { readFileSync } from 'node:fs';

/** Where the system does not say. */
const UNKNOWN = 4096;

/** How many descriptors this process may have open. Node raises the soft limit to the hard one at its start. */
export const descriptorLimit = (): number => {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return UNKNOWN;
  }
  const soft = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return UNKNOWN;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
};

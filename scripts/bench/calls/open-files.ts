import { readFileSync } from 'node:fs';

/** What a process has open beside the connections that are measured. */
const OTHER_FILES = 500;

/** Node takes the hard limit itself, at its start (proc(5), limits). */
const limitOf = (pid: number | 'self'): number => {
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
  return limit === 'unlimited' ? Infinity : Number(limit);
};

/** @throws Error when this process or that one may not have so many connections open */
export const requireOpenFiles = (pid: number, connections: number): void => {
  const needed = connections + OTHER_FILES;
  const allowed = Math.min(limitOf('self'), limitOf(pid));
  if (allowed >= needed) return;
  throw new Error(
    `${connections} connections need ${needed} open files in a process, and ${allowed} are allowed. Raise the hard limit first: "ulimit -Hn ${needed}" as root.`,
  );
};

import { statSync } from 'node:fs';

/**
 * What tells a database file from its copies: a backup that is restored is another file, with a birth of its own. Where
 * the file system does not know births, the number of the file alone. It only looks the file up: to open and close it
 * would drop the locks of this process.
 */
export const fileIdentityOf = (path: string): string => {
  const { ino, birthtimeMs } = statSync(path);
  return `${ino}.${Math.round(birthtimeMs)}`;
};

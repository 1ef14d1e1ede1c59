import type { Administration } from '../app/administration.ts';
import type { Terminal } from './terminal.ts';

/** What the audit log says of accounts that were changed by a command. */
export const BY_COMMAND = { detail: 'by a command' } as const;

/** What every command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Runs `work` against the database of the configuration, and closes it again. */
  readonly administer: (work: (administration: Administration) => Promise<void>) => Promise<void>;
}

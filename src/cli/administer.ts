import type { Administration } from '../app/administration.ts';

/** A command got words that it cannot use; the message is for the operator who typed them. */
export class UsageError extends Error {}

/** A command was understood and cannot be done. */
export class RefusedError extends Error {}

/** What the audit log says of accounts that were changed by a command. */
export const BY_COMMAND = { detail: 'by a command' } as const;

/** Runs `work` against the database of the configuration, and closes it again. */
export type Administer = (work: (administration: Administration) => Promise<void>) => Promise<void>;

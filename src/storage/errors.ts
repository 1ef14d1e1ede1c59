import { AppError, type ErrorKind } from '../shared/errors.ts';

/** The address of the database cannot be understood. */
export class DatabaseUrlError extends AppError {
  readonly code = 'database_url';
  readonly kind: ErrorKind = 'invalid';
}

/** The file cannot be opened, is damaged, or is no database of this program. */
export class DatabaseFileError extends AppError {
  readonly code = 'database_file';
  readonly kind: ErrorKind = 'unavailable';
}

/** A backup cannot be made; nothing of it is left. */
export class BackupError extends AppError {
  readonly code = 'backup';
  readonly kind: ErrorKind = 'unavailable';
}

/** Another process serves the database. */
export class DatabaseInUseError extends AppError {
  readonly code = 'database_in_use';
  readonly kind: ErrorKind = 'conflict';
  constructor(path: string) {
    super(`Another process serves the database ${path}: one database is served by one process.`);
  }
}

/** better-sqlite3 is not there, or has no binary for this Node. */
export class SqliteMissingError extends AppError {
  readonly code = 'sqlite_missing';
  readonly kind: ErrorKind = 'unavailable';
  constructor(cause: unknown) {
    const hint = 'run `npm ci` with the Node that runs Offhook (Node 20 also needs a C++ compiler, make and Python)';
    super(`SQLite is not installed for Node ${process.versions.node}: ${hint}.`, { cause });
  }
}

/** A newer version of the program has changed the database: this one does not know its tables. */
export class DatabaseTooNewError extends AppError {
  readonly code = 'database_too_new';
  readonly kind: ErrorKind = 'unavailable';
}

/** The tables could not be brought up to date; they are as they were. */
export class MigrationFailedError extends AppError {
  readonly code = 'migration_failed';
  readonly kind: ErrorKind = 'unavailable';
}

/** Why nothing can be stored or read. */
export type UnavailableReason =
  | 'disk-full'
  | 'disk-error'
  | 'read-only'
  | 'locked'
  | 'not-answering'
  | 'no-descriptors'
  | 'no-memory'
  | 'damaged'
  | 'failed';

const reasonWords: Readonly<Record<UnavailableReason, string>> = {
  'disk-full': 'the disk is full',
  'disk-error': 'the disk fails',
  'read-only': 'the database is read-only',
  locked: 'another program holds the database',
  'not-answering': 'the disk does not answer',
  'no-descriptors': 'the process has too many open files',
  'no-memory': 'there is too little memory',
  damaged: 'the database is damaged',
  failed: 'the database fails',
};

/** A reason as a person reads it: "the disk is full". */
export const describeReason = (reason: UnavailableReason): string => reasonWords[reason];

/** `undone`: nothing of it was written. `unknown`: it was committed, and a loss of power may take it back. */
export type LostOutcome = 'undone' | 'unknown';

interface UnavailableOptions {
  readonly cause?: unknown;
  /** `undone` by default. */
  readonly outcome?: LostOutcome;
  readonly attempt?: 'stored' | 'read';
}

const RETRY_AFTER_SECONDS = 5;

/**
 * The database as a whole cannot be used: the disk is full or fails, or another program holds it for too long. A whole
 * group of writes is lost with one such error.
 */
export class DatabaseUnavailableError extends AppError {
  readonly code = 'database_unavailable';
  readonly kind: ErrorKind = 'unavailable';
  readonly reason: UnavailableReason;
  readonly outcome: LostOutcome;
  constructor(reason: UnavailableReason, { cause, outcome = 'undone', attempt = 'stored' }: UnavailableOptions = {}) {
    const message = `Nothing can be ${attempt} at the moment: ${describeReason(reason)}.`;
    super(message, { cause, details: { retryAfterSeconds: RETRY_AFTER_SECONDS } });
    this.reason = reason;
    this.outcome = outcome;
  }
}

/** The database was closed before this was asked of it. */
export class DatabaseClosedError extends AppError {
  readonly code = 'database_closed';
  readonly kind: ErrorKind = 'unavailable';
  constructor() {
    super('The service is stopping.');
  }
}

/** The key file cannot be used: it is missing, damaged, or belongs to another database. */
export class SecretFileError extends AppError {
  readonly code = 'secret_file';
  readonly kind: ErrorKind = 'unavailable';
}

/**
 * What was sealed was sealed with another key or for another purpose, or has been altered. After the check of the key
 * file at the start that is a fault of ours, and nothing that a client is told of.
 */
export class SealBrokenError extends Error {
  readonly code = 'seal_broken';
}

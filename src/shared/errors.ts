/**
 * What went wrong, seen by the client. `http/problem.ts` gives each kind its status:
 * invalid 400, unauthenticated 401, forbidden 403, not-found 404, conflict 409, limited 429, unavailable 503.
 */
export type ErrorKind =
  'invalid' | 'unauthenticated' | 'forbidden' | 'not-found' | 'conflict' | 'limited' | 'unavailable';

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Facts for the caller. They are sent to the client: never anything of our insides, never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The root of every error that is reported to a caller, who can read its message.
 * Anything else that is thrown is a fault of ours: a bare 500 outside, one log line with its cause inside.
 */
export abstract class AppError extends Error {
  /** Stable, snake_case, part of the HTTP contract. */
  abstract readonly code: string;
  abstract readonly kind: ErrorKind;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.details = options.details;
  }
}

/** Whether what failed may have happened all the same. A port whose writes can end so says it by `outcome: 'unknown'`. */
export const isOutcomeUnknown = (error: unknown): boolean =>
  error instanceof AppError && 'outcome' in error && error.outcome === 'unknown';

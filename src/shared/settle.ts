/**
 * Ends a promise in a callback of Node's kind, for libraries that know no promises: they wait for ever for a callback
 * that rejects. What the callback throws is handed to it in turn: thrown here, no handler would see it, and the request
 * would hang.
 */
export const settle = <Result>(work: Promise<Result>, done: (error: Error | null, result?: Result) => void): void => {
  work
    .then((result) => done(null, result))
    .catch((error: unknown) =>
      done(error instanceof Error ? error : new Error('Rejected without an error', { cause: error })),
    );
};

/** Lets so many tasks run at once; the others wait in order. */
export interface ConcurrencyLimit {
  run<Result>(task: () => Promise<Result>): Promise<Result>;
}

export const createConcurrencyLimit = (most: number): ConcurrencyLimit => {
  const waiting: (() => void)[] = [];
  let free = most;

  const enter = (): Promise<void> => {
    if (free === 0) return new Promise((resolve) => waiting.push(resolve));
    free -= 1;
    return Promise.resolve();
  };

  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  return {
    run: async (task) => {
      await enter();
      try {
        return await task();
      } finally {
        leave();
      }
    },
  };
};

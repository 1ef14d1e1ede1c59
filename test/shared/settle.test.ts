import { describe, expect, it } from '@jest/globals';
import { settle } from '../../src/shared/settle.ts';

/** What a callback was told, in turn; it throws when it is told a result. */
const told = async (work: Promise<string>): Promise<readonly unknown[]> => {
  const calls: unknown[] = [];
  return new Promise((resolve) =>
    settle(work, (error, result) => {
      calls.push(error?.message ?? result);
      if (error === null) throw new Error('thrown by the callback');
      resolve(calls);
    }),
  );
};

describe('a promise that ends in a callback', () => {
  it('tells the callback what it throws itself, so that no request hangs', async () => {
    expect(await told(Promise.resolve('done'))).toEqual(['done', 'thrown by the callback']);
    expect(await told(Promise.reject(new Error('refused')))).toEqual(['refused']);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what other code may do
    expect(await told(Promise.reject('no error'))).toEqual(['Rejected without an error']);
  });
});

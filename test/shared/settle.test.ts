import { describe, expect, it } from '@jest/globals';
import { settle } from '../../src/shared/settle.ts';

/** What a callback was given, in turn; it throws when it is given a result. */
const givenTo = async (work: Promise<string>): Promise<readonly unknown[]> => {
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
  it('gives the callback what it throws itself, so that no request hangs', async () => {
    expect(await givenTo(Promise.resolve('done'))).toEqual(['done', 'thrown by the callback']);
    expect(await givenTo(Promise.reject(new Error('refused')))).toEqual(['refused']);
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what other code may do
    expect(await givenTo(Promise.reject('no error'))).toEqual(['Rejected without an error']);
  });
});

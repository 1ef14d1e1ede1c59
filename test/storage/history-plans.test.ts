import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileHistoryQueries, type Lead, type Range } from '../../src/storage/calls/history-queries.ts';
import { createTestStores, type TestStores } from '../support/test-database.ts';

const range: Range = { value: 'x', from: 0, to: 9, beforeAt: 9, beforeId: 9, rows: 9 };
const leads: readonly Lead[] = ['number', 'username', 'client_id', 'outcome', 'time'];

describe('the reads of the history', () => {
  let stores: TestStores;
  let queries: ReturnType<typeof compileHistoryQueries>;
  beforeAll(async () => {
    stores = await createTestStores();
    queries = compileHistoryQueries(stores.database.builder);
  });
  afterAll(() => stores.close());

  /** What SQLite does for a query, a line each. */
  const planOf = async (query: ReturnType<(typeof queries)['look']['time']>): Promise<string[]> => {
    const explained = { ...query, sql: `explain query plan ${query.sql}` };
    const rows = (await stores.database.read(explained)) as unknown as readonly { detail: string }[];
    return rows.map(({ detail }) => detail);
  };

  it.each(leads)('go along the index of %s in its order, and sort nothing', async (lead) => {
    for (const kind of ['look', 'count', 'measure'] as const) {
      const plan = await planOf(queries[kind][lead](range));
      expect(plan.find((line) => line.includes('calls_by'))).toMatch(
        new RegExp(`^SEARCH calls USING (COVERING )?INDEX calls_by_${lead} .*created_at>\\? AND created_at<\\?`),
      );
      expect(plan.filter((line) => /^SCAN (calls|legs|callee)\b|B-TREE/.test(line))).toEqual([]);
    }
  });
});

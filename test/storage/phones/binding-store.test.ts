import { describe, expect, it } from '@jest/globals';
import { silentLog } from '../../../src/shared/log.ts';
import { openDatabase } from '../../../src/storage/open-database.ts';
import { KyselyBindingStore } from '../../../src/storage/phones/kysely-binding-store.ts';
import { describeBindingStore } from '../../contracts/binding-store.ts';
import { NOON } from '../../contracts/records.ts';
import { MemoryBindingStore } from '../../sip/registrar/memory-binding-store.ts';
import { createTestStores } from '../../support/test-database.ts';

describeBindingStore('SQLite', createTestStores);
describeBindingStore('memory', () =>
  Promise.resolve({ bindings: new MemoryBindingStore(), close: () => Promise.resolve() }),
);

describe('bindings in SQLite', () => {
  it('outlive the process, until they expire', async () => {
    const stores = await createTestStores();
    const binding = {
      account: 'alice',
      contact: 'sip:alice@127.0.0.1:5070',
      flow: { protocol: 'udp', address: '127.0.0.1', port: 5070 },
      path: [],
      q: 1,
      registeredAt: NOON,
      expiresAt: NOON + 2,
      callId: 'c',
      cseq: 1,
      userAgent: undefined,
    } as const;
    await stores.bindings.update('alice', () => [binding, { ...binding, contact: 'sip:old', expiresAt: NOON + 1 }]);
    const database = await openDatabase({ url: stores.url, clock: stores.clock, log: silentLog });
    await stores.sweep(NOON + 1);
    expect(await new KyselyBindingStore(database).find('alice')).toEqual([binding]);
    await stores.sweep(NOON + 2);
    expect(await new KyselyBindingStore(database).find('alice')).toEqual([]);
    await database.close();
    await stores.close();
  });
});

import { describeAccountStores } from '../contracts/account-stores.ts';
import { describeCallStore } from '../contracts/call-store.ts';
import { describeDeviceGrantStore } from '../contracts/device-store.ts';
import { describeFeedStore } from '../contracts/feed-store.ts';
import { describeGrantStores } from '../contracts/grant-stores.ts';
import { describeGrantedApplications } from '../contracts/granted-applications.ts';
import { describeHistoryStore } from '../contracts/history-store.ts';
import { describeJobStore } from '../contracts/job-store.ts';
import { describeKeyStores } from '../contracts/key-stores.ts';
import { NOON } from '../contracts/records.ts';
import { describeSessionStores } from '../contracts/session-stores.ts';
import { describeWebhookStore } from '../contracts/webhook-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createTestStores } from '../support/test-database.ts';

describeCallStore('SQLite', createTestStores);
describeFeedStore('SQLite', async () => {
  const stores = await createTestStores({ clock: new FakeClock(NOON) });
  return { stores, clock: stores.clock, close: () => stores.close() };
});
describeHistoryStore('SQLite', createTestStores);
describeJobStore('SQLite', createTestStores);
describeAccountStores('SQLite', createTestStores);
describeGrantStores('SQLite', createTestStores);
describeGrantedApplications('SQLite', createTestStores);
describeDeviceGrantStore('SQLite', createTestStores);
describeKeyStores('SQLite', createTestStores);
describeSessionStores('SQLite', createTestStores);
describeWebhookStore('SQLite', createTestStores);

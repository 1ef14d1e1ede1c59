import { createNumberCheck } from '../calls/number-check.ts';
import type { Config } from '../config/config.ts';
import { createAdministration, type OAuthAdministration } from '../oauth/administration.ts';
import { createPasswordHasher } from '../oauth/model/secrets.ts';
import { systemClock, waitingClock } from '../shared/clock.ts';
import { createSystemIds, type IdSource } from '../shared/ids.ts';
import { lockDatabase } from '../storage/open-database.ts';
import type { Stores } from '../storage/stores.ts';
import { ConfiguredPhones } from './accounts/configured-phones.ts';
import { CallAdministration } from './call-administration.ts';
import { patternsOf, policyOf } from './calls.ts';
import { isServed } from './is-served.ts';
import { JobAdministration } from './job-administration.ts';
import { createPinoLog } from './pino-log.ts';
import { openStorage } from './storage.ts';
import { WebhookAdministration } from './webhook-administration.ts';

/** What administers the service from beside it: the same database, no listeners. */
export interface Administration extends OAuthAdministration {
  readonly stores: Stores;
  readonly ids: IdSource;
  readonly calls: CallAdministration;
  readonly jobs: JobAdministration;
  readonly webhooks: WebhookAdministration;
  readonly close: () => Promise<void>;
}

/**
 * Opens the database of a configuration to administer it. Commits never pause: the timers of the system clock would not
 * keep a command alive.
 * @throws DatabaseUrlError when the address of the database cannot be understood
 * @throws DatabaseFileError when its file cannot be opened
 * @throws SqliteMissingError when better-sqlite3 is not installed for this Node
 * @throws DatabaseTooNewError when a newer version of the program has changed it
 * @throws MigrationFailedError when it could not be brought up to date
 * @throws SecretFileError when the key file is missing, damaged or belongs to another database
 */
export const openAdministration = async (config: Config): Promise<Administration> => {
  const clock = systemClock;
  const ids = createSystemIds();
  const log = createPinoLog('warn', process.stderr);
  const { stores, close } = await openStorage({ config, clock, log });
  const administration = createAdministration({ stores, hasher: createPasswordHasher(), clock, ids, log });
  const calls = new CallAdministration({ store: stores.calls, clock: waitingClock });
  const { settings } = config;
  const phones = new ConfiguredPhones(stores.phones, settings.phones);
  const jobs = new JobAdministration({
    store: stores.jobs,
    numbers: createNumberCheck({ phones, policy: policyOf(settings), patterns: patternsOf(settings) }),
    isServed: () => isServed(config.databaseUrl, stores),
    clock: waitingClock,
  });
  const webhooks = new WebhookAdministration({ store: stores.webhooks, clock });
  return { ...administration, stores, ids, calls, jobs, webhooks, close };
};

/**
 * Brings the database up to date, which no process may serve meanwhile.
 * @throws DatabaseInUseError when one does
 * @throws Error as `openAdministration`
 */
export const migrateDatabase = async (config: Config): Promise<void> => {
  const lock = lockDatabase(config.databaseUrl);
  try {
    const { close } = await openAdministration(config);
    await close();
  } finally {
    lock.release();
  }
};

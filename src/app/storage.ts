import type { Config } from '../config/config.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { openDatabase } from '../storage/open-database.ts';
import { loadSecretKey } from '../storage/secret-key.ts';
import { createStores, type Stores } from '../storage/stores.ts';

export interface StorageOptions {
  readonly config: Pick<Config, 'databaseUrl' | 'secretFile' | 'sandbox' | 'settings'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The least time from one commit to the next; 0 by default. */
  readonly commitPauseMs?: number;
  /** How often a thread of its own moves what was committed into the file; never by default. */
  readonly checkpointEveryMs?: number;
}

/** Everything that outlives the process. */
export interface Storage {
  readonly stores: Stores;
  readonly secretKey: Buffer;
  readonly close: () => Promise<void>;
}

/**
 * Opens the database, made and brought up to date where needed.
 * @throws DatabaseUrlError when its address cannot be understood
 * @throws DatabaseFileError when its file cannot be opened
 * @throws SqliteMissingError when better-sqlite3 is not installed for this Node
 * @throws DatabaseTooNewError when a newer version of the program has changed it
 * @throws MigrationFailedError when it could not be brought up to date
 * @throws SecretFileError when the secret file holds anything but a key
 */
export const openStorage = async ({ config, clock, log, ...pace }: StorageOptions): Promise<Storage> => {
  const secretKey = loadSecretKey(config.secretFile);
  const database = await openDatabase({ url: config.databaseUrl, clock, log, ...pace });
  const { call_days: callDays, audit_days: auditDays } = config.settings.retention;
  const retention = { callDays, auditDays };
  const sandboxAccounts = config.sandbox ? 'accepted' : 'refused';
  return {
    secretKey,
    stores: createStores({ database, clock, secretKey, sandboxAccounts, retention }),
    close: () => database.close(),
  };
};

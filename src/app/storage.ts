import type { Config } from '../config/config.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { ServingOptions } from '../storage/database.ts';
import { openDatabase } from '../storage/open-database.ts';
import { openSecretKey } from '../storage/secret-check.ts';
import { createStores, type Retention, type Stores } from '../storage/stores.ts';

export interface StorageOptions {
  readonly config: Pick<Config, 'databaseUrl' | 'secretFile' | 'sandbox' | 'settings'>;
  readonly clock: Clock;
  readonly log: Log;
  /** For the process that serves; not for a command. */
  readonly serving?: ServingOptions;
}

/** Everything that outlives the process. */
export interface Storage {
  readonly stores: Stores;
  readonly secretKey: Buffer;
  readonly close: () => Promise<void>;
}

const retentionOf = ({ settings }: StorageOptions['config']): Retention => ({
  callDays: settings.retention.call_days,
  auditDays: settings.retention.audit_days,
  jobDays: settings.retention.job_days,
});

/**
 * Opens the database, made and brought up to date where needed, with the key file that belongs to it.
 * @throws DatabaseUrlError when its address cannot be understood
 * @throws DatabaseFileError when its file cannot be opened, or is no sound database of this program
 * @throws SqliteMissingError when better-sqlite3 is not installed for this Node
 * @throws DatabaseTooNewError when a newer version of the program has changed it
 * @throws MigrationFailedError when it could not be brought up to date
 * @throws SecretFileError when the key file is missing, damaged or belongs to another database
 */
export const openStorage = async ({ config, clock, log, serving }: StorageOptions): Promise<Storage> => {
  const { databaseUrl, secretFile, sandbox } = config;
  const database = await openDatabase({ url: databaseUrl, clock, log, ...(serving && { serving }) });
  try {
    // The database tells which key it needs: a new one is made for a new database only.
    const secretKey = await openSecretKey({ database, databaseUrl, path: secretFile, log });
    const sandboxAccounts = sandbox ? 'accepted' : 'refused';
    return {
      secretKey,
      stores: createStores({ database, clock, secretKey, sandboxAccounts, retention: retentionOf(config) }),
      close: () => database.close(),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
};

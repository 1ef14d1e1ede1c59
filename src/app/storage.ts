import type { Config } from '../config/config.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { ServingOptions } from '../storage/database.ts';
import { openDatabase } from '../storage/open-database.ts';
import { loadSecretKey } from '../storage/secret-key.ts';
import { createStores, type Stores } from '../storage/stores.ts';

export interface StorageOptions {
  readonly config: Pick<Config, 'databaseUrl' | 'secretFile' | 'sandbox'>;
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

/**
 * Opens the database, made and brought up to date where needed.
 * @throws DatabaseUrlError when its address cannot be understood
 * @throws DatabaseFileError when its file cannot be opened, or is no sound database of this program
 * @throws SqliteMissingError when better-sqlite3 is not installed for this Node
 * @throws DatabaseTooNewError when a newer version of the program has changed it
 * @throws MigrationFailedError when it could not be brought up to date
 * @throws SecretFileError when the secret file holds anything but a key
 */
export const openStorage = async ({ config, clock, log, serving }: StorageOptions): Promise<Storage> => {
  const secretKey = loadSecretKey(config.secretFile);
  const database = await openDatabase({ url: config.databaseUrl, clock, log, ...(serving && { serving }) });
  const sandboxAccounts = config.sandbox ? 'accepted' : 'refused';
  return {
    secretKey,
    stores: createStores({ database, clock, secretKey, sandboxAccounts }),
    close: () => database.close(),
  };
};

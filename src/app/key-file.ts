import type { Config } from '../config/config.ts';
import { systemClock } from '../shared/clock.ts';
import type { AppError } from '../shared/errors.ts';
import { lockDatabase, openDatabase } from '../storage/open-database.ts';
import { examineSecretFile, type SecretFileParts } from '../storage/secret-check.ts';
import {
  type ProposedReplacement,
  replaceSecretKey,
  type SecretKeyReplacement,
} from '../storage/secret-replacement.ts';
import { refusalOf, type SecretFileReport } from '../storage/secret-report.ts';
import { type SealedSecrets, SecretSeals } from '../storage/secret-seals.ts';
import { createPinoLog } from './pino-log.ts';

type KeyFileConfig = Pick<Config, 'databaseUrl' | 'secretFile'>;

/** Whether the key file of a configuration fits its database. */
export interface KeyFileReport extends SecretFileReport {
  /** What a start would say; undefined where it would go on. */
  readonly refusal: AppError | undefined;
  /** What does not open with the key in the file. */
  readonly unreadable: SealedSecrets;
}

/** For what must also work where no start does: opens the database alone. */
const withDatabase = async <Result>(
  { databaseUrl, secretFile }: KeyFileConfig,
  work: (parts: SecretFileParts) => Promise<Result>,
): Promise<Result> => {
  const database = await openDatabase({
    url: databaseUrl,
    clock: systemClock,
    log: createPinoLog('warn', process.stderr),
  });
  try {
    return await work({ database, databaseUrl, path: secretFile });
  } finally {
    await database.close();
  }
};

/**
 * Compares the key file with the database, and changes neither.
 * @throws SecretFileError when the file cannot be read
 * @throws Error as `openDatabase`
 */
export const examineKeyFile = (config: KeyFileConfig): Promise<KeyFileReport> =>
  withDatabase(config, async (parts) => {
    const report = await examineSecretFile(parts);
    const { found } = report;
    const isRefused = found.state !== 'fits' && found.state !== 'unneeded';
    return {
      ...report,
      refusal: isRefused ? refusalOf(report, found) : undefined,
      unreadable: await new SecretSeals(parts.database).unreadable(found.state === 'fits' ? found.key : undefined),
    };
  });

/**
 * Gives a database whose key is lost a new key file, once `confirm` has resolved. See `replaceSecretKey`.
 * @throws DatabaseInUseError when a process serves the database
 * @throws SecretFileError when the key is not lost, or its file cannot be read or replaced
 * @throws Error as `openDatabase`, or as `confirm` rejects with
 */
export const replaceKeyFile = async (
  config: KeyFileConfig,
  confirm: (proposed: ProposedReplacement) => Promise<void>,
): Promise<SecretKeyReplacement> => {
  const lock = lockDatabase(config.databaseUrl);
  try {
    return await withDatabase(config, (parts) => replaceSecretKey({ ...parts, now: systemClock.now(), confirm }));
  } finally {
    lock.release();
  }
};

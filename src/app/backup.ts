import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { copyDatabase } from '../storage/open-database.ts';

/** A backup of the database, and what it needs besides. */
export interface Backup {
  /** Absolute. */
  readonly file: string;
  readonly bytes: number;
  /** Of this configuration; absolute. It is not in the backup. */
  readonly keyFile: string;
  /** Of the key file that belongs to the backup; null where none was ever needed. */
  readonly keyFingerprint: string | null;
}

/**
 * Copies the database of a configuration, beside the service that uses it. See `copyDatabase`.
 * @throws BackupError when the file exists, cannot be written, or is not sound; nothing of it is left
 * @throws DatabaseFileError when the database cannot be opened
 * @throws Error as `copyDatabase`
 */
export const backUp = (
  { databaseUrl, secretFile }: Pick<Config, 'databaseUrl' | 'secretFile'>,
  file: string,
): Backup => ({
  ...copyDatabase(databaseUrl, resolve(file)),
  keyFile: resolve(secretFile),
});

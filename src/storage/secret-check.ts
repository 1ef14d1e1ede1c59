import { resolve } from 'node:path';
import type { Log } from '../shared/log.ts';
import type { Database } from './database.ts';
import { KyselyFactStore } from './kysely-fact-store.ts';
import { makeSecretFile, readSecretFile } from './secret-file.ts';
import { fingerprintOf, KEY_BYTES } from './secret-key.ts';
import {
  databaseNameOf,
  refusalOf,
  type SecretFileReport,
  type SecretFileState,
  type WantedKey,
} from './secret-report.ts';
import { countOf, SecretSeals } from './secret-seals.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** A database, and the file that is said to hold its key. */
export interface SecretFileParts {
  readonly database: Database;
  /** The address of the database. */
  readonly databaseUrl: string;
  readonly path: string;
}

/**
 * Whether the key file belongs to the database; changes nothing.
 * @throws SecretFileError when the file cannot be read
 */
export const examineSecretFile = async ({
  database,
  databaseUrl,
  path,
}: SecretFileParts): Promise<SecretFileReport> => {
  // The file comes last: whatever the database tells of a key was written after its file was made.
  const wanted = await readWanted(database);
  const sealed = wanted === undefined ? countOf(await new SecretSeals(database).unreadable()) : 0;
  const content = readSecretFile(path);
  const isInUse = wanted !== undefined || sealed > 0;
  const opensSomething = async (key: Buffer): Promise<boolean> =>
    sealed === 0 || countOf(await new SecretSeals(database).unreadable(key)) < sealed;
  return {
    databaseName: databaseNameOf(databaseUrl),
    path: resolve(path),
    wanted,
    isInUse,
    found:
      content === undefined
        ? { state: isInUse ? 'missing' : 'unneeded' }
        : await judge(content, { wanted, opensSomething }),
  };
};

const judge = async (
  content: Buffer,
  needs: {
    readonly wanted: WantedKey | undefined;
    readonly opensSomething: (key: Buffer) => Promise<boolean>;
  },
): Promise<SecretFileState> => {
  const fingerprint = fingerprintOf(content);
  if (content.length !== KEY_BYTES) return { state: 'damaged', bytes: content.length, fingerprint };
  const isWanted = (needs.wanted?.fingerprint ?? fingerprint) === fingerprint;
  if (!isWanted || !(await needs.opensSomething(content))) return { state: 'foreign', fingerprint };
  return { state: 'fits', key: content, fingerprint };
};

/**
 * The key of a database. It is made where nothing was sealed yet; from its first use on, the database tells which key it
 * needs and takes no other.
 * @throws SecretFileError when the file is missing, damaged or belongs to another database; it is left as it is
 */
export const openSecretKey = async ({ log, ...parts }: SecretFileParts & { readonly log: Log }): Promise<Buffer> => {
  const report = await examineOrMake(parts);
  const { found, wanted, path } = report;
  if (found.state !== 'fits') throw refusalOf(report, found);
  if (wanted?.path === path) return found.key;
  if (wanted === undefined) await warnOfLosses(parts.database, found.key, log);
  const facts = new KyselyFactStore(parts.database);
  const needed = await parts.database.write(() => note(facts, { fingerprint: found.fingerprint, path }));
  if (needed.fingerprint === found.fingerprint) return found.key;
  throw refusalOf({ ...report, wanted: needed, isInUse: true }, { state: 'foreign', fingerprint: found.fingerprint });
};

const examineOrMake = async (parts: SecretFileParts): Promise<SecretFileReport> => {
  const report = await examineSecretFile(parts);
  if (report.found.state !== 'unneeded') return report;
  makeSecretFile(report.path);
  // Another process may have been faster, with this file or, for the same database, with another one.
  return examineSecretFile(parts);
};

/**
 * Says which key was used, unless another one was before.
 * @returns the key that the database needs
 */
function* note(facts: KyselyFactStore, used: WantedKey): UnitOfWork<WantedKey> {
  const fingerprint = yield* facts.look('secret_fingerprint');
  if (fingerprint !== undefined && fingerprint !== used.fingerprint) {
    return { fingerprint, path: (yield* facts.look('secret_path')) ?? '' };
  }
  yield* noteSecretKey(facts, used);
  return used;
}

/** Within a unit of work, says which key the database needs from now on. */
export function* noteSecretKey(facts: KyselyFactStore, { fingerprint, path }: WantedKey): UnitOfWork<void> {
  yield* facts.save('secret_fingerprint', fingerprint);
  yield* facts.save('secret_path', path);
}

const readWanted = async (database: Database): Promise<WantedKey | undefined> => {
  const facts = new KyselyFactStore(database);
  const fingerprint = await facts.find('secret_fingerprint');
  return fingerprint === undefined ? undefined : { fingerprint, path: (await facts.find('secret_path')) ?? '' };
};

/** Before databases told which key they need, a start with another one went on. What was lost to it is told once. */
const warnOfLosses = async (database: Database, key: Buffer, log: Log): Promise<void> => {
  const { phones, signingKeys, webhooks } = await new SecretSeals(database).unreadable(key);
  if (phones.length + signingKeys.length + webhooks.length === 0) return;
  const lost = { phones: phones.map(({ account }) => account), signingKeys, ...(webhooks.length > 0 && { webhooks }) };
  log.warn(lost, 'these were sealed with another key file: add the phones again, or run "npx offhook key replace"');
};

import { SecretFileError } from './errors.ts';
import { KyselyFactStore } from './kysely-fact-store.ts';
import { examineSecretFile, noteSecretKey, type SecretFileParts } from './secret-check.ts';
import { replaceSecretFile } from './secret-file.ts';
import { fingerprintOf } from './secret-key.ts';
import type { SecretFileReport, WantedKey } from './secret-report.ts';
import { countOf, type SealedSecrets, SecretSeals } from './secret-seals.ts';
import { run, type UnitOfWork } from './unit-of-work.ts';

/** What a replacement would do. */
export interface ProposedReplacement extends SecretFileReport {
  /** All that is sealed: nobody can read it any more. */
  readonly losses: SealedSecrets;
}

export interface SecretKeyReplacement {
  /** The new key; its path is absolute. */
  readonly made: WantedKey;
  /** Where the file that was there is kept; undefined where none was. */
  readonly keptAs: string | undefined;
  readonly losses: SealedSecrets;
}

export interface ReplacementParts extends SecretFileParts {
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** Rejects where the operator does not agree: then nothing is changed. */
  readonly confirm: (proposed: ProposedReplacement) => Promise<void>;
}

/**
 * Gives a database whose key is lost a new one, and deletes all that the lost one sealed. No process may serve the
 * database meanwhile. Killed between the file and the database it has to be run again: no start takes the one without
 * the other.
 * @throws SecretFileError when the key is not lost, or its file cannot be read or replaced
 */
export const replaceSecretKey = async ({ now, confirm, ...parts }: ReplacementParts): Promise<SecretKeyReplacement> => {
  const { database } = parts;
  const seals = new SecretSeals(database);
  const report = await examineSecretFile(parts);
  await assertLost(report, seals);
  await confirm({ ...report, losses: await seals.unreadable() });
  const { key, keptAs } = replaceSecretFile(report.path, `.old-${fileDate(now)}`);
  const made = { fingerprint: fingerprintOf(key), path: report.path };
  const facts = new KyselyFactStore(database);
  const losses = await database.write(function* () {
    const deleted = yield* seals.delete();
    yield* noteSecretKey(facts, made);
    yield* audit(parts, { now, made, deleted });
    return deleted;
  });
  return { made, keptAs, losses };
};

const assertLost = async ({ path, databaseName, found }: SecretFileReport, seals: SecretSeals): Promise<void> => {
  const of = `The key file ${path} of the database ${databaseName}`;
  if (found.state === 'unneeded') {
    throw new SecretFileError(`${of} is not made yet: the first start makes it, and nothing was changed.`);
  }
  if (found.state === 'fits' && countOf(await seals.unreadable(found.key)) === 0) {
    throw new SecretFileError(`${of} fits: nothing has to be replaced, and nothing was changed.`);
  }
};

function* audit(
  { database }: SecretFileParts,
  { now, made, deleted }: { readonly now: number; readonly made: WantedKey; readonly deleted: SealedSecrets },
): UnitOfWork<void> {
  const nobody = { user_id: null, client_id: null, address: null };
  const replaced = { ...nobody, event: 'key_file.replaced', at: now, detail: made.fingerprint } as const;
  yield* run(database.builder.insertInto('audit_events').values(replaced).compile());
  for (const { account, userId } of deleted.phones) {
    const removed = { ...nobody, event: 'phone.removed', at: now, user_id: userId, detail: account } as const;
    yield* run(database.builder.insertInto('audit_events').values(removed).compile());
  }
}

/** `20261127-234436`, in UTC. */
const fileDate = (now: number): string =>
  new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');

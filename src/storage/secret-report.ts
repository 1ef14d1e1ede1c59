import { SecretFileError } from './errors.ts';
import { KEY_BYTES } from './secret-key.ts';

/** Why a file does not hold the key. `unneeded`: there is none, and nothing is sealed yet; a start makes it. */
export type SecretFileFault =
  | { readonly state: 'unneeded' | 'missing' }
  | { readonly state: 'damaged'; readonly bytes: number; readonly fingerprint: string }
  | { readonly state: 'foreign'; readonly fingerprint: string };

export type SecretFileState =
  { readonly state: 'fits'; readonly key: Buffer; readonly fingerprint: string } | SecretFileFault;

/** The key that a database says it was sealed with. */
export interface WantedKey {
  readonly fingerprint: string;
  /** Where its file was when it was last used. */
  readonly path: string;
}

/** Whether a key file belongs to a database. */
export interface SecretFileReport {
  /** The file of the database, or its address without query and password. */
  readonly databaseName: string;
  /** Of the key file; absolute. */
  readonly path: string;
  /** Undefined where the database does not say so yet. */
  readonly wanted: WantedKey | undefined;
  /** Whether anything is sealed, or may be. */
  readonly isInUse: boolean;
  readonly found: SecretFileState;
}

/** The name of a database for a person. */
export const databaseNameOf = (url: string): string =>
  url
    .replace(/^sqlite:/, '')
    .replace(/\?.*$/, '')
    .replace(/\/\/[^/@]*@/, '//');

/** What stands in the way of a start, and the way out of it, in one sentence. */
export const refusalOf = (report: Omit<SecretFileReport, 'found'>, fault: SecretFileFault): SecretFileError => {
  const { path, databaseName } = report;
  return new SecretFileError(
    `The key file ${path} of the database ${databaseName} ${sayFault(fault)}: ${sayWayOut(report)}.`,
  );
};

const sayFault = (fault: SecretFileFault): string => {
  switch (fault.state) {
    case 'unneeded':
    case 'missing':
      return 'is missing';
    case 'damaged':
      return `is truncated or damaged (${fault.bytes} bytes instead of ${KEY_BYTES}, fingerprint ${fault.fingerprint})`;
    case 'foreign':
      return `does not belong to it (fingerprint ${fault.fingerprint})`;
  }
};

const sayWayOut = ({ wanted, isInUse, path }: Omit<SecretFileReport, 'found'>): string => {
  if (!isInUse) return 'nothing is sealed with it yet, so move it away and the next start makes one';
  const lost = 'or run "npx offhook key replace" if it is lost for good';
  if (wanted === undefined) return `restore from the backup the one that JWT keys and phones are sealed with, ${lost}`;
  const lastUsed = wanted.path === path ? 'last used there' : `last used as ${wanted.path}`;
  return `restore from the backup the one with the fingerprint ${wanted.fingerprint}, ${lastUsed}, ${lost}`;
};

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** As package.json says, which stands above the sources and above the build. */
export const programVersion = (): string => {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    try {
      const text = readFileSync(join(directory, 'package.json'), 'utf8');
      return (JSON.parse(text) as { readonly version: string }).version;
    } catch (error) {
      if (directory === dirname(directory)) throw error;
    }
  }
};

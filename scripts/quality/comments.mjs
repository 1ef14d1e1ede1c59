// `@throws` is written in one way: a line of its own, the class of the error, and then when. One line for each error.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const RIGHT = /^\s*\* @throws \w+ \S/;

const faults = ['src', 'db'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
    .map((path) => join(folder, path))
    .flatMap((path) =>
      readFileSync(join(root, path), 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          line.includes('@throws') && !RIGHT.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
    ),
);

for (const fault of faults) console.error(fault);
if (faults.length > 0) console.error('Write "@throws SomeError when ..." on a line of its own.');
process.exitCode = faults.length === 0 ? 0 : 1;

// Which test shows which requirement of the authorization server: a test says so by the numbers at the end of its name.
// Checks that each requirement has a test and that the table of src/oauth/README.md is true; --write writes it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../..', import.meta.url).pathname;
const readme = `${root}src/oauth/README.md`;
const MOST = 97;

/** `it('... keep ... (20 to 22)'`, `it('... under ... (26, 82)'`, `])('refused: %s (5)'`. */
const NUMBERED = /(?:\bit|\]\)|\))\(\s*(['`"])(?:(?!\1).)* \((\d+(?:(?:, | and | to )\d+)*)\)\1/g;

const numbersIn = (text) =>
  text.split(/, | and /).flatMap((part) => {
    const [from, to = from] = part.split(' to ').map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });

const tests = Array.from({ length: MOST + 1 }, () => new Set());
for (const file of readdirSync(`${root}test`, { recursive: true }).sort()) {
  if (!/^(?:oauth|http|web|seeds|e2e)\/.*\.test\.ts$/.test(file)) continue;
  for (const [, , numbers] of readFileSync(`${root}test/${file}`, 'utf8').matchAll(NUMBERED)) {
    for (const number of numbersIn(numbers)) tests[number]?.add(file);
  }
}

const text = readFileSync(readme, 'utf8');
const row = /^\| (\d+) (.*?) +\|.*\|$/gm;
const rows = [...text.matchAll(row)].map(([, number, requirement]) => [Number(number), requirement]);
const missing = tests.flatMap((files, number) => (number > 0 && files.size === 0 ? [number] : []));
const unlisted = tests.flatMap((_, number) =>
  number > 0 && !rows.some(([listed]) => listed === number) ? [number] : [],
);

const cellOf = (number) => [...tests[number]].map((file) => `\`${file.replace('.test.ts', '')}\``).join(', ');
const left = Math.max(...rows.map(([number, requirement]) => `${number} ${requirement}`.length));
const right = Math.max(...rows.map(([number]) => cellOf(number).length));
const current = text
  .replace(
    row,
    (_, number, requirement) =>
      `| ${`${number} ${requirement}`.padEnd(left)} | ${cellOf(Number(number)).padEnd(right)} |`,
  )
  .replace(/^\| Requirement .*\|$/m, `| ${'Requirement'.padEnd(left)} | ${'Shown by'.padEnd(right)} |`)
  .replace(/^\| -+ \| -+ \|$/m, `| ${'-'.repeat(left)} | ${'-'.repeat(right)} |`);

if (process.argv.includes('--write')) writeFileSync(readme, current);
const faults = [
  ...(missing.length > 0 ? [`no test shows requirement ${missing.join(', ')}`] : []),
  ...(unlisted.length > 0 ? [`src/oauth/README.md does not list ${unlisted.join(', ')}`] : []),
  ...(current !== text && !process.argv.includes('--write')
    ? ['the table of src/oauth/README.md is not true any more: run `node scripts/quality/requirements.mjs --write`']
    : []),
];
for (const fault of faults) console.error(fault);
console.log(`${rows.length - missing.length} of ${MOST} requirements are listed and shown by a test`);
process.exitCode = faults.length === 0 ? 0 : 1;

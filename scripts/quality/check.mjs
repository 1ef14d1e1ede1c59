// The one gate: every check runs, even when an earlier one failed; the exit code tells whether all passed. With --static
// the tests are left out: CI runs them as a step of its own, and nothing twice.
import { spawnSync } from 'node:child_process';

const root = new URL('../..', import.meta.url).pathname;
const bin = (name) => `${root}node_modules/.bin/${name}`;

const checks = [
  [
    'prettier',
    bin('prettier'),
    ['--config', 'scripts/quality/prettier.json', '--ignore-path', 'scripts/quality/prettierignore', '--check', '.'],
  ],
  [
    'eslint',
    bin('eslint'),
    ['-c', 'scripts/quality/eslint.config.mjs', '--max-warnings', '0', 'src', 'db', 'test', 'scripts'],
  ],
  ['layers', bin('depcruise'), ['--config', 'scripts/quality/layers.cjs', 'src', 'db']],
  ['knip', bin('knip'), ['--config', 'scripts/quality/knip.json']],
  ['requirements', process.execPath, ['scripts/quality/requirements.mjs']],
  ['comments', process.execPath, ['scripts/quality/comments.mjs']],
  ...(process.argv.includes('--static') ? [] : [['types and unit tests', 'npm', ['test', '--silent']]]),
];

const failed = [];
for (const [name, command, args] of checks) {
  console.log(`\n── ${name}`);
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  if (status !== 0) failed.push(name);
}

console.log(failed.length === 0 ? '\nall checks passed' : `\nfailed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

// Runs the command line. In a checkout it compiles first when a source is newer than the last build.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.tsbuildinfo');

const newest = (directory) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs), 0);

const isStale = () =>
  !existsSync(stamp) || Math.max(newest(join(root, 'src')), newest(join(root, 'db'))) > statSync(stamp).mtimeMs;

if (existsSync(join(root, 'src')) && isStale()) {
  console.error('offhook: compiling …');
  const begun = new Date();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'scripts/quality/tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    rmSync(stamp, { force: true }); // or what did not compile would pass for fresh
    process.exit(status ?? 1);
  }
  utimesSync(stamp, begun, begun); // the compiler leaves it as it was where only times had changed
}

await import('../dist/src/main.js');

// Offhook on other versions of Node than the one at hand: `check.mjs 22 24 26`. Each version is had from the npm
// registry, with npm 11 and 12; what a user does is done with it in a copy of the working tree: install, start, a call,
// stop. No compiler can be found there. Fails where anything fails, also where a version cannot be had.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const root = new URL('../../..', import.meta.url).pathname;
const NPM_VERSIONS = [11, 12];
/** Storage and every contract suite, and what stores sessions through Express. */
const SUITES = [
  'test/storage/',
  'test/engines/sip/',
  'test/http/connections.test.ts',
  'test/web/login/session.test.ts',
];
const LIMIT_MS = 300_000;

const fail = (what, { stdout = '', stderr = '', error } = {}) => {
  throw new Error(`${what}\n${stdout}${stderr}${error ?? ''}`);
};

/** Runs a command to its end, and says how long it took. */
const run = (what, [command, ...args], options) => {
  const begun = performance.now();
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: LIMIT_MS, maxBuffer: 2 ** 26, ...options });
  if (result.status !== 0) fail(`${what} failed (exit ${result.status ?? result.signal})`, result);
  console.log(`  ${what}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  return result;
};

/** The files of the working tree that git knows or would take. */
const copyTree = (target) => {
  const { stdout } = run('git ls-files', ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
  });
  for (const file of new Set(stdout.split('\0').filter(Boolean))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(root, file), join(target, file));
  }
};

/** A user's environment: this Node, each npm, and no compiler. */
const getNode = (version, directory) => {
  const packageName = `node-${process.platform}-${process.arch}@${version}`;
  mkdirSync(directory);
  const npms = NPM_VERSIONS.map((major) => `npm-${major}@npm:npm@${major}`);
  run(`getting ${packageName} and ${npms.join(', ')}`, ['npm', 'install', '--no-save', packageName, ...npms], {
    cwd: directory,
  });
  const modules = join(directory, 'node_modules');
  const bin = join(modules, packageName.split('@')[0], 'bin');
  const outside = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)); // of the npm that runs us
  const noCompiler = { CC: '/bin/false', CXX: '/bin/false', PYTHON: '/bin/false' };
  return {
    node: join(bin, 'node'),
    npms: NPM_VERSIONS.map((major) => [join(bin, 'node'), join(modules, `npm-${major}`, 'bin', 'npm-cli.js')]),
    env: { ...Object.fromEntries(outside), PATH: `${bin}:${process.env.PATH}`, ...noCompiler },
  };
};

/** What npm says of a setting of this machine's own is not the project's. */
const isWarning = (line) => line.startsWith('npm warn') && !/Unknown (user|env) config/.test(line);

const install = (npm, { env }, cwd) => {
  const begun = performance.now();
  const { stderr } = run('npm ci', [...npm, 'ci', '--strict-allow-scripts'], { cwd, env });
  const seconds = (performance.now() - begun) / 1000;
  const warnings = stderr.split('\n').filter(isWarning);
  if (warnings.length > 0) fail('npm ci warns', { stderr: warnings.join('\n') });
  const built = readdirSync(cwd, { recursive: true }).filter((path) => /build\/Release\/.*\.node$/.test(path));
  if (built.length > 0) fail(`npm ci compiled ${built.join(', ')}`);
  return seconds;
};

/** `npm start` on free ports; the signal goes to the service alone, since npm would die of it instead of waiting. */
const startAndStop = async (npm, { env, node }, cwd) => {
  const service = spawn(npm[0], [npm[1], 'start'], {
    cwd,
    detached: true, // a group of its own, to be ended as one
    env: {
      ...env,
      PORT: '0',
      OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:0,tcp:127.0.0.1:0',
      NODE_OPTIONS: `--import=${join(root, 'scripts/quality/node-versions/collect-garbage.mjs')}`,
    },
  });
  const ended = once(service, 'exit');
  const output = [];
  let serviceId;
  const address = new Promise((resolve, reject) => {
    createInterface({ input: service.stdout }).on('line', (line) => output.push(line));
    createInterface({ input: service.stderr }).on('line', (line) => {
      output.push(line);
      serviceId ??= /^process (\d+)$/.exec(line)?.[1];
      const ready = /^Offhook is ready at (\S+)/.exec(line);
      if (ready !== null) resolve(ready[1]);
    });
    void ended.then(([code]) => reject(new Error(`npm start ended with ${code}\n${output.join('\n')}`)));
  });
  try {
    const base = await address;
    const { stdout } = run(
      'using the service',
      [node, join(cwd, 'scripts/quality/node-versions/drive-service.mjs'), base],
      {
        env,
      },
    );
    process.kill(Number(serviceId), 'SIGINT');
    const [code] = await ended;
    if (code !== 0) fail(`an orderly stop ended with ${code}`, { stdout: output.slice(-20).join('\n') });
    return { code, seen: stdout.trim() };
  } finally {
    if (service.exitCode === null && service.signalCode === null) process.kill(-service.pid, 'SIGKILL');
  }
};

const runTests = (npm, { env }, cwd) => {
  const moved = SUITES.filter((suite) => !existsSync(join(cwd, suite)));
  if (moved.length > 0) fail(`there is no ${moved.join(', ')} any more: its tests would be left out`);
  const { stderr } = run('npm test', [...npm, 'test', '--', ...SUITES], { cwd, env });
  const passed = /^Tests: +(\d+) passed, \1 total$/m.exec(stderr)?.[1];
  return passed ?? fail('npm test did not pass every test', { stderr });
};

const check = async (version) => {
  const directory = mkdtempSync(join(tmpdir(), `offhook-node-${version}-`));
  try {
    const tree = join(directory, 'offhook');
    copyTree(tree);
    const user = getNode(version, join(directory, 'node'));
    const exact = run('node --version', [user.node, '--version']).stdout.trim();
    const versionOf = (npm) => run('npm --version', [...npm, '--version'], { env: user.env }).stdout.trim();
    const installs = user.npms.map((npm) => `${versionOf(npm)}: ${install(npm, user, tree).toFixed(1)} s`);
    const npm = user.npms.at(-1);
    const { code, seen } = await startAndStop(npm, user, tree);
    const workers = run('workers', [user.node, 'scripts/quality/node-versions/abandoned-worker.mjs', 'data/w.db'], {
      cwd: tree,
    }).stdout.trim();
    const passed = runTests(npm, user, tree);
    return `| ${exact} | ${installs.join(', ')} | ${passed} | ${code} | ${seen}; ${workers} |`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

const versions = process.argv.slice(2);
const rows = [];
for (const version of versions) {
  try {
    rows.push(await check(version));
  } catch (error) {
    console.error(`\nNode ${version}: ${error.message}`);
    process.exitCode = 1;
  }
}
console.log('\n| Node | npm ci with npm | tests passed | exit code of the stop | seen |');
console.log('| --- | --- | --- | --- | --- |');
for (const row of rows) console.log(row);
console.log(`tried: Node ${versions.join(', ')}; ${rows.length} of ${versions.length} work`);

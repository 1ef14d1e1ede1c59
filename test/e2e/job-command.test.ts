import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StartedService, startService } from '../support/start-service.ts';
import { runOffhook, type RunResult } from './run-offhook.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

let service: StartedService;

beforeAll(async () => {
  service = await startService({ env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' } });
}, 30_000);

afterAll(async () => {
  await service.stop();
}, 30_000);

const offhook = (...words: readonly string[]): Promise<RunResult> =>
  runOffhook(words, { directory: service.directory, env: { OFFHOOK_SANDBOX: 'on' } });

const busy = { name: 'is busy', number: '+12025550101' };
const right = { ...busy, expect: { outcome: 'busy' } };
const wrong = { ...busy, expect: { outcome: 'completed' } };
const long = { name: 'lasts', number: '+12025550100', expect: { talk_seconds_at_least: 300 } };

/** Makes a project of demo's of a file, as an export has it. */
const imported = async (name: string, scripts: readonly object[]): Promise<RunResult> => {
  const file = join(service.directory, `${name}.json`);
  await writeFile(file, JSON.stringify({ name, scripts, parallel: 4 }));
  return offhook('project', 'import', file, '--user', 'demo');
};

describe('npx offhook job run --wait', () => {
  it('exits with 0 where all passed, writes the report, and draws nothing where nobody looks at a screen', async () => {
    await imported('all-right', [right, right]);
    const report = join(service.directory, 'report.xml');
    const { code, printed, said } = await offhook('job', 'run', 'all-right', '--wait', '--junit', report);

    expect({ code, printed }).toEqual({ code: 0, printed: expect.stringContaining('is finished: 2 of 2 passed.') });
    expect(said.split('\n').filter((line) => line.startsWith('['))).toHaveLength(2);
    expect(said).not.toMatch(/[\r\u001b]/);
    expect(await readFile(report, 'utf8')).toMatch(/<testsuites name="all-right" tests="2" failures="0" errors="0"/);
  }, 30_000);

  it('exits with 1 where some failed, and says what was other than expected', async () => {
    await imported('half-right', [right, wrong]);
    const { code, printed, said } = await offhook('job', 'run', 'half-right', '--wait');

    expect({ code, printed }).toEqual({ code: 1, printed: expect.stringContaining('1 of 2 passed.') });
    expect(said).toContain('outcome expected completed, seen busy');
  }, 30_000);

  it('exits with 2 for words and projects that are not there, and for a report that cannot be written', async () => {
    await imported('never-run', [right]);
    for (const words of [
      ['no-such-project', '--wait'],
      ['never-run', '--wait', '--junit', join(service.directory, 'no', 'such', 'directory.xml')],
      ['never-run', '--junit', 'report.xml'],
    ]) {
      expect(await offhook('job', 'run', ...words)).toMatchObject({ code: 2 });
    }
    expect((await offhook('job', 'list', '--project', 'never-run')).printed).not.toContain('never-run');
  }, 30_000);

  it('exits with 3 after Ctrl-C, which cancels the job', async () => {
    await imported('interrupted', [long]);
    const command = startCommand('job', 'run', 'interrupted', '--wait');
    await command.says(/Job \d+ is queued/);
    await placed('interrupted');
    command.child.kill('SIGINT');
    await command.says(/is being cancelled/);

    expect(await command.ended).toBe(3);
    expect((await offhook('job', 'list', '--project', 'interrupted')).printed).toContain('cancelled');
  }, 30_000);

  it('leaves at the second Ctrl-C, and the job is cancelled in any case', async () => {
    await imported('twice', [long]);
    const command = startCommand('job', 'run', 'twice', '--wait');
    await command.says(/Job \d+ is queued/);
    await placed('twice');
    process.kill(service.pid, 'SIGSTOP');
    try {
      command.child.kill('SIGINT');
      await command.says(/is being cancelled/);
      command.child.kill('SIGINT');
      await command.ended;
      expect(command.child.signalCode).toBe('SIGINT');
    } finally {
      process.kill(service.pid, 'SIGCONT');
    }
    await until(async () => (await offhook('job', 'list', '--project', 'twice')).printed.includes('cancelled'));
  }, 30_000);

  it('exits with 3 where it cannot be begun: that is no verdict', async () => {
    await imported('of-nobody', [right]);
    expect(await offhook('user', 'disable', 'demo')).toMatchObject({ code: 0 });
    try {
      expect(await offhook('job', 'run', 'of-nobody', '--wait')).toMatchObject({ code: 3 });
    } finally {
      await offhook('user', 'enable', 'demo');
    }
  }, 30_000);

  it('draws a bar at a terminal, and takes it away', async () => {
    await imported('looked-at', [right, { ...long, expect: { talk_seconds_at_least: 1 } }]);
    const command = 'node scripts/offhook.mjs job run looked-at --wait';
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: ROOT, env: environment() });
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
    await once(child, 'close');

    expect(child.exitCode).toBe(0);
    expect(screen).toMatch(/\[#{0,29}\.+\] [01]\/2/);
    expect(screen.slice(screen.lastIndexOf('\u001b[K'))).not.toMatch(/\[[#.]{30}\]/);
  }, 30_000);
});

describe('npx offhook project import', () => {
  it('refuses what the API would refuse, naming the field, and stores nothing', async () => {
    const barred = await imported('barred', [right, { name: 'premium', number: '+19005550100' }]);
    expect(barred).toMatchObject({ code: 1, said: expect.stringContaining('scripts[1].number') });
    const unknown = await imported('unknown', [{ name: 'no number', number: '12' }]);
    expect(unknown).toMatchObject({ code: 1, said: expect.stringContaining('scripts[0].number') });
    const inaudible = await imported('inaudible', [{ ...right, steps: [{ play: 'tone:9999' }] }]);
    expect(inaudible).toMatchObject({ code: 1, said: expect.stringContaining('scripts[0].steps[0].play') });
    expect((await offhook('project', 'list', '--user', 'demo')).printed).not.toMatch(/barred|unknown|inaudible/);
  }, 30_000);
});

describe('without a service', () => {
  it('npx offhook job run exits with 4, and begins nothing', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'offhook-'));
    try {
      const other = await startService({ directory, env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' } });
      await other.stop();
      const options = { directory, env: { OFFHOOK_SANDBOX: 'on' } };
      expect(await runOffhook(['job', 'run', 'Sandbox tour', '--wait'], options)).toMatchObject({ code: 4 });
      expect((await runOffhook(['job', 'list'], options)).printed).not.toContain('Sandbox tour');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }, 30_000);
});

const environment = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  TERM: 'xterm',
  OFFHOOK_SANDBOX: 'on',
  OFFHOOK_DATABASE_URL: `sqlite:${join(service.directory, 'offhook.db')}`,
  OFFHOOK_SECRET_FILE: join(service.directory, 'offhook.key'),
});

interface Command {
  readonly child: ChildProcess;
  /** Resolves once it has said this. */
  says(text: RegExp): Promise<void>;
  readonly ended: Promise<number | null>;
}

const startCommand = (...words: readonly string[]): Command => {
  const child = spawn(process.execPath, ['scripts/offhook.mjs', ...words], { cwd: ROOT, env: environment() });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return {
    child,
    says: (text) => until(() => Promise.resolve(text.test(said))),
    ended: once(child, 'close').then(() => child.exitCode),
  };
};

const until = async (isThere: () => Promise<boolean>): Promise<void> => {
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, 50));
};

/** Its job runs: there is a call to be ended. */
const placed = (project: string): Promise<void> =>
  until(async () => (await offhook('job', 'list', '--project', project)).printed.includes('running'));

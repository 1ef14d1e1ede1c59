import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { type Block, documentPaths, readDocument, ROOT } from '../docs/document.ts';
import { freePort } from '../support/free-port.ts';
import { nginxConfiguration } from '../support/nginx.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { AnsweringPeer } from './answering-peer.ts';
import { runOffhook } from './run-offhook.ts';

const documents = documentPaths().map(readDocument);
const blocksOf = (language: string): Block[] =>
  documents.flatMap(({ blocks }) => blocks).filter((block) => block.language === language);

/** Debian has nginx where only root looks. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`;

interface Run {
  readonly code: number | null;
  readonly printed: string;
  readonly said: string;
}

const run = async (
  command: string,
  words: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly input?: string },
): Promise<Run> => {
  const { cwd, env, input = '' } = options;
  const child = spawn(command, words, { cwd, env: { PATH, HOME: cwd, ...env } });
  const started = once(child, 'spawn');
  const ended = once(child, 'close');
  await started.catch(() => {
    throw new Error(`${command} is not installed (Debian: apt-get install curl openssl nginx-light sqlite3 systemd)`);
  });
  child.stdin.end(input);
  const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code: child.exitCode, printed, said };
};

/** A server that runs until it is killed. */
const start = (command: string, words: readonly string[]): ChildProcess =>
  spawn(command, words, { stdio: 'inherit', env: { PATH } });

const BETWEEN = '\u001e';

/** The blocks of one document in one shell, in their order. @returns what each printed */
const runInOrder = async (
  blocks: readonly Block[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<readonly string[]> => {
  const script = blocks.map((block) => `${block.text}\nprintf '\\036'\n`).join('');
  const { code, printed, said } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', script], options);
  const outputs = printed.split(BETWEEN);
  if (code !== 0) {
    throw new Error(`${blocks[outputs.length - 1]?.at ?? ''} ended with ${code}:\n${outputs.at(-1) ?? ''}\n${said}`);
  }
  return outputs.slice(0, -1).map((output) => output.trimEnd());
};

/** In what a block is said to print, `…` stands for anything in a line. */
const patternOf = (output: string): RegExp =>
  new RegExp(
    `^${output
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );

describe.each(documents.filter(({ blocks }) => blocks.some(({ language }) => language === 'sh')))(
  'the commands of $path',
  ({ blocks }) => {
    it('print what stands below them', async () => {
      const service = await startService({ env: { OFFHOOK_LOG_LEVEL: 'warn' } });
      const cwd = await mkdtemp(join(tmpdir(), 'offhook-docs-'));
      try {
        const commands = blocks.filter(({ language }) => language === 'sh');
        const env = { BASE: service.baseUrl, DATA: service.directory, BACKUP: join(cwd, 'backup') };
        const outputs = await runInOrder(commands, { cwd, env });
        commands.forEach(({ at, output = '' }, index) => {
          const printed = outputs[index]?.replaceAll(service.baseUrl, 'http://localhost:8888').split('\n');
          const patterns = output.split('\n').map((line): unknown => expect.stringMatching(patternOf(line)));
          expect([at, ...(printed ?? [])]).toEqual([at, ...patterns]);
        });
      } finally {
        await service.stop();
        await rm(cwd, { recursive: true });
      }
    }, 120_000);
  },
);

describe('the TypeScript of the documents', () => {
  it('type-checks where its first line says that it stands', () => {
    const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
    const sources = new Map(
      blocksOf('ts').map(({ at, text: source }) => {
        const path = /^\/\/ (\S+\.ts)/.exec(source)?.[1];
        if (path === undefined) throw new Error(`${at}: the first line does not say which file it is`);
        return [join(ROOT, path), source];
      }),
    );
    const host = ts.createCompilerHost(options);
    host.fileExists = (path) => sources.has(path) || ts.sys.fileExists(path);
    host.readFile = (path) => sources.get(path) ?? ts.sys.readFile(path);
    const program = ts.createProgram([...sources.keys()], options, host);
    const faults = [...sources.keys()].flatMap((path) => {
      const source = program.getSourceFile(path);
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      );
    });
    expect(sources.size).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  }, 120_000);
});

describe('the systemd unit of docs/operate.md', () => {
  const KNOWN = /^(#.*|\[(Unit|Service|Install)\]|[A-Z][A-Za-z]+=.*|)$/;

  it.each(blocksOf('ini'))('is one that systemd understands: $at', async ({ text: unit }) => {
    const directory = await mkdtemp(join(tmpdir(), 'offhook-docs-'));
    try {
      expect(unit.split('\n').filter((line) => !KNOWN.test(line))).toEqual([]);
      const file = join(directory, 'offhook.service');
      await writeFile(file, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
      const { code, said } = await run('systemd-analyze', ['verify', file], { cwd: directory });
      expect(said.split('\n').filter((line) => line.includes('offhook.service'))).toEqual([]);
      expect(code).toBe(0);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('the nginx configuration of docs/operate.md', () => {
  const HOST = 'phone.example.com';
  let directory: string;
  let ports: { readonly https: number; readonly http: number; readonly service: number };
  let peer: AnsweringPeer;
  let service: StartedService | undefined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'offhook-docs-'));
    ports = { https: await freePort(), http: await freePort(), service: await freePort() };
    peer = await AnsweringPeer.open();
    service = await startService({
      directory,
      env: {
        PORT: String(ports.service),
        OFFHOOK_PUBLIC_URL: `https://${HOST}:${ports.https}`,
        OFFHOOK_TRUSTED_PROXIES: '127.0.0.1',
        OFFHOOK_LOG_LEVEL: 'info',
      },
      settings: { trunks: [{ name: 'peer', uri: peer.uri }] },
    });
    const added = await runOffhook(['user', 'add', 'ada'], { directory, input: 'a long password\n' });
    expect(added.code).toBe(0);
    await runOffhook(['phone', 'add', 'ada', '--address', peer.uri.replace('sip:', 'sip:ada@')], { directory });
    await runOffhook(['client', 'add', 'desk', '--public', '--redirect-uri', 'https://desk.example/callback'], {
      directory,
    });
  }, 60_000);

  afterAll(async () => {
    await service?.stop();
    await peer.close();
    await rm(directory, { recursive: true });
  });

  /** The flow of an application through https, and a call. */
  const SCRIPT = `
    curl() { command curl -sk --resolve ${HOST}:$PORT:127.0.0.1 "$@"; }
    BASE=https://${HOST}:$PORT
    VERIFIER=$(openssl rand -hex 32)
    CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '=')
    ASK="client_id=desk&response_type=code&redirect_uri=https://desk.example/callback&scope=call&code_challenge=$CHALLENGE&code_challenge_method=S256"
    curl -H 'Accept: text/html' "$BASE/auth/login?$ASK" | grep -o '<title>[^<]*'
    curl -i -c jar -b jar -d "$ASK&username=ada" --data-urlencode 'password=a long password' "$BASE/auth/login" | grep -io '^set-cookie: __Host-offhook'
    CODE=$(curl -i -c jar -b jar -d "$ASK&grant=true" "$BASE/auth/grant" | sed -n 's/^location:.*[?&]code=\\([^&]*\\).*/\\1/Ip' | tr -d '\\r')
    TOKEN=$(curl -d "grant_type=authorization_code&client_id=desk&redirect_uri=https://desk.example/callback&code=$CODE&code_verifier=$VERIFIER" "$BASE/oauth/token" | sed 's/.*"access_token":"\\([^"]*\\).*/\\1/')
    CALL=$(curl -i -H "Authorization: Bearer $TOKEN" -d number=%2B12025550100 "$BASE/rest/call" | sed -n 's/^location: //Ip' | tr -d '\\r')
    until curl -H "Authorization: Bearer $TOKEN" "$CALL" | grep -o '"state":"connected"'; do sleep 0.2; done
    curl -X PUT -H "Authorization: Bearer $TOKEN" -d "token_call=\${CALL##*=}" "$BASE/rest/call" | grep -o '"outcome":"[a-z]*"'
  `;

  it.each(blocksOf('nginx'))(
    'leads a user and an application through https to a call: $at',
    async ({ text: block }) => {
      const key = ['-keyout', `${directory}/offhook-tls.key`, '-out', `${directory}/offhook-tls.crt`];
      await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${HOST}`, ...key], {
        cwd: directory,
      });
      const file = join(directory, 'nginx.conf');
      await writeFile(file, nginxConfiguration(block, { directory, ...ports }));
      const checked = await run('nginx', ['-t', '-c', file], { cwd: directory });
      expect(checked.said).toContain('test is successful');
      const nginx = start('nginx', ['-c', file, '-g', 'daemon off;']);
      const ended = once(nginx, 'exit');
      try {
        const redirect = `until curl -sI -H Host:${HOST} http://127.0.0.1:${ports.http}/x; do sleep 0.1; done | grep -i '^location'`;
        const plain = await run('bash', ['-c', redirect], { cwd: directory });
        expect(plain.printed.trim()).toBe(`Location: https://${HOST}/x`);
        const flow = await run('bash', ['--norc', '-euo', 'pipefail', '-c', SCRIPT], {
          cwd: directory,
          env: { PORT: String(ports.https) },
        });
        expect(flow.said).toBe('');
        expect(flow.printed.split('\n')).toEqual([
          expect.stringContaining('<title>Log in'),
          expect.stringMatching(/^set-cookie: __Host-offhook$/i),
          '"state":"connected"',
          '"outcome":"completed"',
          '',
        ]);
      } finally {
        nginx.kill('SIGTERM');
        await ended;
      }
    },
    60_000,
  );
});

describe('a backup', () => {
  it('is made as docs/operate.md says while the service runs, and starts elsewhere', async () => {
    const block = readDocument('docs/operate.md').blocks.find(({ text: lines }) => lines.includes('vacuum into'));
    const service = await startService({ env: { OFFHOOK_LOG_LEVEL: 'warn' } });
    const cwd = await mkdtemp(join(tmpdir(), 'offhook-docs-'));
    const restored = join(cwd, 'restored');
    try {
      await runOffhook(['user', 'add', 'ada'], { directory: service.directory, input: 'a long password\n' });
      const env = { DATA: service.directory, BACKUP: join(cwd, 'backup') };
      await runInOrder([block ?? { at: 'docs/operate.md', language: 'sh', text: 'false', output: '' }], { cwd, env });
      await mkdir(restored);
      const [copy = ''] = (await readdir(env.BACKUP)).filter((name) => name.endsWith('.db'));
      await cp(join(env.BACKUP, copy), join(restored, 'offhook.db'));
      await cp(join(env.BACKUP, 'offhook.key'), join(restored, 'offhook.key'));
      const second = await startService({ directory: restored, env: { OFFHOOK_LOG_LEVEL: 'warn' } });
      const authorization = `Basic ${Buffer.from('ada:a long password').toString('base64')}`;
      const reply = await fetch(`${second.baseUrl}/auth/test`, { headers: { authorization } });
      await second.stop();
      expect(reply.status).toBe(200);
    } finally {
      await service.stop();
      await rm(cwd, { recursive: true });
    }
  }, 60_000);
});

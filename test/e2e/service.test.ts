import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startDemoPhone } from '../../src/app/sandbox.ts';
import { Shutdown } from '../../src/app/shutdown.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { authorize, obtainTokens } from '../support/authorize.ts';
import { freePort } from '../support/free-port.ts';
import { RestClient } from '../support/rest-client.ts';
import { type StartedService, startService, type StartServiceOptions } from '../support/start-service.ts';
import { AnsweringPeer } from './answering-peer.ts';
import { runOffhook, type RunOptions } from './run-offhook.ts';

const ANSWERS = '+12025550100';
const RINGS = '+12025550102';

let directory: string;
let running: StartedService[];

const start = async (options: StartServiceOptions = {}): Promise<StartedService> => {
  const service = await startService({ directory, ...options });
  running.push(service);
  return service;
};

const offhook = (words: string, options: Partial<RunOptions> = {}) =>
  runOffhook(words.split(' '), { directory, ...options });

/** A command that has to work. */
const succeed = async (words: string, options: Partial<RunOptions> = {}) => {
  const result = await offhook(words, options);
  expect(result).toMatchObject({ code: 0 });
  return result;
};

const isAlive = (processId: number): boolean => {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
};

const statusOf = async (url: string, token: string, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(url, { headers: { ...headers, authorization: `Bearer ${token}` } })).status;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-service-'));
  running = [];
});

afterEach(async () => {
  for (const service of running) await service.stop();
  rmSync(directory, { recursive: true });
}, 60_000);

describe('a start', () => {
  it('makes what is missing and tells where the service is', async () => {
    const begun = performance.now();
    const service = await start({ directory: join(directory, 'data') });
    const milliseconds = performance.now() - begun;
    expect((await fetch(`${service.baseUrl}/healthz`)).status).toBe(200);
    expect(statSync(join(directory, 'data', 'offhook.key')).mode & 0o777).toBe(0o600);
    expect(service.output).toContain(`The sandbox is on: try ${service.baseUrl}/test as demo, password demo.`);
    process.stdout.write(`ready after ${milliseconds.toFixed(0)} ms\n`);
    expect(milliseconds).toBeLessThan(10_000);
  });

  it('answers from the moment it listens: 503 until calls can be placed', async () => {
    const port = await freePort();
    const statuses: number[] = [];
    const asking: Promise<unknown>[] = [];
    const ask = async (): Promise<void> => {
      const signal = AbortSignal.timeout(5000);
      const status = await fetch(`http://127.0.0.1:${port}/healthz`, { signal }).then(
        (response) => response.status,
        (error: unknown) => ((error as { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED' ? 0 : -1),
      );
      statuses.push(status);
    };
    const asker = setInterval(() => asking.push(ask()), 10);
    const service = await start({ env: { PORT: String(port) } });
    clearInterval(asker);
    await Promise.all(asking);
    expect([...new Set(statuses)].sort((a, b) => a - b)).toEqual(expect.arrayContaining([0, 503]));
    expect(statuses.filter((status) => ![0, 200, 503].includes(status))).toEqual([]);
    expect(service.baseUrl).toBe(`http://localhost:${port}`);

    const rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
    const call = await rest.place({ number: ANSWERS });
    await rest.until(call, ({ state }) => state === 'connected');
    await rest.stop(call);
  });

  it('on a port that is taken ends with one line; calls of the service that has it go on', async () => {
    const service = await start();
    const rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
    const call = await rest.place({ number: RINGS });
    const { port } = new URL(service.baseUrl);
    const sip = `udp:127.0.0.1:${service.sipPort}`;
    const quiet = { OFFHOOK_LOG_LEVEL: 'silent', OFFHOOK_DATABASE_URL: `sqlite:${join(directory, 'other.db')}` };
    const sameHttp = await offhook('serve', { env: { ...quiet, PORT: port, OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:0' } });
    expect(sameHttp).toEqual({
      code: 1,
      printed: '',
      said:
        `offhook: HTTP cannot listen on 127.0.0.1:${port}: another process has this port. Stop that one, or choose ` +
        `another port with PORT; 0 picks a free one. (listen EADDRINUSE: address already in use 127.0.0.1:${port})\n`,
    });
    const sameSip = await offhook('serve', { env: { ...quiet, PORT: '0', OFFHOOK_SIP_LISTEN: sip } });
    expect(sameSip).toMatchObject({ code: 1, printed: '' });
    expect(sameSip.said).toMatch(new RegExp(`^offhook: [^\\n]*EADDRINUSE[^\\n]*${service.sipPort}[^\\n]*\\n$`));
    await rest.until(call, ({ state }) => state === 'dialling');
    await rest.stop(call);
  });

  it('on a database that another process serves ends with one line, and so does a migration; calls go on', async () => {
    const first = await start();
    const rest = new RestClient(first.baseUrl, (await obtainTokens(first.baseUrl)).accessToken);
    const call = await rest.place({ number: ANSWERS });
    await rest.until(call, ({ state }) => state === 'connected');
    const refusal = {
      code: 1,
      said: expect.stringMatching(
        /^offhook: Another process serves the database \S+\.db: one database is served by one process\.\n$/,
      ),
    };
    const link = join(directory, 'link.db');
    symlinkSync(join(directory, 'offhook.db'), link);
    const env = { PORT: '0', OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:0' };
    for (const path of [join(directory, 'offhook.db'), link]) {
      expect(await offhook('serve', { env: { ...env, OFFHOOK_DATABASE_URL: `sqlite:${path}` } })).toMatchObject(
        refusal,
      );
    }
    expect(await offhook('migrate')).toMatchObject(refusal);
    expect(await rest.info(call)).toMatchObject({ state: 'connected' });
    expect(await rest.stop(call)).toMatchObject({ state: 'ended', outcome: 'completed' });
  });

  it('comes at once after a kill -9: the lock of the database is free', async () => {
    await (await start()).stop('SIGKILL');
    expect(await statusOf(`${(await start()).baseUrl}/healthz`, '')).toBe(200);
  });

  it('with mistakes in the configuration names each of them and ends', async () => {
    const file = join(directory, 'offhook.json');
    writeFileSync(
      file,
      JSON.stringify({ policy: { home: 'US' }, clients: [{ id: 'a', redirect_uris: [], secret: 'hush' }] }),
    );
    expect(await offhook('serve', { env: { PORT: '99999', OFFHOOK_CONFIG: file } })).toEqual({
      code: 1,
      printed: '',
      said: [
        'offhook: The configuration has 3 mistakes:',
        '  PORT: is not a port, 0 to 65535',
        `  OFFHOOK_CONFIG ${file}: policy.home: there is no such setting`,
        `  OFFHOOK_CONFIG ${file}: clients[0].secret: has fewer than 32 characters`,
        '',
      ].join('\n'),
    });
    const open = { PORT: '0', OFFHOOK_SANDBOX: 'on', OFFHOOK_PUBLIC_URL: 'https://calls.example.com' };
    expect(await offhook('serve', { env: open })).toMatchObject({
      code: 1,
      said: expect.stringContaining('OFFHOOK_PUBLIC_URL'),
    });
  });
});

describe('the end', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('by %s hangs up both legs, journals it and exits 0', async (signal) => {
    const [phone, carrier] = [await AnsweringPeer.open(), await AnsweringPeer.open()];
    try {
      const service = await start({
        env: { OFFHOOK_SANDBOX: 'on' },
        settings: {
          trunks: [{ name: 'carrier', uri: carrier.uri }],
          phones: [{ user: 'demo', address: phone.uri }],
        },
      });
      const rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
      const call = await rest.place({ number: ANSWERS });
      await rest.until(call, ({ state }) => state === 'connected');
      expect(await service.stop(signal)).toBe(0);
      expect([phone.endings, carrier.endings]).toEqual([['BYE'], ['BYE']]);
      expect(journalled(call)).toMatchObject({
        call: { state: 'ended', outcome: 'completed', ended_by: 'system' },
        legs: [{ state: 'ended' }, { state: 'ended' }],
      });
    } finally {
      await Promise.all([phone.close(), carrier.close()]);
    }
  });

  it('comes within its seconds where a phone stays silent, and the next start has nothing open', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const settings = {
        stop_seconds: 3,
        phones: [{ user: 'demo', address: `sip:phone@127.0.0.1:${silent.address().port}` }],
      };
      const service = await start({ settings });
      const rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
      const call = await rest.place({ number: ANSWERS });
      await rest.until(call, ({ state }) => state === 'calling');
      const begun = performance.now();
      expect(await service.stop()).toBe(0);
      expect(performance.now() - begun).toBeLessThan(16_000); // half of 64 T1, which it took
      await (await start({ settings })).stop();
      expect(journalled(call)).toMatchObject({
        call: { state: 'ended', outcome: 'cancelled', ended_by: 'system' },
        legs: [{ state: 'ended' }, { state: 'ended' }],
      });
    } finally {
      silent.close();
    }
  });

  it('comes at once by a second signal, and the journal keeps what the first one ended', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const phones = [{ user: 'demo', address: `sip:phone@127.0.0.1:${silent.address().port}` }];
      const service = await start({ settings: { stop_seconds: 60, phones } });
      const rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
      const call = await rest.place({ number: ANSWERS });
      await rest.until(call, ({ state }) => state === 'calling');
      process.kill(service.pid, 'SIGTERM');
      const ended = { state: 'ended', outcome: 'cancelled', ended_by: 'system' };
      while ((journalled(call) as { call: { state: string } }).call.state !== 'ended') await pause(20);
      expect(journalled(call)).toMatchObject({
        call: ended,
        legs: [{ role: 'callee', state: 'ended' }, { state: 'ending' }],
      });
      expect(await service.stop()).toBe(1);
      await (await start({ settings: { stop_seconds: 3, phones } })).stop();
      expect(journalled(call)).toMatchObject({ call: ended, legs: [{ state: 'ended' }, { state: 'ended' }] });
    } finally {
      silent.close();
    }
  });

  it('does not come by SIGHUP where no terminal is', async () => {
    const service = await start();
    const rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
    const call = await rest.place({ number: ANSWERS });
    await rest.until(call, ({ state }) => state === 'connected');
    process.kill(service.pid, 'SIGHUP');
    process.kill(service.pid, 'SIGHUP');
    expect((await rest.info(call)).state).toBe('connected');
    expect(await rest.stop(call)).toMatchObject({ outcome: 'completed' });
    expect(service.output).toContain('SIGHUP is ignored: settings are read at the start.');
  });

  it('comes by SIGHUP where the terminal goes, and its output with it', async () => {
    const command = `echo process $$; exec ${process.execPath} scripts/offhook.mjs serve`;
    const terminal = spawn('script', ['-qefc', command, '/dev/null'], {
      cwd: new URL('../..', import.meta.url).pathname,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        PORT: '0',
        OFFHOOK_DATABASE_URL: `sqlite:${join(directory, 'offhook.db')}`,
        OFFHOOK_SECRET_FILE: join(directory, 'offhook.key'),
        OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:0',
      },
    });
    const shown: string[] = [];
    const baseUrl = await new Promise<string>((resolve) => {
      createInterface({ input: terminal.stdout }).on('line', (line) => {
        shown.push(line);
        const url = /^Offhook is ready at (\S+)/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
    });
    const serviceId = Number(/\d+/.exec(shown[0] ?? '')?.[0]);
    try {
      const rest = new RestClient(baseUrl, await authorize(baseUrl));
      const call = await rest.place({ number: ANSWERS });
      await rest.until(call, ({ state }) => state === 'connected');
      terminal.kill('SIGKILL');
      while (isAlive(serviceId)) await pause(50);
      expect(journalled(call)).toMatchObject({
        call: { state: 'ended', outcome: 'completed', ended_by: 'system' },
        legs: [{ state: 'ended' }, { state: 'ended' }],
      });
    } finally {
      terminal.kill('SIGKILL');
      if (isAlive(serviceId)) process.kill(serviceId, 'SIGKILL');
    }
  });

  it('comes at once where nothing is ongoing, keep-alive connections or not', async () => {
    const service = await start();
    await fetch(`${service.baseUrl}/healthz`);
    const begun = performance.now();
    expect(await service.stop()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(3000);
  });

  it('by kill -9 loses no record: calls are closed at the next start', async () => {
    const killed = await start();
    const token = await authorize(killed.baseUrl);
    const before = new RestClient(killed.baseUrl, token);
    const [connected, ringing] = [await before.place({ number: ANSWERS }), await before.place({ number: RINGS })];
    await before.until(connected, ({ state }) => state === 'connected');
    await before.until(ringing, ({ state }) => state === 'dialling');
    expect(await killed.stop('SIGKILL')).toBeNull();

    const service = await start();
    const after = new RestClient(service.baseUrl, token);
    const ended = {
      state: 'ended',
      ended_by: 'system',
      ended_leg: null,
      legs: [{ state: 'ended' }, { state: 'ended' }],
    };
    expect(await after.info(connected)).toMatchObject({ ...ended, outcome: 'completed' });
    expect(await after.info(ringing)).toMatchObject({ ...ended, outcome: 'lost', talk_seconds: null });
    expect(await after.list()).toEqual([]);
    expect(await after.stop(ringing)).toMatchObject({ outcome: 'lost' });
    const next = await after.place({ number: ANSWERS });
    await after.until(next, ({ state }) => state === 'connected');
    await after.stop(next);
  });

  /** What the file says once the service is gone. */
  const journalled = (tokenCall: string): unknown => {
    const database = openSqlite(join(directory, 'offhook.db'), { readonly: true });
    const call = database.prepare('SELECT * FROM calls WHERE token_call = ?').get(tokenCall) as { id: number };
    const legs = database.prepare('SELECT * FROM legs WHERE call_id = ?').all(call.id);
    database.close();
    return { call, legs };
  };
});

describe('the command line beside a running service', () => {
  it('revokes tokens and disables users at once', async () => {
    const service = await start();
    const calls = `${service.baseUrl}/rest/call`;
    const [demo, operator] = [await obtainTokens(service.baseUrl), await authorize(service.baseUrl, operatorAccount)];
    expect([await statusOf(calls, demo.accessToken), await statusOf(calls, operator)]).toEqual([200, 200]);

    const revoked = await offhook('token revoke', { input: `${demo.refreshToken}\n` });
    expect(revoked).toEqual({ code: 0, printed: '', said: 'Revoked the token and all of its grant.\n' });
    expect([await statusOf(calls, demo.accessToken), await statusOf(calls, operator)]).toEqual([401, 200]);

    await succeed('user disable operator');
    expect(await statusOf(calls, operator)).toBe(401);
    await expect(authorize(service.baseUrl, operatorAccount)).rejects.toThrow();
    await succeed('user enable operator');
    expect(await statusOf(calls, await authorize(service.baseUrl, operatorAccount))).toBe(200);
  });

  const operatorAccount = { username: 'operator', password: 'operator' };

  it('adds users and phones that can be used at once', async () => {
    const service = await start();
    const added = await offhook('user add alice --extension 200', { input: 'correct horse\n' });
    expect(added).toEqual({ code: 0, printed: '', said: 'Added alice.\n' });
    const token = await authorize(service.baseUrl, { username: 'alice', password: 'correct horse' });
    const rest = new RestClient(service.baseUrl, token);
    await expect(rest.place({ number: ANSWERS })).rejects.toMatchObject({ status: 409, code: 'no_phone' });

    const { printed } = await succeed('phone add alice --name desk', {
      env: { OFFHOOK_SIP_LISTEN: `udp:127.0.0.1:${service.sipPort}` },
    });
    const [, password = ''] = /^name {7}desk\npassword {3}(\S+)\nregistrar {2}127\.0\.0\.1:\d+\n$/.exec(printed) ?? [];
    await expect(rest.place({ number: ANSWERS })).rejects.toMatchObject({ code: 'no_phone' });
    const shutdown = new Shutdown(silentLog);
    try {
      await register(service, { account: 'desk', password, shutdown });
      const call = await rest.place({ number: ANSWERS });
      await rest.until(call, ({ state }) => state === 'connected');
      await rest.stop(call);
      await succeed('phone remove alice desk');
      await expect(rest.place({ number: ANSWERS })).rejects.toMatchObject({ code: 'no_phone' });
    } finally {
      await shutdown.run();
    }
  });
});

const register = (
  { sipPort }: StartedService,
  phone: { readonly account: string; readonly password: string; readonly shutdown: Shutdown },
): Promise<void> =>
  startDemoPhone({
    ...phone,
    clock: systemClock,
    ids: createSystemIds(),
    log: silentLog,
    registrarPort: sipPort,
    domain: '127.0.0.1',
  });

/** With any Host, which `fetch` does not let one choose. */
const statusFor = (baseUrl: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(`${baseUrl}/test`, { headers: { host }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject).end();
  });

describe('the sandbox', () => {
  it('answers to names of loopback only', async () => {
    const { baseUrl } = await start();
    const { port } = new URL(baseUrl);
    const names = ['localhost', '127.0.0.1', '[::1]', 'calls.localhost'];
    const statuses = await Promise.all(names.map((name) => statusFor(baseUrl, `${name}:${port}`)));
    expect(statuses).toEqual([200, 200, 200, 200]);
    const foreign = ['attacker.example', 'localhost.attacker.example', '192.0.2.1', '127.0.0.1.nip.io'];
    const refusals = await Promise.all(foreign.map((name) => statusFor(baseUrl, `${name}:${port}`)));
    expect(refusals).toEqual([421, 421, 421, 421]);
  });

  it('keeps its accounts from whoever comes through a proxy, and nobody else’s', async () => {
    const { baseUrl } = await start();
    await succeed('user add alice', { input: 'correct horse\n' });
    const calls = `${baseUrl}/rest/call`;
    const token = await authorize(baseUrl);
    expect(await statusOf(calls, token)).toBe(200);
    const forwarding = ['x-forwarded-for', 'x-forwarded-host', 'forwarded'];
    for (const name of forwarding) expect(await statusOf(calls, token, { [name]: '192.0.2.1' })).toBe(401);
    const logIn = async (username: string, password: string, headers: Record<string, string>): Promise<number> => {
      const body = new URLSearchParams({ username, password });
      return (await fetch(`${baseUrl}/auth/login`, { method: 'POST', body, headers, redirect: 'manual' })).status;
    };
    expect(await logIn('demo', 'demo', {})).toBe(303);
    for (const name of forwarding) expect(await logIn('demo', 'demo', { [name]: '192.0.2.1' })).toBe(401);
    expect(await logIn('alice', 'correct horse', { 'x-forwarded-for': '192.0.2.1' })).toBe(303);
  });

  it('leaves nothing that can be used once it is off', async () => {
    const sandbox = await start();
    const token = await authorize(sandbox.baseUrl);
    const { printed } = await succeed('phone add demo --name desk');
    const [, password = ''] = /^password {3}(\S+)$/m.exec(printed) ?? [];
    await succeed('user add alice', { input: 'correct horse\n' });
    await sandbox.stop();

    const service = await start({ env: { OFFHOOK_SANDBOX: 'off' } });
    expect(service.output.join('\n')).not.toContain('The sandbox is on');
    expect(await statusOf(`${service.baseUrl}/rest/call`, token)).toBe(401);
    const body = (username: string, secret: string) => new URLSearchParams({ username, password: secret });
    const logIn = async (username: string, secret: string): Promise<number> => {
      const init = { method: 'POST', body: body(username, secret), redirect: 'manual' } as const;
      return (await fetch(`${service.baseUrl}/auth/login`, init)).status;
    };
    const statuses = [
      await logIn('demo', 'demo'),
      await logIn('admin', 'admin'),
      await logIn('alice', 'correct horse'),
    ];
    expect(statuses).toEqual([401, 401, 303]);
    const redirectUri = encodeURIComponent(`${sandbox.baseUrl}/test`);
    const asked = `${service.baseUrl}/oauth/auth?client_id=demo-app&response_type=code&redirect_uri=${redirectUri}`;
    expect((await fetch(asked, { redirect: 'manual' })).status).toBe(400);
    const shutdown = new Shutdown(silentLog);
    await expect(register(service, { account: 'desk', password, shutdown })).rejects.toThrow('could not register');
    await shutdown.run();
  });
});

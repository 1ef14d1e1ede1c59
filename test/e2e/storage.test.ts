import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { authorize } from '../support/authorize.ts';
import { RestClient } from '../support/rest-client.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { runOffhook } from './run-offhook.ts';

const ANSWERS = '+12025550100';

let directory: string;
let service: StartedService | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-storage-'));
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  rmSync(directory, { recursive: true });
});

describe('a service whose descriptors are at their limit', () => {
  const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

  it('carries its calls on, and answers again once there are some', async () => {
    service = await startService({ directory });
    const { baseUrl, pid } = service;
    const token = await authorize(baseUrl);
    const rest = new RestClient(baseUrl, token);

    /** Over one connection, which is there before the others are taken. */
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = async (method: string, path: string, fields?: Readonly<Record<string, string>>) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' };
      const body = fields && new URLSearchParams(fields).toString();
      const asked = request(`${baseUrl}${path}`, { agent, method, headers }).end(body);
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      return { status: response.statusCode, body: await text(response) };
    };
    expect((await ask('GET', '/healthz')).status).toBe(200);

    const call = await rest.place({ number: ANSWERS });
    await rest.until(call, ({ state }) => state === 'connected');
    const limit = descriptors(pid) + 20;
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:${limit}`]);
    const idle: Socket[] = [];
    const { port } = new URL(baseUrl);
    let refused = 0;
    const open = (): void => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined).once('close', () => (refused += 1));
      idle.push(socket);
    };
    for (let count = 0; count < 40; count += 1) open();
    // One that is taken and closed at once: there is no descriptor left for it.
    while (refused === 0) await pause(10);

    const state = async (tokenCall: string): Promise<string> =>
      (JSON.parse((await ask('GET', `/rest/call?token_call=${tokenCall}`)).body) as { state: string }).state;
    expect(await state(call)).toBe('connected');
    // It is taken, and ends by itself unless there are just enough descriptors for its media.
    expect((await ask('POST', '/rest/call', { number: ANSWERS })).status).toBe(201);
    expect(await ask('GET', '/healthz')).toEqual({ status: 200, body: '{"status":"ready"}' });
    expect((await ask('PUT', '/rest/call', { token_call: call })).status).toBe(200);
    while ((await state(call)) !== 'ended') await pause(25);

    for (const socket of idle) socket.destroy();
    agent.destroy();
    while (descriptors(pid) > limit - 5) await pause(10);
    for (const { token_call: left } of await rest.list()) await rest.stop(left);
    const next = await rest.place({ number: ANSWERS });
    await rest.until(next, ({ state: reached }) => reached === 'connected');
    await rest.stop(next);
    expect(await service.stop()).toBe(0);
  }, 60_000);
});

describe('the thread of a service that checkpoints', () => {
  it('moves what is committed into the file, and begins the log anew', async () => {
    service = await startService({ directory });
    const rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
    const call = await rest.place({ number: ANSWERS });
    await rest.until(call, ({ state }) => state === 'connected');
    await rest.stop(call);
    const path = join(directory, 'offhook.db');
    while (!readFileSync(path).includes(call)) await pause(50);
    const database = openSqlite(path, { readonly: true });
    const restarts = database.prepare("select value from facts where name = 'log_restarts'").pluck();
    while (!(Number(restarts.get() ?? 0) > 0)) await pause(50);
    database.close();
    expect(await service.stop()).toBe(0);
    expect(readdirSync(directory)).not.toContain('offhook.db-wal');
  });
});

describe('a database file that was emptied', () => {
  it.each(['serve', 'migrate'])('is refused by %s in one sentence, and stays as it is', async (command) => {
    const path = join(directory, 'offhook.db');
    writeFileSync(path, '');
    const { code, said } = await runOffhook([command], { directory, env: { PORT: '0', OFFHOOK_LOG_LEVEL: 'silent' } });
    expect(code).toBe(1);
    expect(said).toBe(
      `offhook: The database ${path} is empty: it was emptied or a copy failed; restore the backup, or remove it to begin anew.\n`,
    );
    expect(statSync(path).size).toBe(0);
  });
});

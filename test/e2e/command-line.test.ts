import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StartedService, startService } from '../support/start-service.ts';
import { runOffhook, type RunResult } from './run-offhook.ts';

let directory: string;
let service: StartedService;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-cli-'));
  service = await startService({ directory, env: { OFFHOOK_LOG_LEVEL: 'warn' } });
}, 60_000);

afterAll(async () => {
  await service.stop();
  rmSync(directory, { recursive: true });
});

const offhook = (words: string, input = ''): Promise<RunResult> => runOffhook(words.split(' '), { directory, input });

const json = async <Answer>(words: string, input = ''): Promise<Answer> => {
  const { code, printed, said } = await offhook(`${words} --json`, input);
  expect([words, code, code === 0 ? '' : said]).toEqual([words, 0, '']);
  return JSON.parse(printed) as Answer;
};

const tokenOf = async (username: string, password: string): Promise<string> => {
  const body = new URLSearchParams({
    ...{ grant_type: 'password', client_id: 'demo-password', client_secret: 'demo-secret' },
    ...{ username, password },
  });
  const reply = await fetch(`${service.baseUrl}/oauth/token`, { method: 'POST', body });
  return ((await reply.json()) as { access_token: string }).access_token;
};

interface Call {
  readonly token_call: string;
  readonly state: string;
  readonly outcome: string | null;
}

/** Places a call. @returns its token */
const place = async (token: string, number: string): Promise<string> => {
  const reply = await fetch(`${service.baseUrl}/rest/call`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: new URLSearchParams({ number }),
  });
  expect(reply.status).toBe(201);
  return new URL(reply.headers.get('location') ?? '').searchParams.get('token_call') ?? '';
};

const infoOf = async (token: string, call: string): Promise<Call> => {
  const headers = { authorization: `Bearer ${token}` };
  return (await (await fetch(`${service.baseUrl}/rest/call?token_call=${call}`, { headers })).json()) as Call;
};

const untilConnected = async (token: string, call: string): Promise<void> => {
  while ((await infoOf(token, call)).state !== 'connected') await new Promise((resolve) => setTimeout(resolve, 50));
};

describe('the command line beside a service that runs', () => {
  it('prints the registrar that the service has, whatever the variables of the command say', async () => {
    const phone = await json<{ registrar: string; addresses: string[] }>('phone add demo --name desk');
    expect(phone.registrar).toBe(`127.0.0.1:${service.sipPort}`);
    expect(phone.addresses).toContain(`sip:127.0.0.1:${service.sipPort};transport=udp`);
    expect((await offhook('phone remove demo desk')).code).toBe(0);
  }, 60_000);

  it('lists, shows and ends a call, which the service carries', async () => {
    const token = await tokenOf('demo', 'demo');
    const call = await place(token, '+12025550100');
    await untilConnected(token, call);
    const shown = await infoOf(token, call);
    expect(await json('call list')).toEqual([shown]);
    expect(await json('call list --user operator')).toEqual([]);
    expect(await json(`call show ${call}`)).toMatchObject({ ...shown, events: expect.any(Array) });

    const { code, said } = await offhook(`call end ${call}`);
    expect([code, said]).toEqual([0, 'The call has ended: completed.\n']);
    expect(await infoOf(token, call)).toMatchObject({ state: 'ended', outcome: 'completed', ended_by: 'operator' });
    expect(await offhook(`call end ${call}`)).toMatchObject({ code: 0, said: 'The call had ended already.\n' });
    expect(await json('call list')).toEqual([]);
    expect((await offhook(`call show ${call}`)).printed).toMatch(/^\S+Z {2}call\.ended$/m);
  }, 60_000);

  it('makes a backup that a service can start from, while calls are placed', async () => {
    const token = await tokenOf('demo', 'demo');
    const placing = Promise.all(['+12025550101', '+12025550103', '+12025550104'].map((number) => place(token, number)));
    const file = join(directory, 'copy.db');
    expect(await json(`backup ${file}`)).toMatchObject({ file, bytes: statSync(file).size });
    await placing;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const env = { OFFHOOK_DATABASE_URL: `sqlite:${file}` };
    const copied = await runOffhook(['user', 'list', '--json'], { directory, env });
    expect(JSON.parse(copied.printed)).toEqual(await json('user list'));
    const second = await startService({ env: { ...env, OFFHOOK_SECRET_FILE: join(directory, 'offhook.key') } });
    expect(await second.stop()).toBe(0);
  }, 60_000);

  it('deletes a user who is in a call: the call ends, the token dies, the journal keeps the name', async () => {
    await json('user add ada', 'a long password\n');
    await json('phone add ada --address sip:demo@127.0.0.1');
    const token = await tokenOf('ada', 'a long password');
    const call = await place(token, '+12025550100');
    const deleted = await json<object>('user delete ada --yes');
    expect(deleted).toMatchObject({ username: 'ada', calls: { asked: 0 } });
    expect(await json(`call show ${call}`)).toMatchObject({ state: 'ended', user: 'ada' });
    const reply = await fetch(`${service.baseUrl}/rest/call`, { headers: { authorization: `Bearer ${token}` } });
    expect(reply.status).toBe(401);
    expect((await json<{ username: string }[]>('user list')).map(({ username }) => username)).not.toContain('ada');
  }, 60_000);
});

describe('the command line without a service', () => {
  it('says so where a call cannot be ended now, or a registrar is not known', async () => {
    const own = mkdtempSync(join(tmpdir(), 'offhook-cli-'));
    try {
      const crashed = await startService({ directory: own, env: { OFFHOOK_LOG_LEVEL: 'silent' } });
      const running = service;
      service = crashed;
      const token = await tokenOf('demo', 'demo');
      const call = await place(token, '+12025550102');
      service = running;
      await crashed.stop('SIGKILL');
      const ended = await runOffhook(['call', 'end', call, '--wait', '0'], { directory: own });
      expect(ended).toMatchObject({ code: 1, said: expect.stringMatching(/^offhook: The call goes on: [^\n]+\n$/) });
      const second = await startService({ directory: own, env: { OFFHOOK_LOG_LEVEL: 'silent' } });
      await second.stop();
      const phone = await runOffhook(['phone', 'add', 'demo', '--name', 'desk'], { directory: own });
      expect(phone).toMatchObject({ code: 0, said: expect.stringMatching(/^No service runs now\./) });
    } finally {
      rmSync(own, { recursive: true });
    }
  }, 60_000);
});

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorize } from '../../support/authorize.ts';
import { type Baresip, startBaresip } from '../../support/baresip.ts';
import { startCapture } from '../../support/capture.ts';
import { JobClient } from '../../support/job-client.ts';
import { type StartedService, startService } from '../../support/start-service.ts';

/*
 * The test phone calls a registered phone, baresip, which plays what sox made.
 */

const OUR_RTP = { from: 29_000 + (process.pid % 50) * 10, to: 29_009 + (process.pid % 50) * 10 };
const EXTENSION = '201';
const ROOT = new URL('../../..', import.meta.url).pathname;

let directory: string;
let service: StartedService;
let jobs: JobClient;

const offhook = async (words: readonly string[], input: string): Promise<string> => {
  const child = spawn(process.execPath, ['scripts/offhook.mjs', ...words], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      OFFHOOK_DATABASE_URL: `sqlite:${join(service.directory, 'offhook.db')}`,
      OFFHOOK_SECRET_FILE: join(service.directory, 'offhook.key'),
    },
  });
  child.stdin.end(input);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [exitCode] = (await once(child, 'close')) as [number];
  expect(exitCode).toBe(0);
  return output;
};

/** 30 s of 8000 Hz. @param effect - as sox has it */
const made = async (name: string, effect: readonly string[]): Promise<string> => {
  const file = join(directory, `${name}.wav`);
  await promisify(execFile)('sox', ['-R', '-n', '-r', '8000', '-b', '16', '-c', '1', file, 'synth', '30', ...effect]);
  return file;
};

const registered = async (wav: string, account: Readonly<Record<'account' | 'password', string>>): Promise<Baresip> => {
  const phone = await startBaresip({ ...account, registrarPort: service.sipPort, wav });
  await phone.event('REGISTER_OK');
  return phone;
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offhook-baresip-calls-'));
  service = await startService({
    env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn', OFFHOOK_RTP: `127.0.0.1:${OUR_RTP.from}-${OUR_RTP.to}` },
  });
  await offhook(['user', 'add', 'anna', '--extension', EXTENSION], 'a long password of hers\n');
  jobs = new JobClient(service.baseUrl, await authorize(service.baseUrl));
}, 60_000);

afterAll(async () => {
  await service.stop();
  await rm(directory, { recursive: true, force: true });
}, 60_000);

describe('a test call to baresip', () => {
  it('hears what its WAV has, and is heard', async () => {
    const output = await offhook(['phone', 'add', 'anna'], '');
    const field = (name: string): string => new RegExp(`^${name} +(\\S+)$`, 'm').exec(output)?.[1] ?? '';
    const account = { account: field('name'), password: field('password') };
    for (const [name, effect, expected] of [
      ['tone', ['sine', '1300', 'vol', '0.3'], { audio: 'tone', tone_hz: 1300 }],
      ['noise', ['pinknoise', 'vol', '0.3'], { audio: 'sound' }],
      ['silence', ['sine', '1000', 'vol', '0'], { audio: 'silence' }],
    ] as const) {
      const phone = await registered(await made(name, effect), account);
      const capture = await startCapture([OUR_RTP]);
      const expectation = { outcome: 'completed', talk_seconds_at_least: 4, ...expected };
      const steps = [{ dtmf: '9' }];
      const [run] = await jobs.run(name, [{ name, number: EXTENSION, expect: expectation, steps }]);
      const packets = await capture.stop();
      await phone.quit();
      expect({ run, status: run?.status }).toMatchObject({ status: 'Pass' });
      if (name === 'tone') expect(Math.abs((run?.heard?.tone_hz ?? 0) - 1300)).toBeLessThan(2);
      const isOurs = (port: number): boolean => port >= OUR_RTP.from && port <= OUR_RTP.to;
      const count = (isWanted: (packet: (typeof packets)[number]) => boolean): number =>
        packets.filter(isWanted).length;
      expect(count(({ from, payloadType }) => isOurs(from) && payloadType === 101)).toBe(10);
      expect(count(({ from, payloadType }) => isOurs(from) && payloadType === 0)).toBeGreaterThan(100);
      expect(count(({ to, payloadType }) => isOurs(to) && payloadType === 0)).toBeGreaterThan(100);
    }
  }, 90_000);
});

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runOffhook } from '../../e2e/run-offhook.ts';
import { authorize } from '../../support/authorize.ts';
import { type Baresip, startBaresip } from '../../support/baresip.ts';
import { JobClient } from '../../support/job-client.ts';
import { type StartedService, startService } from '../../support/start-service.ts';
import type { BaresipPhone, SoxSound } from './baresip-cases.ts';
import { type JudgedCase, judgedCase } from './judged-case.ts';

const SECONDS = '30';
const FIRST_EXTENSION = 300;

const made = async ({ name, effect }: SoxSound, directory: string): Promise<string> => {
  const file = join(directory, `${name}.wav`);
  const format = ['-r', '8000', '-b', '16', '-c', '1'];
  await promisify(execFile)('sox', ['-R', '-n', ...format, file, 'synth', SECONDS, ...effect]);
  return file;
};

const offhook = async (words: readonly string[], directory: string, input = ''): Promise<string> => {
  const { code, printed, said } = await runOffhook(words, { directory, input });
  if (code !== 0) throw new Error(`offhook ${words.join(' ')}: ${said}`);
  return printed;
};

/** baresip as the phone of a user of its own, registered. */
const startPhone = async (wav: string, extension: number, service: StartedService): Promise<Baresip> => {
  const name = `sox-${extension}`;
  const { directory, sipPort: registrarPort } = service;
  await offhook(['user', 'add', name, '--extension', String(extension)], directory, 'a long password of theirs\n');
  const printed = await offhook(['phone', 'add', name], directory);
  const field = (label: string): string => new RegExp(`^${label} +(\\S+)$`, 'm').exec(printed)?.[1] ?? '';
  const phone = await startBaresip({ account: field('name'), password: field('password'), registrarPort, wav });
  await phone.event('REGISTER_OK');
  return phone;
};

/** Tries cases on baresip, one call at a time for each phone. */
export const tryBaresip = async (phones: readonly BaresipPhone[]): Promise<readonly JudgedCase[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-verdicts-'));
  const service = await startService({ env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' } });
  const started: Baresip[] = [];
  try {
    const jobs = new JobClient(service.baseUrl, await authorize(service.baseUrl));
    for (const [index, { sound }] of phones.entries()) {
      started.push(await startPhone(await made(sound, directory), FIRST_EXTENSION + index, service));
    }
    const judged = phones.map(async ({ sound, cases }, index) => {
      const number = String(FIRST_EXTENSION + index);
      const runs = await jobs.run(
        sound.name,
        cases.map(({ name, script }) => ({ name, number, ...script })),
        1,
      );
      return cases.map((each) => judgedCase(each, 'baresip', runs));
    });
    return (await Promise.all(judged)).flat();
  } finally {
    await Promise.all(started.map((phone) => phone.quit()));
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
};

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { type Administration, openAdministration } from '../../src/app/administration.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { readConfig } from '../../src/config/config.ts';

export interface Ran {
  readonly code: number;
  readonly printed: string;
  readonly said: string;
}

const untouched = { ...process.env };

/** A directory with a database of its own for each test. */
export const useDirectory = (): { readonly path: () => string } => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'offhook-cli-'));
    process.env['OFFHOOK_DATABASE_URL'] = `sqlite:${join(directory, 'offhook.db')}`;
    process.env['OFFHOOK_SECRET_FILE'] = join(directory, 'offhook.key');
    process.env['OFFHOOK_SANDBOX'] = 'off';
  });
  afterEach(() => {
    process.env = { ...untouched };
    rmSync(directory, { recursive: true });
  });
  return { path: () => directory };
};

/** A person at a terminal, who types this. */
export const typing = (line: string): Terminal['input'] =>
  Object.assign(new PassThrough().end(`${line}\n`), { isTTY: true });

export const offhook = async (words: string, input: string | Terminal['input'] = ''): Promise<Ran> => {
  const printed: string[] = [];
  const said: string[] = [];
  const code = await runCommandLine(words.split(' '), {
    input: typeof input === 'string' ? Readable.from(input === '' ? [] : [Buffer.from(input)]) : input,
    print: (line) => printed.push(line),
    say: (line) => said.push(line),
  });
  return { code, printed: printed.join('\n'), said: said.join('\n') };
};

/** Runs what must not fail. */
export const run = async (words: string, input: string | Terminal['input'] = ''): Promise<Ran> => {
  const ran = await offhook(words, input);
  expect(ran).toMatchObject({ code: 0 });
  return ran;
};

/** What a command answers as JSON. */
export const json = async (words: string, input = ''): Promise<unknown> =>
  JSON.parse((await run(`${words} --json`, input)).printed);

/** What a command left in the database. */
export const look = async <Result>(work: (administration: Administration) => Promise<Result>): Promise<Result> => {
  const administration = await openAdministration(readConfig());
  try {
    return await work(administration);
  } finally {
    await administration.close();
  }
};

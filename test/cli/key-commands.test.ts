import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openAdministration } from '../../src/app/administration.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { readConfig } from '../../src/config/config.ts';
import { lockDatabase } from '../../src/storage/open-database.ts';
import { fingerprintOf } from '../../src/storage/secret-key.ts';

const untouched = { ...process.env };
let directory: string;
let keyFile: string;
let databaseFile: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-key-'));
  keyFile = join(directory, 'offhook.key');
  databaseFile = join(directory, 'offhook.db');
  process.env['OFFHOOK_DATABASE_URL'] = `sqlite:${databaseFile}`;
  process.env['OFFHOOK_SECRET_FILE'] = keyFile;
  process.env['OFFHOOK_SANDBOX'] = 'off';
});

afterEach(() => {
  process.env = { ...untouched };
  rmSync(directory, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly printed: readonly string[];
  readonly said: readonly string[];
}

const offhook = async (words: string, input: Terminal['input'] = Readable.from([])): Promise<Ran> => {
  const printed: string[] = [];
  const said: string[] = [];
  const terminal = { input, print: (line: string) => printed.push(line), say: (line: string) => said.push(line) };
  return { code: await runCommandLine(words.split(' '), terminal), printed, said };
};

const run = async (words: string, input = ''): Promise<Ran> => {
  const ran = await offhook(words, Readable.from([Buffer.from(input)]));
  expect(ran).toMatchObject({ code: 0 });
  return ran;
};

/** A person at a terminal, who types this. */
const typing = (line: string): Terminal['input'] => Object.assign(new PassThrough().end(`${line}\n`), { isTTY: true });

const fingerprint = (): string => fingerprintOf(readFileSync(keyFile));

/** Users with a phone each. */
const addPhones = async (): Promise<void> => {
  for (const user of ['ada', 'bob']) {
    await run(`user add ${user}`, 'correct horse\n');
    await run(`phone add ${user} --name desk-${user}`);
  }
};

describe('every command', () => {
  it.each(['migrate', 'user list', 'phone list', 'client list', 'token revoke --user ada'])(
    'is refused without the right key file, and leaves it: %s',
    async (words) => {
      await addPhones();
      const needed = fingerprint();
      copyFileSync(keyFile, join(directory, 'backup.key'));
      const refused = {
        code: 1,
        printed: [],
        said: [expect.stringMatching(new RegExp(`^offhook: The key file ${keyFile} of .*fingerprint ${needed}, `))],
      };
      rmSync(keyFile);
      expect(await offhook(words)).toEqual(refused);
      expect(existsSync(keyFile)).toBe(false);
      for (const content of [Buffer.alloc(32, 1), Buffer.alloc(5)]) {
        writeFileSync(keyFile, content);
        expect(await offhook(words)).toEqual(refused);
        expect(readFileSync(keyFile)).toEqual(content);
      }
      copyFileSync(join(directory, 'backup.key'), keyFile);
      await run(words);
    },
  );
});

describe('key show', () => {
  it('tells of a new database, and makes no key', async () => {
    expect((await run('key show')).printed).toEqual([
      `key file     ${keyFile}`,
      'fingerprint  none: there is no such file',
      `database     ${databaseFile}`,
      'needs        none yet',
      'fits         the first start makes it',
    ]);
    expect(existsSync(keyFile)).toBe(false);
  });

  it('tells which key there is and which one is needed; what does not fit exits 1', async () => {
    await addPhones();
    const needed = fingerprint();
    const needs = `needs        ${needed}, last used as ${keyFile}`;
    expect((await run('key show')).printed).toEqual([
      `key file     ${keyFile}`,
      `fingerprint  ${needed}`,
      `database     ${databaseFile}`,
      needs,
      'fits         yes',
    ]);
    process.env['OFFHOOK_SECRET_FILE'] = join(directory, 'other.key');
    writeFileSync(join(directory, 'other.key'), Buffer.alloc(32, 1));
    expect(await offhook('key show')).toEqual({
      code: 1,
      printed: [
        `key file     ${join(directory, 'other.key')}`,
        `fingerprint  ${fingerprintOf(Buffer.alloc(32, 1))}`,
        `database     ${databaseFile}`,
        needs,
        'fits         no',
        'unreadable   0 JWT keys, 2 phones',
      ],
      said: [expect.stringMatching(/^offhook: The key file .* does not belong to it .* offhook key replace.*\.$/)],
    });
  });
});

describe('key replace', () => {
  it('refuses while a process serves the database, and where the key fits', async () => {
    await addPhones();
    const fits = {
      code: 1,
      said: [expect.stringMatching(/^offhook: The key file .* fits: .* nothing was changed\.$/)],
    };
    expect(await offhook('key replace --yes')).toMatchObject(fits);
    rmSync(keyFile);
    const lock = lockDatabase(`sqlite:${databaseFile}`);
    expect(await offhook('key replace --yes')).toMatchObject({
      code: 1,
      said: [expect.stringContaining('Another process serves the database')],
    });
    lock.release();
    expect(existsSync(keyFile)).toBe(false);
  });

  it('asks the person at the terminal, and changes nothing where the answer is another', async () => {
    await addPhones();
    const needed = fingerprint();
    rmSync(keyFile);
    for (const answer of ['', 'yes']) {
      expect(await offhook('key replace', typing(answer))).toEqual({
        code: 1,
        printed: [],
        said: [
          `The database ${databaseFile} gets a new key file ${keyFile}.`,
          `If a backup has the file with the fingerprint ${needed} (${keyFile}), restore that instead.`,
          'What cannot be read without the lost key is deleted: 0 JWT keys, 2 phones.',
          '  phone desk-ada of ada',
          '  phone desk-bob of bob',
          'All tokens in JWT form end, and everybody is logged out of the pages.',
          'Type "replace the key" to go on:',
          'offhook: Nothing was changed.',
        ],
      });
    }
    expect(existsSync(keyFile)).toBe(false);
    expect((await offhook('key replace', typing('replace the key'))).code).toBe(0);
    await run('user list');
  });

  it('says what was lost and what to do, and everything works again', async () => {
    await addPhones();
    writeFileSync(keyFile, 'truncated');
    const { said, printed } = await run('key replace --yes');
    const [kept = ''] = readdirSync(directory).filter((name) => name.includes('.old-'));
    expect(kept).toMatch(/^offhook\.key\.old-\d{8}-\d{6}$/);
    expect(readFileSync(join(directory, kept), 'utf8')).toBe('truncated');
    expect(said.slice(-4)).toEqual([
      `${keyFile} holds a new key with the fingerprint ${fingerprint()}. Back it up.`,
      `The file that was there is kept as ${join(directory, kept)}.`,
      'Deleted: 0 JWT keys, 2 phones. Applications with tokens in JWT form, refresh tokens too, ask for new ones.',
      'Add these phones again, and enter in each the new password that is printed:',
    ]);
    expect(printed).toEqual(['npx offhook phone add ada --name desk-ada', 'npx offhook phone add bob --name desk-bob']);
    for (const line of printed) await run(line.replace('npx offhook ', ''));
    expect((await run('key show')).printed).toContain('fits         yes');
    const administration = await openAdministration(readConfig());
    const events = await administration.stores.audit.list({ limit: 10 });
    await administration.close();
    expect(events.map(({ event, username, detail }) => [event, username, detail])).toEqual(
      expect.arrayContaining([
        ['key_file.replaced', null, fingerprint()],
        ['phone.removed', 'ada', 'desk-ada'],
        ['phone.removed', 'bob', 'desk-bob'],
      ]),
    );
  });
});

import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { fingerprintOf } from '../../src/storage/secret-key.ts';
import { json, offhook, run, useDirectory } from './offhook.ts';

const directory = useDirectory();
const at = (name: string): string => join(directory.path(), name);
const PASSWORD = 'correct horse\n';

describe('backup', () => {
  it('copies the database into a file of its owner alone, and says which key it needs', async () => {
    await run('user add ada', PASSWORD);
    await run('phone add ada --name desk');
    const keyFile = at('offhook.key');
    const fingerprint = fingerprintOf(readFileSync(keyFile));
    expect(await json(`backup ${at('copy.db')}`)).toEqual({
      ...{ file: at('copy.db'), bytes: statSync(at('copy.db')).size, key_file: keyFile, key_fingerprint: fingerprint },
    });
    expect(statSync(at('copy.db')).mode & 0o777).toBe(0o600);
    await run('user add bob', PASSWORD);
    process.env['OFFHOOK_DATABASE_URL'] = `sqlite:${at('copy.db')}`;
    expect(await json('user list')).toMatchObject([{ username: 'ada' }]);
    expect(await json('key show')).toMatchObject({ fits: true, unreadable: { phones: 0 } });
  });

  it('says on a line that the key file is not in it', async () => {
    await run('user add ada', PASSWORD);
    const { said, printed } = await run(`backup ${at('copy.db')}`);
    expect(said).toMatch(
      /^The key file is not in it: keep a copy of \S+offhook\.key, with the fingerprint \w{16}, apart/,
    );
    expect(printed).toMatch(/^file +\S+copy\.db\nbytes +\d+\nneeds key +\w{16}$/);
    expect(readdirSync(directory.path()).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
  });

  it('works without the key file, which a backup does not need', async () => {
    await run('user add ada', PASSWORD);
    rmSync(at('offhook.key'));
    await run(`backup ${at('copy.db')}`);
  });

  it('writes over no file, leaves nothing half done, and makes no database where there is none', async () => {
    const refusals = [
      [
        'copy.db',
        'is there',
        'offhook: ' + at('copy.db') + ' exists already: a backup is never written over another file.',
      ],
      [
        'new.db.partial',
        'is there',
        `offhook: ${at('new.db')}.partial exists: another backup writes it, or one that was broken off left it.`,
      ],
    ] as const;
    expect(await offhook(`backup ${at('none.db')}`)).toMatchObject({
      code: 1,
      said: expect.stringMatching(/There is no database \S+\.$/),
    });
    expect(readdirSync(directory.path())).toEqual([]);
    await run('user add ada', PASSWORD);
    for (const [name, content, said] of refusals) {
      writeFileSync(at(name), content);
      expect(await offhook(`backup ${at(name.replace('.partial', ''))}`)).toEqual({ code: 1, printed: '', said });
      expect(readFileSync(at(name), 'utf8')).toBe(content);
    }
    expect(await offhook(`backup ${at('missing/copy.db')}`)).toMatchObject({
      code: 1,
      said: expect.stringMatching(/could not be written/),
    });
    expect(existsSync(at('missing'))).toBe(false);
  });

  it('refuses what is no database, and keeps no copy of it', async () => {
    writeFileSync(at('offhook.db'), 'x'.repeat(8192));
    expect(await offhook(`backup ${at('copy.db')}`)).toMatchObject({
      code: 1,
      said: expect.stringMatching(/is not a SQLite database/),
    });
    expect(readdirSync(directory.path()).filter((name) => name.startsWith('copy'))).toEqual([]);
  });

  it('is not kept where the database is damaged', async () => {
    await run('user add ada', PASSWORD);
    await run(`backup ${at('sound.db')}`);
    const damaged = readFileSync(at('sound.db'));
    damaged.fill(0xff, 8192, damaged.length - 4096);
    copyFileSync(at('sound.db'), at('damaged.db'));
    chmodSync(at('damaged.db'), 0o600);
    writeFileSync(at('damaged.db'), damaged);
    process.env['OFFHOOK_DATABASE_URL'] = `sqlite:${at('damaged.db')}`;
    expect(await offhook(`backup ${at('copy.db')}`)).toMatchObject({ code: 1 });
    expect(readdirSync(directory.path()).filter((name) => name.startsWith('copy'))).toEqual([]);
  });
});

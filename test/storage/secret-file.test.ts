import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Log, silentLog } from '../../src/shared/log.ts';
import { KyselyFactStore } from '../../src/storage/kysely-fact-store.ts';
import { KyselySigningKeyStore } from '../../src/storage/oauth/kysely-signing-key-store.ts';
import { KyselyPhoneBook } from '../../src/storage/phones/kysely-phone-book.ts';
import { examineSecretFile, openSecretKey } from '../../src/storage/secret-check.ts';
import { replaceSecretFile } from '../../src/storage/secret-file.ts';
import { fingerprintOf } from '../../src/storage/secret-key.ts';
import { replaceSecretKey } from '../../src/storage/secret-replacement.ts';
import { SecretSeals } from '../../src/storage/secret-seals.ts';
import { aUser, NOON } from '../contracts/records.ts';
import { createTestStores, type TestStores } from '../support/test-database.ts';

let stores: TestStores;
let path: string;
let databaseName: string;

beforeEach(async () => {
  stores = await createTestStores();
  databaseName = join(stores.directory, 'offhook.db');
  path = join(stores.directory, 'keys', 'offhook.key');
  await stores.users.insert(aUser('ada'));
});
afterEach(() => stores.close());

const parts = (file = path) => ({ database: stores.database, databaseUrl: stores.url, path: file });
const open = (file = path, log: Log = silentLog): Promise<Buffer> => openSecretKey({ ...parts(file), log });
const facts = async () => {
  const store = new KyselyFactStore(stores.database);
  return { fingerprint: await store.find('secret_fingerprint'), path: await store.find('secret_path') };
};
const signingKey = (id: string) => ({ id, privateJwk: `{"kid":"${id}"}`, createdAt: NOON });
const sealSigningKey = (key: Buffer, id = 'signing') =>
  new KyselySigningKeyStore(stores.database, key).insert(signingKey(id));
const sealPhone = (key: Buffer, account: string) =>
  new KyselyPhoneBook(stores.database, key).addPhone(
    { userId: 'ada', name: account, endpoint: { kind: 'registered', account } },
    { account, userId: 'ada', realm: 'offhook', ha1: { md5: 'a'.repeat(32), sha256: 'b'.repeat(64) } },
  );
const write = (content: Buffer | string, file = path): void => {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, content);
};
/** The refusal, which has to be one sentence on one line. */
const refusal = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'secret_file', message: expect.stringMatching(/^The key file [^\n]+\.$/) });
  return (error as Error).message;
};
const lost = 'or run "npx offhook key replace" if it is lost for good.';

describe('the key file of a new database', () => {
  it('is made once, of 32 random bytes, for its user only, and noted', async () => {
    const key = await open();
    expect(key).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(path, '..'))).toEqual(['offhook.key']);
    expect(readFileSync(path)).toEqual(key);
    expect(await open()).toEqual(key);
    const sha256sum = createHash('sha256').update(key).digest('hex');
    expect(await facts()).toEqual({ fingerprint: sha256sum.slice(0, 16), path });
  });

  it('may be there before: made by a start that was killed, or laid there by the operator', async () => {
    const key = randomBytes(32);
    write(key);
    expect(await open()).toEqual(key);
    expect(await facts()).toEqual({ fingerprint: fingerprintOf(key), path });
  });

  it('is refused, and never replaced, where it holds something else', async () => {
    write('not a key');
    expect(await refusal(open())).toBe(
      `The key file ${path} of the database ${databaseName} is truncated or damaged ` +
        `(9 bytes instead of 32, fingerprint ${fingerprintOf(Buffer.from('not a key'))}): ` +
        'nothing is sealed with it yet, so move it away and the next start makes one.',
    );
    expect(readFileSync(path, 'utf8')).toBe('not a key');
    expect(await facts()).toEqual({ fingerprint: undefined, path: undefined });
    expect(await refusal(open(stores.directory))).toBe(`The key file ${stores.directory} cannot be read.`);
  });

  it('is examined without being made or noted', async () => {
    expect(await examineSecretFile(parts())).toMatchObject({ isInUse: false, found: { state: 'unneeded' } });
    write(randomBytes(32));
    expect(await examineSecretFile(parts())).toMatchObject({ isInUse: false, found: { state: 'fits' } });
    expect(await facts()).toEqual({ fingerprint: undefined, path: undefined });
  });

  it('is one of two that were made for it at once: the other is refused and stays', async () => {
    const other = join(stores.directory, 'other.key');
    const settled = await Promise.allSettled([open(), open(other)]);
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [taken, refused] = settled[0].status === 'fulfilled' ? [path, other] : [other, path];
    expect(await facts()).toEqual({ fingerprint: fingerprintOf(readFileSync(taken)), path: taken });
    expect(readFileSync(refused)).toHaveLength(32);
    expect(await refusal(open(refused))).toContain('does not belong to it');
  });
});

describe('the key file of a database that tells which one it needs', () => {
  let key: Buffer;
  let restore: string;
  beforeEach(async () => {
    key = await open();
    restore = `restore from the backup the one with the fingerprint ${fingerprintOf(key)}, last used there, ${lost}`;
  });

  it('may move, and the database notes where to', async () => {
    const moved = join(stores.directory, 'moved.key');
    renameSync(path, moved);
    expect(await open(moved)).toEqual(key);
    expect(await facts()).toEqual({ fingerprint: fingerprintOf(key), path: moved });
    expect(await refusal(open())).toContain(`${fingerprintOf(key)}, last used as ${moved}, or run`);
  });

  it('is not made again where it is missing', async () => {
    rmSync(path);
    expect(await refusal(open())).toBe(`The key file ${path} of the database ${databaseName} is missing: ${restore}`);
    expect(existsSync(path)).toBe(false);
    write(key);
    expect(await open()).toEqual(key);
  });

  it('is refused where it is truncated, and left so', async () => {
    const half = key.subarray(0, 16);
    write(half);
    expect(await refusal(open())).toBe(
      `The key file ${path} of the database ${databaseName} is truncated or damaged ` +
        `(16 bytes instead of 32, fingerprint ${fingerprintOf(half)}): ${restore}`,
    );
    expect(readFileSync(path)).toEqual(half);
    write('');
    expect(await refusal(open())).toContain('(0 bytes instead of 32');
  });

  it('is refused where it is that of another database, and left so', async () => {
    const foreign = randomBytes(32);
    write(foreign);
    expect(await refusal(open())).toBe(
      `The key file ${path} of the database ${databaseName} does not belong to it ` +
        `(fingerprint ${fingerprintOf(foreign)}): ${restore}`,
    );
    expect(readFileSync(path)).toEqual(foreign);
    expect(await facts()).toEqual({ fingerprint: fingerprintOf(key), path });
  });
});

describe('the key file of a database that does not tell, and has sealed secrets', () => {
  const key = randomBytes(32);

  it.each([
    ['a signing key', () => sealSigningKey(key)],
    ['a phone', () => sealPhone(key, 'desk')],
  ])('must open %s', async (_what, seal) => {
    await seal();
    const restore = `restore from the backup the one that JWT keys and phones are sealed with, ${lost}`;
    expect(await refusal(open())).toBe(`The key file ${path} of the database ${databaseName} is missing: ${restore}`);
    expect(existsSync(path)).toBe(false);
    write(key.subarray(1));
    expect(await refusal(open())).toMatch(new RegExp(`truncated or damaged \\(31 bytes .*: ${restore}$`));
    write(randomBytes(32));
    expect(await refusal(open())).toMatch(new RegExp(`does not belong to it \\(fingerprint .{16}\\): ${restore}$`));
    expect(await facts()).toEqual({ fingerprint: undefined, path: undefined });
    write(key);
    expect(await open()).toEqual(key);
    expect(await facts()).toEqual({ fingerprint: fingerprintOf(key), path });
  });

  it('is taken where it opens some of them; those that it does not are told once', async () => {
    await sealSigningKey(key);
    await sealPhone(randomBytes(32), 'desk');
    write(key);
    const warned: object[] = [];
    const log = { ...silentLog, warn: (fields: object) => void warned.push(fields) };
    expect(await open(path, log)).toEqual(key);
    expect(await open(path, log)).toEqual(key);
    expect(warned).toEqual([{ phones: ['desk'], signingKeys: [] }]);
  });
});

describe('a replacement of the key', () => {
  const now = Date.UTC(2026, 10, 27, 23, 44, 36);
  const agree = () => Promise.resolve();
  const replace = (confirm: Parameters<typeof replaceSecretKey>[0]['confirm'] = agree) =>
    replaceSecretKey({ ...parts(), now, confirm });

  it('keeps the file that was there, deletes what was sealed, and the database takes the new key', async () => {
    const key = await open();
    await sealSigningKey(key);
    await sealPhone(key, 'desk');
    await stores.phoneBook.addPhone({
      userId: 'ada',
      name: 'pbx',
      endpoint: { kind: 'address', uri: 'sip:200@192.0.2.1' },
    });
    await stores.bindings.update('desk', () => [
      {
        ...{ account: 'desk', contact: 'sip:desk@192.0.2.9', path: [], q: 1, registeredAt: 0, expiresAt: NOON * 2 },
        ...{ callId: 'c', cseq: 1, userAgent: undefined },
        flow: { protocol: 'udp', address: '192.0.2.9', port: 5060 } as never,
      },
    ]);
    const foreign = randomBytes(32);
    write(foreign);
    const replaced = await replace();
    expect(replaced).toEqual({
      made: { fingerprint: fingerprintOf(readFileSync(path)), path },
      keptAs: `${path}.old-20261127-234436`,
      losses: {
        signingKeys: ['signing'],
        phones: [{ account: 'desk', userId: 'ada', username: 'name of ada' }],
        webhooks: [],
      },
    });
    expect(readFileSync(replaced.keptAs ?? '')).toEqual(foreign);
    const made = await open();
    expect([made.equals(key), made.equals(foreign)]).toEqual([false, false]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await new SecretSeals(stores.database).unreadable()).toEqual({ signingKeys: [], phones: [], webhooks: [] });
    expect(await stores.bindings.find('desk')).toEqual([]);
    expect((await stores.phones.phonesOf({ userId: 'ada', username: 'ada' })).map(({ name }) => name)).toEqual(['pbx']);
    expect(await stores.audit.list({ limit: 10 })).toMatchObject([
      { event: 'phone.removed', userId: 'ada', detail: 'desk', at: now },
      { event: 'key_file.replaced', userId: null, detail: replaced.made.fingerprint, at: now },
    ]);
    expect(await sealPhone(made, 'desk')).toBe('added');
  });

  it('says beforehand what will be lost, and changes nothing without consent', async () => {
    const key = await open();
    await sealPhone(key, 'desk');
    rmSync(path);
    const proposals: unknown[] = [];
    const refuse = replace((proposed) => {
      proposals.push(proposed);
      return Promise.reject(new Error('no'));
    });
    await expect(refuse).rejects.toThrow('no');
    expect(proposals).toMatchObject([
      { found: { state: 'missing' }, losses: { signingKeys: [], phones: [{ account: 'desk' }] } },
    ]);
    expect(existsSync(path)).toBe(false);
    write(key);
    expect(await open()).toEqual(key);
    expect((await new SecretSeals(stores.database).unreadable(key)).phones).toEqual([]);
  });

  it('is refused where the key is not lost, or was never made', async () => {
    expect(await refusal(replace())).toMatch(/is not made yet: the first start makes it, and nothing was changed\.$/);
    const key = await open();
    await sealSigningKey(key);
    expect(await refusal(replace())).toMatch(/ fits: nothing has to be replaced, and nothing was changed\.$/);
    expect(readFileSync(path)).toEqual(key);
    await sealSigningKey(randomBytes(32), 'stranger');
    expect((await replace()).losses.signingKeys).toHaveLength(2);
    expect(await refusal(replaceSecretKey({ ...parts(stores.directory), now, confirm: agree }))).toContain(
      'cannot be read',
    );
  });

  it('that was killed between the file and the database is refused by a start, and made again', async () => {
    await sealPhone(await open(), 'desk');
    const half = replaceSecretFile(path, '.old');
    expect(await refusal(open())).toContain(`does not belong to it (fingerprint ${fingerprintOf(half.key)})`);
    const { keptAs, losses } = await replace();
    expect(readFileSync(keptAs ?? '')).toEqual(half.key);
    expect(losses.phones).toMatchObject([{ account: 'desk' }]);
    expect(await open()).toEqual(readFileSync(path));
  });

  it('destroys no key: a name that is taken is left, and a copy by link stays as it was', () => {
    const first = randomBytes(32);
    write(first);
    linkSync(path, join(stores.directory, 'linked.key'));
    const second = replaceSecretFile(path, '.old');
    expect(replaceSecretFile(path, '.old').keptAs).toBe(`${path}.old-2`);
    expect([readFileSync(`${path}.old`), readFileSync(`${path}.old-2`)]).toEqual([first, second.key]);
    expect(readFileSync(join(stores.directory, 'linked.key'))).toEqual(first);
    expect(readdirSync(join(path, '..')).sort()).toEqual(['offhook.key', 'offhook.key.old', 'offhook.key.old-2']);
  });
});

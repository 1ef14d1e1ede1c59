import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fingerprintOf } from '../../src/storage/secret-key.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { runOffhook } from './run-offhook.ts';

let directory: string;
let keyFile: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-key-'));
  keyFile = join(directory, 'offhook.key');
});
afterEach(() => rmSync(directory, { recursive: true }));

const env = { PORT: '0', OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:0', OFFHOOK_LOG_LEVEL: 'silent' };
const offhook = (words: string) => runOffhook(words.split(' '), { directory, env });

const keyIdsOf = async ({ baseUrl }: StartedService): Promise<readonly string[]> => {
  const { keys } = (await (await fetch(`${baseUrl}/oauth/jwks`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
};

/** A service that ran once, and has signing keys. @returns their ids */
const runOnce = async (): Promise<readonly string[]> => {
  const service = await startService({ directory });
  try {
    expect(await offhook('key replace --yes')).toMatchObject({
      code: 1,
      said: expect.stringMatching(/^offhook: Another process serves the database [^\n]+\n$/),
    });
    return await keyIdsOf(service);
  } finally {
    await service.stop();
  }
};

const contentOf = (path: string): Buffer | undefined => (existsSync(path) ? readFileSync(path) : undefined);
const database = (): Buffer | undefined => contentOf(join(directory, 'offhook.db'));

describe('a start without the key file that belongs to the database', () => {
  it('is refused in one sentence and changes no file; with the right one it comes', async () => {
    const ids = await runOnce();
    const key = readFileSync(keyFile);
    const before = database();
    const wayOut =
      `: restore from the backup the one with the fingerprint ${fingerprintOf(key)}, last used there, ` +
      'or run "npx offhook key replace" if it is lost for good.\n';
    const of = `offhook: The key file ${keyFile} of the database ${join(directory, 'offhook.db')} `;
    const faults: readonly (readonly [Buffer | undefined, string])[] = [
      [undefined, 'is missing'],
      [Buffer.alloc(32, 1), `does not belong to it (fingerprint ${fingerprintOf(Buffer.alloc(32, 1))})`],
      [
        key.subarray(0, 20),
        `is truncated or damaged (20 bytes instead of 32, fingerprint ${fingerprintOf(key.subarray(0, 20))})`,
      ],
    ];
    for (const [content, fault] of faults) {
      if (content === undefined) rmSync(keyFile);
      else writeFileSync(keyFile, content);
      expect(await offhook('serve')).toEqual({ code: 1, printed: '', said: `${of}${fault}${wayOut}` });
      expect([fault, contentOf(keyFile)]).toEqual([fault, content]);
      expect([fault, database()?.equals(before!)]).toEqual([fault, true]);
    }
    writeFileSync(keyFile, key);
    const service = await startService({ directory });
    expect(await keyIdsOf(service)).toEqual(ids);
    await service.stop();
  }, 60_000);

  it('comes with a new key once the operator has said that the old one is lost', async () => {
    const ids = await runOnce();
    rmSync(keyFile);
    expect(await offhook('key replace --yes')).toMatchObject({ code: 0 });
    const service = await startService({ directory });
    expect(await keyIdsOf(service)).toEqual([expect.not.stringMatching(ids[0]!)]);
    await service.stop();
  }, 60_000);
});

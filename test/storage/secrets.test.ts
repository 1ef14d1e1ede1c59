import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SecretBox } from '../../src/storage/secret-box.ts';
import { deriveKey, loadSecretKey } from '../../src/storage/secret-key.ts';

describe('secret file', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'offhook-secret-'));
    path = join(directory, 'data', 'offhook.key');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is made once, of 32 random bytes, for its user only', () => {
    const key = loadSecretKey(path);
    expect(key).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, 'data'))).toEqual(['offhook.key']);
    expect(loadSecretKey(path)).toEqual(key);
    expect(readFileSync(path)).toEqual(key);
    expect(loadSecretKey(join(directory, 'other.key'))).not.toEqual(key);
  });

  it('is refused, and never replaced, when it holds something else', () => {
    const other = join(directory, 'other.key');
    writeFileSync(other, 'not a key');
    expect(() => loadSecretKey(other)).toThrow(expect.objectContaining({ code: 'secret_file' }));
    expect(readFileSync(other, 'utf8')).toBe('not a key');
    expect(() => loadSecretKey(directory)).toThrow(expect.objectContaining({ code: 'secret_file' }));
  });

  it('gives each purpose a key of its own', () => {
    const key = loadSecretKey(path);
    expect(deriveKey(key, 'cookie')).toHaveLength(32);
    expect(deriveKey(key, 'cookie')).toEqual(deriveKey(key, 'cookie'));
    expect(deriveKey(key, 'cookie')).not.toEqual(deriveKey(key, 'ha1'));
  });
});

describe('secret box', () => {
  const key = Buffer.alloc(32, 7);
  const box = new SecretBox(key, 'ha1');

  it('opens what it sealed, and seals the same secret differently each time', () => {
    const sealed = box.seal('päss', 'alice');
    expect(box.open(sealed, 'alice')).toBe('päss');
    expect(box.seal('päss', 'alice')).not.toBe(sealed);
    expect(sealed).toMatch(/^[\w-]+$/);
    expect(box.open(box.seal('', 'alice'), 'alice')).toBe('');
  });

  const broken = expect.objectContaining({ code: 'seal_broken', message: expect.not.stringContaining('päss') });

  it('opens nothing with another key, for another purpose or another owner', () => {
    const sealed = box.seal('päss', 'alice');
    expect(() => new SecretBox(Buffer.alloc(32, 8), 'ha1').open(sealed, 'alice')).toThrow(broken);
    expect(() => new SecretBox(key, 'trunk').open(sealed, 'alice')).toThrow(broken);
    expect(() => box.open(sealed, 'bob')).toThrow(broken);
  });

  it('opens nothing that was altered in any byte, or cut', () => {
    const sealed = Buffer.from(box.seal('päss', 'alice'), 'base64url');
    for (let index = 0; index < sealed.length; index += 1) {
      const altered = Buffer.from(sealed);
      altered[index] = altered[index]! ^ 1;
      expect(() => box.open(altered.toString('base64url'), 'alice')).toThrow(broken);
    }
    for (const length of [0, 5, 20, sealed.length - 1]) {
      expect(() => box.open(sealed.subarray(0, length).toString('base64url'), 'alice')).toThrow(broken);
    }
  });
});

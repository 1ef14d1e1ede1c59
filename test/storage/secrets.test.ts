import { describe, expect, it } from '@jest/globals';
import { SecretBox } from '../../src/storage/secret-box.ts';
import { deriveKey } from '../../src/storage/secret-key.ts';

describe('secret key', () => {
  it('gives each purpose a key of its own', () => {
    const key = Buffer.alloc(32, 7);
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

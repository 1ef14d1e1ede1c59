import { createHmac, createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import {
  type AccessTokenClaims,
  createJwtTokens,
  type JwtTokens,
  type RefreshTokenClaims,
} from '../../../src/oauth/keys/jwt-tokens.ts';
import { SigningKeys } from '../../../src/oauth/keys/signing-keys.ts';
import { claimedHashOf, createTokenReader, jwtHash } from '../../../src/oauth/tokens/token-reader.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const publicUrl = 'https://calls.example/base';

let stores: TestStores;
let keys: SigningKeys;
let jwt: JwtTokens;
let now: number;

beforeAll(async () => {
  stores = await createTestStores();
  const { signingKeys, clock } = stores;
  keys = new SigningKeys({ signingKeys, clock, auditLog: { record: () => undefined } });
  jwt = createJwtTokens({ keys, publicUrl, clock });
  now = Math.floor(clock.now() / 1000);
});
afterAll(() => stores.close());

const common = () => ({
  ...{ sub: 'user-1', clientId: 'app', familyId: 'family-1' },
  ...{ issuedAt: now, expiresAt: now + 900 },
});

const access = (changes: Partial<AccessTokenClaims> = {}): AccessTokenClaims => ({
  ...common(),
  ...{ use: 'access', jti: 'j1', scopes: ['read', 'write'], dpopKey: null },
  ...changes,
});

const refresh = (): RefreshTokenClaims => ({ ...common(), use: 'refresh', jti: 'j2' });

const readAccess = (token: string) => jwt.read(token, { use: 'access', expired: 'refused' });

/** A token with our key and claims, but for what is changed. */
const signed = async (payload: JWTPayload, header: object = {}): Promise<string> => {
  const { id, privateKey } = await keys.current();
  const good = decodeJwt(await jwt.sign(access()));
  return new SignJWT({ ...good, ...payload })
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: id, ...header })
    .sign(privateKey);
};

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('tokens in JWT form', () => {
  it('are access tokens by RFC 9068 (78)', async () => {
    const token = await jwt.sign(access({ dpopKey: 'thumbprint' }));
    const { id } = await keys.current();
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: id });
    expect(decodeJwt(token)).toEqual({
      iss: publicUrl,
      aud: `${publicUrl}/rest/call`,
      sub: 'user-1',
      client_id: 'app',
      scope: 'read write',
      iat: now,
      exp: now + 900,
      jti: 'j1',
      family_id: 'family-1',
      cnf: { jkt: 'thumbprint' },
    });
    expect(decodeJwt(await jwt.sign(access()))).not.toHaveProperty('cnf');
  });

  it('are read as they were signed', async () => {
    for (const claims of [access(), access({ dpopKey: 'thumbprint' })]) {
      expect(await readAccess(await jwt.sign(claims))).toEqual(claims);
    }
    const token = await jwt.sign(refresh());
    expect(await jwt.read(token, { use: 'refresh', expired: 'refused' })).toEqual(refresh());
    expect(decodeProtectedHeader(token).typ).toBe('rt+jwt');
    expect(decodeJwt(token).aud).toBe(publicUrl);
  });

  it('are never taken for another use (76)', async () => {
    expect(await readAccess(await jwt.sign(refresh()))).toBeUndefined();
    const token = await jwt.sign(access());
    expect(await jwt.read(token, { use: 'refresh', expired: 'accepted' })).toBeUndefined();
  });

  it('are refused without a signature, and with a swapped algorithm (77)', async () => {
    const token = await jwt.sign(access());
    const [, payload, signature] = token.split('.');
    const { kid } = decodeProtectedHeader(token);
    const headerOf = (alg: string): string => encoded({ alg, typ: 'at+jwt', kid });
    expect(await readAccess(`${headerOf('none')}.${payload}.`)).toBeUndefined();
    expect(await readAccess(`${headerOf('None')}.${payload}.${signature}`)).toBeUndefined();
    expect(await readAccess(`${headerOf('RS512')}.${payload}.${signature}`)).toBeUndefined();

    const jwk = (await keys.published()).keys[0]!;
    const publicKey = createPublicKey({ key: jwk as Record<string, string>, format: 'jwk' });
    for (const secret of [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'pkcs1', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
    ]) {
      const text = `${headerOf('HS256')}.${payload}`;
      expect(
        await readAccess(`${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`),
      ).toBeUndefined();
    }
  });

  it('are refused with a wrong iss, aud, typ, exp or kid, and with a claim missing (77)', async () => {
    expect(await readAccess(await signed({}))).toBeDefined();
    const wrong: readonly JWTPayload[] = [
      { iss: 'https://evil.example' },
      { iss: `${publicUrl}/` },
      { aud: publicUrl },
      { aud: [] },
      { exp: now },
      { exp: now - 1 },
      { nbf: now + 10 },
      ...['iss', 'aud', 'exp', 'iat', 'sub', 'jti', 'client_id', 'family_id', 'scope'].map((name) => ({
        [name]: undefined,
      })),
      { jti: '' },
      { sub: 7 as never },
      { scope: 'nonsense' },
      { cnf: 'thumbprint' },
      { cnf: { jwk: {} } },
    ];
    for (const payload of wrong)
      expect([payload, await readAccess(await signed(payload))]).toEqual([payload, undefined]);
    for (const header of [
      { typ: 'JWT' },
      { typ: undefined },
      { typ: 'rt+jwt' },
      { kid: 'unknown' },
      { kid: undefined },
    ]) {
      expect([header, await readAccess(await signed({}, header))]).toEqual([header, undefined]);
    }
  });

  it('are refused when another party signed or changed them, whatever key they bring (77)', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const { id } = await keys.current();
    const claims = decodeJwt(await jwt.sign(access()));
    for (const header of [{}, { jwk: await exportJWK(publicKey) }, { jku: 'https://evil.example/keys' }]) {
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: id, ...header })
        .sign(privateKey);
      expect(await readAccess(token)).toBeUndefined();
    }
    const [header, , signature] = (await jwt.sign(access())).split('.');
    expect(await readAccess(`${header}.${encoded({ ...claims, sub: 'admin' })}.${signature}`)).toBeUndefined();
  });

  it('are taken after their end only where that is asked for', async () => {
    const token = await signed({ exp: now - 100 * 24 * 3600 });
    expect(await readAccess(token)).toBeUndefined();
    expect(await jwt.read(token, { use: 'access', expired: 'accepted' })).toMatchObject({ jti: 'j1' });
  });

  it('never throw, whatever is sent', async () => {
    const good = await jwt.sign(access());
    const [header = '', payload = '', signature = ''] = good.split('.');
    const texts = [
      ...['', '.', '..', 'a.b.c', 'x'.repeat(100), `${good}.`, `${header}.${payload}`, `${header}..${signature}`],
      ...[null, [], 1, 'text', { alg: 1 }, { alg: 'RS256', kid: {}, typ: 'at+jwt' }].map(
        (value) => `${encoded(value as object)}.${payload}.${signature}`,
      ),
      ...[{ crit: ['b64'], b64: false }, { crit: ['x'], x: 1 }, { zip: 'DEF' }].map(
        (extra) => `${encoded({ ...decodeProtectedHeader(good), ...extra })}.${payload}.${signature}`,
      ),
      `${header}.${payload}.${signature.slice(0, -4)}`,
      `${header}.${Buffer.from([0xff, 0xfe]).toString('base64url')}.${signature}`,
    ];
    for (const text of texts) expect([text, await readAccess(text)]).toEqual([text, undefined]);
    for (let index = 0; index < good.length - 1; index += 7) {
      const changed = good.slice(0, index) + (good[index] === 'A' ? 'B' : 'A') + good.slice(index + 1);
      expect([changed, await readAccess(changed)]).toEqual([changed, undefined]);
    }
  });

  it('have the hash of their jti, which opaque tokens have at once', async () => {
    const reader = createTokenReader({ jwt });
    const token = await jwt.sign(access());
    expect(await reader.hashOf(token, 'access')).toBe(jwtHash('j1'));
    expect(await reader.hashOf(token, 'refresh')).toBeUndefined();
    expect(typeof reader.hashOf('x'.repeat(43), 'access')).toBe('string');
    expect(reader.hashOf('nonsense', 'access')).toBeUndefined();
    expect(claimedHashOf(token)).toBe(jwtHash('j1'));
    expect(claimedHashOf('x'.repeat(43))).toBe(reader.hashOf('x'.repeat(43), 'access'));
    for (const text of ['a.b.c', `a.${encoded([])}.c`, `a.${Buffer.from('null').toString('base64url')}.c`]) {
      expect(claimedHashOf(text)).toMatch(/^[\w-]{43}$/);
    }
  });
});

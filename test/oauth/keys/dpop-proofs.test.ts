import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import {
  createDpopProofs,
  DPOP_ALGORITHMS,
  type DpopProofs,
  type SentProof,
} from '../../../src/oauth/keys/dpop-proofs.ts';
import { InvalidProofError } from '../../../src/oauth/model/errors.ts';
import { createTestStores, type TestStores } from '../../support/test-database.ts';

const publicUrl = 'https://calls.example';
const path = '/rest/call';
const token = 'the access token';
const ath = createHash('sha256').update(token).digest('base64url');

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

let stores: TestStores;
let proofs: DpopProofs;
let pair: Pair;
let jwk: JWK;
let thumbprint: string;

beforeAll(async () => {
  stores = await createTestStores();
  proofs = createDpopProofs({ proofs: stores.proofs, publicUrl, clock: stores.clock });
  pair = await generateKeyPair('ES256', { extractable: true });
  jwk = await exportJWK(pair.publicKey);
  thumbprint = await calculateJwkThumbprint(jwk);
});
afterAll(() => stores.close());

let counter = 0;
const now = (): number => Math.floor(stores.clock.now() / 1000);

/** A proof that is good but for what is changed; `undefined` leaves a claim out. */
const prove = (payload: object = {}, header: object = {}, key = pair.privateKey): Promise<string> => {
  counter += 1;
  return new SignJWT({ jti: `id ${counter}`, htm: 'GET', htu: publicUrl + path, iat: now(), ath, ...payload })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
    .sign(key);
};

const check = (value: string | undefined, changes: Partial<SentProof> = {}, accessToken: string | undefined = token) =>
  proofs.check({ value, method: 'GET', path, ...changes }, accessToken);

const expectRefused = async (value: string, changes: Partial<SentProof> = {}): Promise<void> => {
  const outcome: unknown = await check(value, changes).catch((error: unknown) => error);
  expect([value, outcome]).toEqual([value, expect.any(InvalidProofError)]);
};

describe('proofs of possession', () => {
  it('give the thumbprint of their key; no proof gives none', async () => {
    expect(await check(await prove())).toBe(thumbprint);
    expect(await check(undefined)).toBeUndefined();
    const atTokenEndpoint = await prove({ ath: undefined, htm: 'POST', htu: `${publicUrl}/oauth/token` });
    const sent = { value: atTokenEndpoint, method: 'POST', path: '/oauth/token' };
    expect((await proofs.examine(sent)).key).toBe(thumbprint);
    expect((await proofs.examine({ ...sent, value: undefined })).key).toBeNull();
  });

  it.each([...DPOP_ALGORITHMS])('are signed with %s', async (alg) => {
    const other = await generateKeyPair(alg, { extractable: true });
    const public_ = await exportJWK(other.publicKey);
    expect(await check(await prove({}, { alg, jwk: public_ }, other.privateKey))).toBe(
      await calculateJwkThumbprint(public_),
    );
  });

  it('are taken once, by the first of many, and each key has ids of its own (84)', async () => {
    const proof = await prove({ jti: 'once' });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => check(proof)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expectRefused(await prove({ jti: 'once' }));
    const other = await generateKeyPair('ES256', { extractable: true });
    const foreign = await prove({ jti: 'once' }, { jwk: await exportJWK(other.publicKey) }, other.privateKey);
    expect(await check(foreign)).not.toBe(thumbprint);
  });

  it('are not taken again as long as they are fresh (84)', async () => {
    const proof = await prove({ iat: now() + 60 });
    expect(await check(proof)).toBe(thumbprint);
    stores.clock.advance(120_000);
    await stores.proofs.deleteExpired(stores.clock.now());
    await expectRefused(proof);
    stores.clock.advance(1);
    await stores.proofs.deleteExpired(stores.clock.now());
    await expectRefused(proof);
    stores.clock.advance(999);
  });

  it('are for one method, one address and one token (84)', async () => {
    for (const htm of ['POST', 'get', undefined, 1]) await expectRefused(await prove({ htm }));
    for (const htu of [
      ...['https://evil.example/rest/call', 'http://calls.example/rest/call', `${publicUrl}:8443${path}`],
      ...[
        `${publicUrl}/rest/call/`,
        `${publicUrl}/REST/call`,
        `https://a@calls.example${path}`,
        path,
        '',
        undefined,
        1,
      ],
    ]) {
      await expectRefused(await prove({ htu }));
    }
    for (const wrong of [
      undefined,
      '',
      token,
      ath.slice(1),
      createHash('sha256').update('other').digest('base64url'),
    ]) {
      await expectRefused(await prove({ ath: wrong }));
    }
    await expectRefused(await prove(), { path: 'http://[broken' });
  });

  it('name their address in any equal form, with or without query and fragment', async () => {
    for (const htu of [
      ...[`${publicUrl}${path}?token_call=1`, `${publicUrl}${path}#x`, 'HTTPS://Calls.Example:443/rest/call'],
      `${publicUrl}/rest/./x/../call`,
    ]) {
      expect(await check(await prove({ htu }))).toBe(thumbprint);
    }
  });

  it('are of the last minute, or of the next', async () => {
    for (const seconds of [-60, 0, 60]) expect(await check(await prove({ iat: now() + seconds }))).toBe(thumbprint);
    for (const iat of [now() - 61, now() + 61, 0, -1, 1e300, undefined, 'now', null]) {
      await expectRefused(await prove({ iat }));
    }
    await expectRefused(await prove({ exp: now() - 1 }));
  });

  it('have an id of a bounded size', async () => {
    for (const jti of ['', undefined, 1, 'x'.repeat(257)]) await expectRefused(await prove({ jti }));
    expect(await check(await prove({ jti: 'x'.repeat(256) }))).toBe(thumbprint);
  });

  it('are of the right type, with a public key of their own that signed them', async () => {
    for (const typ of ['jwt', 'at+jwt', undefined]) await expectRefused(await prove({}, { typ }));
    const other = await generateKeyPair('ES256', { extractable: true });
    await expectRefused(await prove({}, {}, other.privateKey));
    await expectRefused(await prove({}, { jwk: await exportJWK(pair.privateKey) }));
    const ec = { kty: 'EC', crv: 'P-256' };
    const zeros = Buffer.alloc(32).toString('base64url');
    for (const wrong of [
      ...[
        undefined,
        null,
        'key',
        [],
        {},
        ec,
        { ...ec, x: zeros, y: zeros },
        { ...jwk, x: 7 },
        { ...jwk, crv: 'P-999' },
      ],
      ...[
        { kty: 'oct', k: zeros },
        { kty: 'RSA', n: 'AQAB', e: 'AQAB' },
        { ...jwk, use: 'enc' },
        { ...jwk, d: 'x' },
      ],
    ]) {
      await expectRefused(await prove({}, { jwk: wrong }));
    }
  });

  it('are never signed with a shared secret, or not at all', async () => {
    const secret = new TextEncoder().encode('a secret that is long enough for it');
    const shared = { kty: 'oct', k: Buffer.from(secret).toString('base64url') };
    await expectRefused(await prove({}, { alg: 'HS256', jwk: shared }, secret as never));
    const [, payload] = (await prove()).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'dpop+jwt', jwk })).toString('base64url');
    await expectRefused(`${header}.${payload}.`);
  });

  it('are one, well-formed and not too long', async () => {
    for (const text of ['', 'a', 'a.b.c', `${await prove()}, ${await prove()}`]) await expectRefused(text);
    await expectRefused(await prove({ padding: 'x'.repeat(4096) }));
  });
});

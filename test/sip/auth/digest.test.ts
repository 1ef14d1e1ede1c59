import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digestResponse, ha1, isSameDigest } from '../../../src/sip/auth/digest.ts';
import { answerChallenge } from '../../../src/sip/auth/digest-answer.ts';
import {
  formatDigestAuthorization,
  formatDigestChallenge,
  parseDigestAuthorization,
  parseDigestChallenges,
} from '../../../src/sip/auth/digest-fields.ts';
import { SipParseError } from '../../../src/sip/message/errors.ts';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** RFC 7616 section 3.9.1. */
const RFC_7616 = {
  method: 'GET',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  qop: 'auth',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  nc: '00000001',
} as const;
const MUFASA = { username: 'Mufasa', realm: 'http-auth@example.org', password: 'Circle of Life' };

describe('digestResponse', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ] as const)('gives the values of RFC 7616 section 3.9.1 for %s', (algorithm, expected) => {
    expect(digestResponse({ ...RFC_7616, algorithm, ha1: ha1(algorithm, MUFASA) })).toBe(expected);
  });

  it('gives the value of RFC 2617 section 3.5', () => {
    const user = { username: 'Mufasa', realm: 'testrealm@host.com', password: 'Circle Of Life' };
    const nonce = 'dcd98b7102dd2f0e8b11d0f600bfb0c093';
    const input = { ...RFC_7616, nonce, cnonce: '0a4f113b', algorithm: 'MD5', ha1: ha1('MD5', user) } as const;
    expect(digestResponse(input)).toBe('6629fae49393a05397450978507c4ef1');
  });

  it('gives the value of RFC 2069 section 2.4 as its erratum has it, without qop', () => {
    const user = { username: 'Mufasa', realm: 'testrealm@host.com', password: 'CircleOfLife' };
    const input = { method: 'GET', uri: '/dir/index.html', nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093' };
    expect(digestResponse({ ...input, algorithm: 'MD5', ha1: ha1('MD5', user) })).toBe(
      '1949323746fe6a43ef61f9606e7febea',
    );
  });

  it('binds the secret to the session for -sess (RFC 7616 section 3.4.2)', () => {
    const secret = ha1('MD5-sess', MUFASA);
    const session = md5(`${md5('Mufasa:http-auth@example.org:Circle of Life')}:${RFC_7616.nonce}:${RFC_7616.cnonce}`);
    const expected = md5(`${session}:${RFC_7616.nonce}:00000001:${RFC_7616.cnonce}:auth:${md5('GET:/dir/index.html')}`);
    expect(digestResponse({ ...RFC_7616, algorithm: 'MD5-sess', ha1: secret })).toBe(expected);
  });

  it('compares responses whatever their case and length', () => {
    expect(isSameDigest('8ca523f5', '8CA523F5')).toBe(true);
    expect(isSameDigest('8ca523f5', '8ca523f6')).toBe(false);
    expect(isSameDigest('8ca523f5', '8ca523f')).toBe(false);
    expect(isSameDigest('8ca523f5', 'ä')).toBe(false);
  });
});

describe('parseDigestChallenges', () => {
  it('reads quotes, commas in quotes, unknown parameters and any case', () => {
    const field =
      'DIGEST Realm="a, \\"b\\"", nonce="n=1,2;3",qop="auth-int, AUTH",  opaque="" ,stale=TRUE, algorithm=sha-256, charset=UTF-8, x-new="y"';
    expect(parseDigestChallenges([field])).toEqual([
      { realm: 'a, "b"', nonce: 'n=1,2;3', qop: ['auth-int', 'auth'], opaque: '', stale: true, algorithm: 'SHA-256' },
    ]);
  });

  it('takes MD5 and no qop where none is named (RFC 2069)', () => {
    expect(parseDigestChallenges(['Digest realm="r", nonce="n"'])).toEqual([
      { realm: 'r', nonce: 'n', qop: [], opaque: undefined, stale: false, algorithm: 'MD5' },
    ]);
  });

  it('keeps the order of several, over fields and within one, and leaves out what it does not know', () => {
    const challenges = parseDigestChallenges([
      'Basic realm="x", Digest realm="1", nonce="a", algorithm=SHA-256, Digest realm="2", nonce = "b", Bearer',
      'Digest realm="3", nonce="c", algorithm=SHA-512-256',
      'Digest realm="4", nonce="d", algorithm=MD5-sess',
      'Digest realm="no nonce"',
      'Digest realm="unbalanced, nonce="e"',
      'NTLM abc==',
    ]);
    expect(challenges.map(({ realm, algorithm }) => [realm, algorithm])).toEqual([
      ['1', 'SHA-256'],
      ['2', 'MD5'],
      ['4', 'MD5-sess'],
    ]);
  });

  it('reads what it writes', () => {
    const challenge = {
      realm: 'a"b',
      nonce: 'n',
      qop: ['auth'],
      opaque: 'o',
      stale: true,
      algorithm: 'SHA-256',
    } as const;
    expect(formatDigestChallenge(challenge)).toBe(
      'Digest realm="a\\"b", qop="auth", nonce="n", opaque="o", stale=true, algorithm=SHA-256',
    );
    expect(parseDigestChallenges([formatDigestChallenge(challenge)])).toEqual([challenge]);
  });
});

describe('parseDigestAuthorization', () => {
  const good =
    'Digest username="bob", realm="r", nonce="n", uri="sip:r", response="abc", qop=auth, nc=00000001, cnonce="c"';

  it('reads credentials and knows other schemes for what they are', () => {
    expect(parseDigestAuthorization(good)).toMatchObject({
      username: 'bob',
      uri: 'sip:r',
      qop: 'auth',
      nc: '00000001',
    });
    expect(parseDigestAuthorization('NoOneKnowsThisScheme opaque-data=here')).toBeUndefined();
    expect(parseDigestAuthorization('')).toBeUndefined();
  });

  it.each([
    good.replace('nonce="n", ', ''),
    good.replace('username="bob"', 'username="bob'),
    good.replace('qop=auth', 'qop=auth-int'),
    good.replace('nc=00000001', 'nc=1'),
    good.replace(', cnonce="c"', ''),
    `${good}, algorithm=AKAv1-MD5`,
  ])('refuses %s', (field) => {
    expect(() => parseDigestAuthorization(field)).toThrow(SipParseError);
  });

  it('throws nothing but SipParseError, whatever the input', () => {
    const piece = fc.constantFrom('Digest ', 'realm', '=', '"', ',', ' ', '\\', 'nonce="n"', 'qop=auth', ';', '<', 'x');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        parseDigestChallenges([pieces.join('')]);
        try {
          parseDigestAuthorization(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(SipParseError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('answerChallenge', () => {
  const credentials = { username: 'Mufasa', password: 'Circle of Life' };
  const asked = { credentials, method: 'GET', uri: RFC_7616.uri, cnonce: RFC_7616.cnonce, nonceCount: 1 };
  const challenge = { realm: MUFASA.realm, nonce: RFC_7616.nonce, qop: ['auth', 'auth-int'], stale: false } as const;

  it('proves the password, in a field that reads back', () => {
    const answer = answerChallenge({ ...challenge, algorithm: 'SHA-256', opaque: 'FQhe' }, asked)!;
    expect(answer.response).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
    const field = formatDigestAuthorization(answer);
    expect(field).toContain(', qop=auth, nc=00000001');
    expect(parseDigestAuthorization(field)).toEqual(answer);
  });

  it('leaves out what RFC 2069 does not know, but keeps cnonce for -sess', () => {
    const old = answerChallenge({ ...challenge, qop: [], algorithm: 'MD5' }, asked)!;
    expect(formatDigestAuthorization(old)).not.toMatch(/qop|nc=|cnonce/);
    const session = answerChallenge({ ...challenge, qop: [], algorithm: 'MD5-sess' }, asked)!;
    expect(session.cnonce).toBe(RFC_7616.cnonce);
  });

  it('gives up where the server insists on auth-int', () => {
    expect(answerChallenge({ ...challenge, qop: ['auth-int'], algorithm: 'MD5' }, asked)).toBeUndefined();
  });
});

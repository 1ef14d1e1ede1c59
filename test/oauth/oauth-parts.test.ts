import { describe, expect, it, jest } from '@jest/globals';
import { routeOf } from '../../src/http/oauth/presented-token.ts';
import { describedClient } from '../../src/oauth/clients/client-description.ts';
import { ConcurrencyLimit } from '../../src/oauth/limits/concurrency-limit.ts';
import { createAdmission } from '../../src/oauth/model/admission.ts';
import { hashOfRequest } from '../../src/oauth/model/authorization-request.ts';
import { OAuthError, TooManyRequestsError } from '../../src/oauth/model/errors.ts';
import { networkOfAddress } from '../../src/oauth/model/network-of-address.ts';
import { mayGrant, permissionsOf } from '../../src/oauth/model/permissions.ts';
import { anyoneCouldClaim, faultOfRedirectUri, redirectUriMatches } from '../../src/oauth/model/redirect-uri.ts';
import { createPasswordHasher, hashSecret, newSecret, secretMatches } from '../../src/oauth/model/secrets.ts';
import { usernameKey } from '../../src/oauth/model/username.ts';
import { parseBasicCredentials } from '../../src/oauth/request/basic-credentials.ts';
import { Parameters } from '../../src/oauth/request/parameters.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { settle } from '../support/fake-clock.ts';
import { demoApp } from '../support/oauth-app.ts';

describe('parameters', () => {
  it('keep order, encoding and repetition', () => {
    const parameters = Parameters.parse('a=1+2&b=%C3%A4&a=3&c&&d==');
    expect([parameters.get('a'), parameters.get('b'), parameters.get('c'), parameters.get('d')]).toEqual([
      ...[undefined, 'ä', undefined, '='],
    ]);
    expect([parameters.has('a'), parameters.has('c'), parameters.hasRepetition]).toEqual([true, true, true]);
    expect(parameters.toString()).toBe('a=1%202&b=%C3%A4&a=3&c=&d=%3D');
    expect(parameters.without('a').toRecord()).toEqual({ b: 'ä', c: '', d: '=' });
    expect(Parameters.parse('__proto__=x').toRecord()).toEqual(Object.fromEntries([['__proto__', 'x']]));
  });

  it.each(['a=%', 'a=%ff', '%zz=1', 'a=\ud800', '\udfff=1', Array<string>(65).fill('a=1').join('&')])(
    'are refused when malformed: %s',
    (text) => {
      expect(() => Parameters.parse(text)).toThrow(OAuthError);
    },
  );
});

describe('redirect URIs', () => {
  it.each([
    'https://app.example/cb?a=b',
    'http://localhost:3000/cb',
    'http://127.0.0.1/cb',
    'http://[::1]/',
    'com.example.app:/cb',
  ])('may be registered: %s', (uri) => expect(faultOfRedirectUri(uri)).toBeUndefined());

  it.each([
    'http://app.example/cb',
    'javascript:alert(1)',
    'data:text/html,x',
    'myapp:/cb',
    '/test',
    'https://a.example/#',
    'https://a.example/%2E%2e/b',
    'https://@a.example/',
    'https://a.example/ä',
    'https://a.example/\n',
  ])('may not be registered: %j', (uri) => expect(faultOfRedirectUri(uri)).toEqual(expect.any(String)));

  it('a loopback port is the client’s to choose, and must be a port (4)', () => {
    const matches = (port: string) => redirectUriMatches(`http://127.0.0.1${port}/cb`, 'http://127.0.0.1/cb');
    expect(['', ':1', ':65535'].map(matches)).toEqual([true, true, true]);
    expect([':65536', ':99999', ':', ':1a', ':1@evil.example'].map(matches)).toEqual(Array(5).fill(false));
  });

  it('that any program of the machine could claim are known', () => {
    const uris = ['http://127.0.0.1:1/', 'http://[::1]/', 'com.example:/', 'http://localhost:1/', 'https://a.example/'];
    const confidential = { secretHash: 'a hash' };
    expect(uris.map((uri) => anyoneCouldClaim(uri, confidential))).toEqual([true, true, true, false, false]);
  });

  it.each([
    'http://localhost:1/',
    'http://LOCALHOST/',
    'https://localhost./cb',
    'http://app.localhost:5173/cb',
    'http://127.1/cb',
    'http://0x7f000001/',
    'https://[::ffff:127.0.0.1]/',
    'https://0.0.0.0/',
  ])('nobody proves anything at a loopback host of any name: %s (91)', (uri) =>
    expect(anyoneCouldClaim(uri, { secretHash: null })).toBe(true),
  );

  it.each(['https://a.example/', 'https://localhost.example/', 'https://128.0.0.1/'])(
    'a public client elsewhere is the only one that answers there: %s (91)',
    (uri) => expect(anyoneCouldClaim(uri, { secretHash: null })).toBe(false),
  );

  it('a loopback address without a path is the same with a slash (4)', () => {
    const matches = (asked: string) => redirectUriMatches(asked, 'http://127.0.0.1');
    expect(['', '/', ':5173', ':5173/'].map((rest) => matches(`http://127.0.0.1${rest}`))).toEqual(Array(4).fill(true));
    expect(['/cb', '//', ':5173/cb', '.example', '?a=b'].map((rest) => matches(`http://127.0.0.1${rest}`))).toEqual(
      Array(5).fill(false),
    );
  });
});

describe('usernames', () => {
  it.each([
    ['Demo', 'demo'],
    [' demo\t', 'demo'],
    ['\u00a0demo\u3000', 'demo'],
    ['JÜRGEN', 'jürgen'],
    ['Ju\u0308rgen', 'jürgen'],
    ['ÅSA', 'a\u030asa'],
    ['ΣΊΣΥΦΟΣ', 'σίσυφος'],
  ])('%j is %j (97)', (one, other) => expect(usernameKey(one)).toBe(usernameKey(other)));

  it.each([
    ['demo', 'demo1'],
    ['jürgen', 'jurgen'],
    ['de mo', 'demo'],
  ])('%j is not %j (97)', (one, other) => expect(usernameKey(one)).not.toBe(usernameKey(other)));
});

describe('Basic credentials', () => {
  const read = (text: string) => parseBasicCredentials(`bAsIc ${Buffer.from(text).toString('base64')}`);

  it('are read raw and form-encoded, split at the first colon', () => {
    expect(read('id:a:b')).toEqual([{ id: 'id', secret: 'a:b' }]);
    expect(read('id:a%3A+b')).toEqual([
      { id: 'id', secret: 'a%3A+b' },
      { id: 'id', secret: 'a: b' },
    ]);
    expect(read('id:%zz')).toEqual([{ id: 'id', secret: '%zz' }]);
  });

  it.each(['Basic', 'Basic ', 'Basic a b', `Basic ${Buffer.from('nocolon').toString('base64')}`, 'Digest x'])(
    'are none: %s',
    (header) => expect(parseBasicCredentials(header)).toEqual([]),
  );
});

describe('secrets', () => {
  it('are compared by their hashes, in constant time (44)', () => {
    const secret = newSecret(createSystemIds());
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(secretMatches(secret, hashSecret(secret))).toBe(true);
    expect(secretMatches(`${secret}x`, hashSecret(secret))).toBe(false);
    expect(secretMatches(secret, 'short')).toBe(false);
  });

  it('a password of an unknown user costs as much as a wrong one (34)', async () => {
    const hasher = createPasswordHasher();
    const stored = await hasher.hash('pässword');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hasher.verify('pa\u0308ssword', stored)).toBe(true);
    expect(await hasher.verify('password', stored)).toBe(false);
    // What is compared says what it costs; a clock would tell of the machine.
    const compared: string[] = [];
    const argon2 = await import('@node-rs/argon2');
    jest.unstable_mockModule('@node-rs/argon2', () => ({
      hash: argon2.hash,
      verify: (phc: string, password: string) => {
        compared.push(phc);
        return argon2.verify(phc, password);
      },
    }));
    jest.resetModules();
    const observed = (await import('../../src/oauth/model/secrets.ts')).createPasswordHasher();
    expect(await observed.verify('x', stored)).toBe(false);
    expect(await observed.verify('x', undefined)).toBe(false);
    const shapeOf = (phc = ''): readonly (string | number)[] =>
      phc.split('$').map((part, index) => (index < 4 ? part : part.length));
    expect(compared).toHaveLength(2);
    expect(shapeOf(compared[1])).toEqual(shapeOf(compared[0]));
  });
});

describe('tasks beyond the limit', () => {
  /** A limit of one whose tasks end when the test says so. */
  const crowd = (mostWaiting: number) => {
    const limit = new ConcurrencyLimit({ atOnce: 1, mostWaiting });
    const gates: (() => void)[] = [];
    const [started, refused]: [string[], string[]] = [[], []];
    const ask = (requester: string, name: string): void =>
      void limit
        .run(requester, async () => {
          started.push(name);
          await new Promise<void>((resolve) => gates.push(resolve));
        })
        .catch((error: unknown) => refused.push(`${name}: ${String(error instanceof TooManyRequestsError)}`));
    const end = async (): Promise<void> => {
      gates.shift()?.();
      await settle();
    };
    return { ask, end, started, refused };
  };

  it('are served one of each requester in turn', async () => {
    const { ask, end, started } = crowd(10);
    for (const name of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) ask(name.charAt(0), name);
    for (let round = 0; round < 6; round += 1) await end();
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
  });

  it('are refused at once when too many wait, the last of the requester with the most', async () => {
    const { ask, end, started, refused } = crowd(3);
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'c1', 'd1']) ask(name.charAt(0), name);
    await settle();
    expect(refused).toEqual(['a5: true', 'a4: true', 'a3: true', 'd1: true']);
    for (let round = 0; round < 4; round += 1) await end();
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1']);
  });

  it('wait in order, and a failed one makes room too', async () => {
    const limit = new ConcurrencyLimit({ atOnce: 2, mostWaiting: 10 });
    const log: string[] = [];
    const gates: (() => void)[] = [];
    const task = (name: string) => async (): Promise<void> => {
      log.push(name);
      await new Promise<void>((resolve) => gates.push(resolve));
      if (name === 'a') throw new Error(name);
    };
    const [a, ...others] = ['a', 'b', 'c', 'd'].map((name) => limit.run('one', task(name)));
    await Promise.resolve();
    expect(log).toEqual(['a', 'b']);
    gates[0]!();
    await expect(a).rejects.toThrow('a');
    expect(log).toEqual(['a', 'b', 'c']);
    gates[1]!();
    gates[2]!();
    await others[0];
    await others[1];
    gates[3]!();
    await others[2];
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('a client', () => {
  const described = (changes: object) =>
    describedClient({ ...demoApp, ...changes }, { secretHash: null, createdAt: 0 });

  it('has defaults', () => {
    expect(described({ scopes: ['read', 'call'], defaultScopes: ['read'] })).toMatchObject({
      ...{ accessTokenSeconds: 3600, tokenInQuery: 'allowed', status: 'active' },
      grantTypes: ['authorization_code', 'refresh_token'],
    });
  });

  it.each(['a\u202eb', 'a\u2066b', 'a\u200fb', 'a\nb', 'a\u0000'])(
    'has no name that shows as another: %j (33)',
    (name) => {
      expect(() => described({ name })).toThrow(/^name: /);
    },
  );

  it('is refused with every fault named', () => {
    const faults = { id: 'a:b', name: ' ', redirectUris: ['/x'], defaultScopes: ['admin'], accessTokenSeconds: 0.5 };
    expect(() => described(faults)).toThrow(/id: .*name: .*redirectUris: .*defaultScopes: .*accessTokenSeconds: /);
  });
});

describe('who may use what', () => {
  it('scopes of a role are granted by those who have it', () => {
    expect([mayGrant('operator', 'user'), mayGrant('operator', 'admin'), mayGrant('admin', 'operator')]).toEqual([
      ...[false, true, false],
    ]);
    expect([...permissionsOf(['all'], 'user')]).toEqual([
      ...['calls:read', 'calls:place', 'calls:stop'],
      ...['jobs:read', 'jobs:restart', 'jobs:write'],
      'profile:read',
    ]);
  });

  it('the sandbox is for direct requests while it is on', () => {
    const demo = { status: 'active', sandbox: true } as const;
    const [on, off] = [createAdmission({ sandbox: 'on' }), createAdmission({ sandbox: 'off' })];
    expect([on.admits(demo, 'direct'), on.admits(demo, 'forwarded'), off.admits(demo, 'direct')]).toEqual([
      true,
      false,
      false,
    ]);
    expect(off.admits({ status: 'active', sandbox: false }, 'forwarded')).toBe(true);
    expect(on.admits({ status: 'disabled', sandbox: false }, 'direct')).toBe(false);
    expect([{}, { forwarded: '' }, { 'x-forwarded-for': '1' }].map(routeOf)).toEqual([
      'direct',
      'forwarded',
      'forwarded',
    ]);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1:2:3:4', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s counts as %s', (address, network) => expect(networkOfAddress(address)).toBe(network));

  it('a question is the same however its scopes are ordered', () => {
    const request = { clientId: 'a', responseType: 'code', redirectUri: 'b', redirectUriFrom: 'request' } as const;
    const rest = { state: null, codeChallenge: null, dpopKey: null, responseMode: 'query' } as const;
    const hash = hashOfRequest({ ...request, ...rest, scopes: ['call', 'read'] });
    expect(hashOfRequest({ ...request, ...rest, scopes: ['read', 'call'] })).toBe(hash);
    expect(hashOfRequest({ ...request, ...rest, scopes: ['read'] })).not.toBe(hash);
    expect(hashOfRequest({ ...request, ...rest, responseMode: 'fragment', scopes: ['call', 'read'] })).not.toBe(hash);
    expect(hashOfRequest({ ...request, ...rest, state: '', scopes: ['call', 'read'] })).not.toBe(hash);
    expect(hashOfRequest({ ...request, ...rest, dpopKey: 'k', scopes: ['call', 'read'] })).not.toBe(hash);
  });
});

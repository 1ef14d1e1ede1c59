import { Agent as Connections } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Agent, type Response } from 'supertest';
import type { ClientDescription } from '../../../src/oauth/clients/client-description.ts';
import { DEVICE_CODE_GRANT } from '../../../src/oauth/model/account-stores.ts';
import { type Log, silentLog } from '../../../src/shared/log.ts';
import { createOAuthApp, type Fields, issuer, type OAuthApp, queryOf } from '../../support/oauth-app.ts';

const secret = 'a secret of a configuration file, long enough';
const redirectUri = 'http://127.0.0.1/cb';
const html = { Accept: 'text/html' };

const robot: ClientDescription = {
  ...{ id: 'robot', name: 'Robot', type: 'confidential', redirectUris: [redirectUri] },
  responseTypes: ['code', 'token'],
  grantTypes: ['authorization_code', 'refresh_token', 'password', 'client_credentials', DEVICE_CODE_GRANT],
  grantTypesByGet: ['authorization_code'],
  codeChallenge: 'optional',
};

const me: Fields = { client_id: 'robot', client_secret: secret };
const asking: Fields = {
  ...{ client_id: 'robot', response_type: 'code', redirect_uri: redirectUri },
  ...{ scope: 'call', state: 'state', code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' },
};
const code: Fields = { grant_type: 'authorization_code', code: 'a', redirect_uri: redirectUri, code_verifier: 'a' };

/** What a form or a query holds where it makes sense. */
const forms: Readonly<Record<string, readonly Fields[]>> = {
  '/oauth/token': [
    { ...code, ...me },
    { grant_type: 'refresh_token', refresh_token: 'a', scope: 'call', ...me },
    { grant_type: 'client_credentials', scope: 'call', ...me },
    { grant_type: DEVICE_CODE_GRANT, device_code: 'a', ...me },
    { grant_type: 'password', username: 'alice', password: 'wrong', scope: 'call', ...me },
  ],
  '/api/oauth/token': [{ ...code, ...me }],
  '/oauth2/token': [{ ...code, ...me }],
  '/oauth/device': [{ scope: 'call', ...me }],
  '/oauth/revoke': [{ token: 'a', token_type_hint: 'access_token', ...me }],
  '/oauth/introspect': [{ token: 'a', token_type_hint: 'access_token', ...me }],
  '/auth/login': [{ ...asking, username: 'alice', password: 'wrong' }],
  '/auth/grant': [{ ...asking, grant: 'true' }],
  '/device': [{ user_code: 'BCDF-GHJK', grant: 'true' }],
  '/management/api/applications': [
    { name: 'app', type: 'public', redirect_uris: 'https://a.example/', grant_types: 'authorization_code' },
  ],
  '/management/api/registration-tokens': [{ name: 'build', days: '7' }],
  '/management/apps/revoke': [{ client_id: 'robot' }],
  '/management/account/password': [{ current_password: 'wrong', new_password: 'long enough' }],
  '/auth/logout': [{}],
};
const queries: Readonly<Record<string, readonly Fields[]>> = {
  '/oauth/auth': [asking],
  '/auth/login': [asking, { return_to: '/management' }],
  '/auth/grant': [asking],
  '/oauth/token': [{ ...code, ...me }],
  '/api/oauth/token': [{ ...code, ...me }],
  '/device': [{ user_code: 'BCDF-GHJK' }],
  '/management/audit': [{ user: 'alice', before: '1' }],
  '/management/api': [{ done: 'deleted' }],
  '/rest/call': [{ access_token: 'a' }],
};

/** Written as they travel, in the place of a value. */
const oddValues: readonly string[] = [
  ...['', '%00', 'a%00b', '%0d%0aSet-Cookie:%20a=b', '%1b%5b2J', '%7f', '%ff', '%c3', '%ed%a0%80', '%', '%zz'],
  ...['__proto__', 'constructor', 'toString', 'null', '%5B%5D', '%F0%9F%93%9E', '%E2%80%AE', '-1', '1e999', '+', '%2B'],
  ...['a'.repeat(9000), '%2e%2e%2f', '%27%20OR%201%3D1--', '%3Cscript%3E', 'http://127.0.0.1:99999/cb'],
  ...[
    'http%3A%2F%2F127.0.0.1%3A99999%2Fcb',
    'http%3A%2F%2F127.0.0.1%3A%2Fcb',
    '%2F%2Fevil.example',
    'eyJhbGciOiJub25lIn0.e30.',
  ],
];

/** Every form in which one field has something odd, comes twice, as an array or an object, or beside odd names. */
const mutations = (fields: Fields): readonly string[] => {
  const names = Object.keys(fields);
  const others = (name: string): string =>
    queryOf(Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name)));
  const mutate = (name: string): readonly string[] => [
    ...oddValues.map((value) => `${others(name)}&${name}=${value}`),
    ...[name, `${name}=a&${name}=b`, `${name}[]=a`, `${name}[a]=b`, `${name}[__proto__][a]=b`].map(
      (odd) => `${others(name)}&${odd}`,
    ),
  ];
  const whole = queryOf(fields);
  const beside = ['__proto__=a', 'constructor=a', 'hasOwnProperty=a', '=a', '=', '%ff=a', '%00=a', 'a'.repeat(9000)];
  return [
    ...beside.map((odd) => `${whole}&${odd}`),
    ...[`${whole}${'&a=b'.repeat(100)}`, whole.replaceAll('&', ';'), '&&&', '', whole],
    // Those that could lock the client out come last.
    ...names.filter((name) => !name.startsWith('client_')).flatMap(mutate),
    ...names.filter((name) => name.startsWith('client_')).flatMap(mutate),
  ];
};

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

/** Bodies that are no form, or none in UTF-8, with the type that they come as. */
const oddBodies: readonly (readonly [type: string, body: string | Buffer])[] = [
  ['application/json', '{"grant_type":["a"],"token":{}}'],
  ['application/json', '{"__proto__":{"a":1},"name":"\\ud800","redirect_uris":["\\u0000"],"days":1e999}'],
  ...['null', '[]', '"a"', '{', '\u0000', '['.repeat(9000)].map((body) => ['application/json', body] as const),
  ['application/xml', '<a/>'],
  ['multipart/form-data; boundary=a', '--a--'],
  ['nonsense', 'a=b'],
  ['application/x-www-form-urlencoded; charset=utf-16le', utf16('state=\ud800&client_id=robot&user_code=\udfff')],
  ['application/x-www-form-urlencoded; charset=nonsense', 'a=b'],
  ['application/x-www-form-urlencoded', Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x3d, 0xc0])],
  ['application/x-www-form-urlencoded', `a=${'b'.repeat(40_000)}`],
  ['application/json', `{"a":"${'b'.repeat(40_000)}"}`],
];

const oddHeaders: readonly Fields[] = [
  ...['Basic', 'Basic ', 'Basic ====', 'Basic /////w==', `Basic ${btoa('%:%')}`, `Basic ${btoa(':')}`].map(authorizing),
  ...[`Basic ${btoa('__proto__:a')}`, `Basic ${btoa('a\0:b\r\n')}`, `Basic ${'A'.repeat(9000)}`].map(authorizing),
  ...['Bearer', 'Bearer  ', 'Bearer ..', 'Bearer a.b.c', 'DPoP a', 'Digest a', '\u00ff', 'a'.repeat(9000)].map(
    authorizing,
  ),
  ...['', 'a', 'a.b.c', 'a,b', `${btoa('{"alg":"none"}')}.e30.`, 'a'.repeat(9000)].map((DPoP) => ({ DPoP })),
  ...['', 'null', 'http://[', 'a'.repeat(5000)].map((Origin) => ({ Origin })),
  ...['text/html;q=x', ',,;;', '*/*;q=-1'].map((Accept) => ({ Accept })),
  ...['offhook-8888=', 'offhook-8888=s%3A', 'offhook-8888=s%3Aa.b', 'offhook-8888=%ff', '__proto__=a'].map(
    (Cookie) => ({ Cookie }),
  ),
  ...['gzip', 'br', 'deflate', 'nonsense'].map((encoding) => ({ 'Content-Encoding': encoding })),
  ...['%', ',', '::', '1.2.3.4, ::ffff:1.2.3.4'].map((address) => ({ 'X-Forwarded-For': address })),
  ...['evil.example', '[', ''].map((Host) => ({ Host })),
];

function authorizing(value: string): Fields {
  return { Authorization: value };
}

const oddPaths = [
  '',
  '/',
  '//',
  '/%00',
  '/%ff',
  '/%',
  '/..%2f',
  '/a/delete',
  '/__proto__/delete',
  `/${'a'.repeat(9000)}`,
];
const methods = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'trace'] as const;
const others = ['/oauth/register', '/oauth/jwks', '/auth', '/auth/test', '/auth/token', '/api/core/v2/auth/logout'];
const metadata = ['/.well-known/oauth-authorization-server', '/.well-known/oauth-protected-resource/rest/call'];
const managed = [
  'applications',
  'keys',
  'registration-tokens',
  'applications/a/secret',
  'registration-tokens/a/delete',
];
const pages = ['/', '/test', '/management', '/management/account', '/management/account/sessions'];

const everyPath = [
  ...new Set([...Object.keys(forms), ...Object.keys(queries), ...others, ...metadata, ...pages]),
  ...managed.map((path) => `/management/api/${path}`),
];

/** Those that look at the headers of a request, each in its own way. */
const readers = [
  ...['/oauth/auth', '/oauth/token', '/oauth/device', '/oauth/revoke', '/oauth/register', '/auth', '/auth/token'],
  ...['/auth/login', '/auth/logout', '/device', '/management/account/password', '/rest/call'],
];

/** Kept open: thousands of requests go to one server. */
const connections = new Connections({ keepAlive: true });

let oauth: OAuthApp;
let agent: Agent;
let faults: unknown[];

beforeEach(async () => {
  faults = [];
  const log: Log = { ...silentLog, error: (...words: unknown[]) => void faults.push(words) };
  oauth = await createOAuthApp({ log });
  await oauth.clients.configure(robot, secret);
  await oauth.users.create({ username: 'alice', password: 'correct horse', role: 'admin' });
  agent = request.agent(oauth.app);
  await agent.post('/auth/login').type('form').send({ username: 'alice', password: 'correct horse' }).expect(303);
});
afterEach(() => oauth.close());

/** What is wrong with an answer: a fault of ours, our insides, or a header that the request wrote. */
const wrongWith = ({ status, text, headers }: Response): string | undefined => {
  if (status >= 500) return `${status} ${text}`;
  if (/\bat .*\.[jt]s:\d+|node_modules|SQLITE|ECONN/.test(text)) return `insides: ${text}`;
  const { location = issuer, 'set-cookie': cookies = [] } = headers as { location?: string; 'set-cookie'?: string[] };
  if (cookies.some((cookie) => cookie.startsWith('a='))) return 'a header was injected';
  const { hostname } = new URL(location, issuer);
  return ['localhost', '127.0.0.1'].includes(hostname) ? undefined : `sent to ${location}`;
};

/** Sends them one after the other. @returns those whose answer was wrong, or that had none */
const failing = async (tests: Iterable<readonly [name: string, test: request.Test]>): Promise<readonly string[]> => {
  const failed: string[] = [];
  for (const [name, test] of tests) {
    const wrong = await test.agent(connections).redirects(0).timeout(5000).then(wrongWith, String);
    if (wrong !== undefined) failed.push(`${name.slice(0, 300)}: ${wrong}`);
  }
  return [...failed, ...faults.map((fault) => `logged: ${JSON.stringify(fault)}`)];
};

describe('requests that make no sense get an answer, and never a 500', () => {
  it.each(Object.entries(forms))('the form of %s (12, 40 and 61)', async (path, examples) => {
    const bodies = examples.flatMap(mutations);
    const post = (body: string) => agent.post(path).type('form').send(body);
    expect(await failing(bodies.map((body) => [body, post(body)] as const))).toEqual([]);
  });

  it.each(Object.entries(queries))('the query of %s (12, 19 and 28)', async (path, examples) => {
    const addresses = examples.flatMap(mutations).map((query) => `${path}?${query}`);
    expect(await failing(addresses.map((address) => [address, agent.get(address)] as const))).toEqual([]);
    expect(await failing(addresses.map((address) => [address, agent.get(address).set(html)] as const))).toEqual([]);
  });

  it('bodies of other kinds, everywhere (61)', async () => {
    const tests = everyPath.flatMap((path) =>
      oddBodies.map(
        ([type, body]) => [`${path} ${type} ${body.slice(0, 50).toString()}`, post(path, type, body)] as const,
      ),
    );
    expect(await failing(tests)).toEqual([]);
  });

  it('headers of every kind', async () => {
    const tests = readers.flatMap((path) =>
      oddHeaders.flatMap((headers) => [
        [`GET ${path} ${JSON.stringify(headers)}`, agent.get(path).set(headers)] as const,
        [`POST ${path} ${JSON.stringify(headers)}`, agent.post(path).type('form').set(headers).send('a=b')] as const,
      ]),
    );
    expect(await failing(tests)).toEqual([]);
  });

  it('paths and methods that do not exist', async () => {
    const tests = everyPath.flatMap((path) => [
      ...oddPaths.map((odd) => [`GET ${path}${odd}`, agent.get(path + odd)] as const),
      ...oddPaths.map(
        (odd) =>
          [
            `POST ${path}${odd}`,
            agent
              .post(path + odd)
              .type('form')
              .send('a=b'),
          ] as const,
      ),
      ...methods.map((method) => [`${method} ${path}`, agent[method](path)] as const),
      [`GET ${path} in capitals`, agent.get(path.toUpperCase())] as const,
    ]);
    expect(await failing(tests)).toEqual([]);
  });

  it('half a character, which another charset brings, gets into no address (19)', async () => {
    const form = (fields: Fields): Buffer =>
      utf16(
        Object.entries(fields)
          .map(([name, value]) => `${name}=${value}`)
          .join('&'),
      );
    const charset = 'application/x-www-form-urlencoded; charset=utf-16le';
    const odd = { ...asking, redirect_uri: 'http://127.0.0.1/cb', state: '\ud800' };
    const login = form({ ...odd, username: 'alice', password: 'correct horse' });
    const steps = {
      '/auth/login': login,
      '/auth/grant': form({ ...odd, grant: 'true' }),
      '/device': form({ user_code: '\ud800' }),
    };
    expect(
      await failing(Object.entries(steps).map(([path, body]) => [path, post(path, charset, body)] as const)),
    ).toEqual([]);
  });

  it('metadata of a client that make no sense', async () => {
    const admin = { user: (await oauth.stores.users.findByUsername('alice'))!, address: null };
    const { token } = await oauth.authorization.registrationTokenAdmin.create(admin, { name: 'build', days: 1 });
    const names = [
      'redirect_uris',
      'client_name',
      'scope',
      'grant_types',
      'response_types',
      'token_endpoint_auth_method',
    ];
    const values = [
      null,
      1,
      '',
      '\0',
      '\ud800',
      [],
      [null],
      ['\0'],
      ['a'.repeat(9000)],
      {},
      [[]],
      true,
      ['http://[::1'],
      '__proto__',
    ];
    const documents = names.flatMap((name) => values.map((value) => JSON.stringify({ [name]: value })));
    const register = (body: string) =>
      request(oauth.app).post('/oauth/register').auth(token, { type: 'bearer' }).type('json').send(body);
    expect(await failing(documents.map((body) => [body, register(body)] as const))).toEqual([]);
  });
});

const post = (path: string, type: string, body: string | Buffer): request.Test => {
  const test = agent.post(path).set('Content-Type', type);
  test.write(body, 'utf8');
  return test;
};

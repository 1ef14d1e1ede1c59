import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { composeWeb } from '../../src/app/web.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { SecretBox } from '../../src/storage/secret-box.ts';
import { type CallApi, createCallApi, PUBLIC_URL } from '../support/call-api.ts';
import { createOAuthApp, type OAuthApp } from '../support/oauth-app.ts';

/*
 * Two addresses are answered before Express, with a reader of bodies and a comparison of paths of their own. To a client
 * they must not differ from those that Express routes: each of these holds for both.
 */

const FORM = 'Content-Type: application/x-www-form-urlencoded';

interface Way {
  readonly way: 'before Express' | 'by Express';
  readonly path: string;
  readonly allow: string;
  readonly headers: readonly string[];
  /** A form that is read well, and what is answered then. */
  readonly form: string;
  readonly status: number;
}

const client = 'client_id=demo-app&client_secret=demo-secret';
const ways: readonly Way[] = [
  {
    ...{ way: 'before Express', path: '/rest/call', allow: 'GET, HEAD, POST, PUT, OPTIONS' },
    ...{ headers: ['Authorization: Bearer demo-call'], form: 'number=%2B12025550100&timeout=0x1', status: 400 },
  },
  {
    ...{ way: 'before Express', path: '/oauth/token', allow: 'GET, POST' },
    ...{ headers: [], form: `grant_type=refresh_token&refresh_token=unknown&${client}`, status: 400 },
  },
  {
    ...{ way: 'by Express', path: '/oauth/revoke', allow: 'POST', headers: [] },
    ...{ form: `token=unknown&${client}`, status: 200 },
  },
  {
    ...{ way: 'by Express', path: '/oauth/introspect', allow: 'POST', headers: [] },
    ...{ form: `token=unknown&${client}`, status: 200 },
  },
];

let api: CallApi;
let oauth: OAuthApp;
let server: Server;

beforeAll(async () => {
  [api, oauth] = await Promise.all([createCallApi(), createOAuthApp()]);
  const { authorization, stores, clock } = oauth;
  const { directRoutes, routers, pageErrors } = composeWeb({
    ...{ authorization, stores, publicUrl: PUBLIC_URL, sandbox: true, cookieSecret: 'a secret' },
    ...{ viewsDirectory: new URL('../../views', import.meta.url).pathname, clock },
    ...{ ids: createSystemIds(), log: silentLog, pageTokenSeal: new SecretBox(stores.secretKey, 'page token') },
  });
  server = createServer(api.createApp({ directRoutes, routers, pageErrors }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await Promise.all([api.close(), oauth.close()]);
});

interface Sent {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

/** Sends bytes as they are, and reads until the end. */
const exchange = async ({ method = 'POST', target = '/', headers = [], body = '' }: Sent) => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  const isChunked = headers.some((header) => header.startsWith('Transfer-Encoding'));
  const length = body.length === 0 || isChunked ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  socket.write(
    [`${method} ${target} HTTP/1.1`, 'Host: localhost', ...headers, ...length, 'Connection: close', '', ''].join(
      '\r\n',
    ),
  );
  socket.write(body);
  const [head = '', text = ''] = (await buffer(socket)).toString().split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), allow: /\r\nAllow: ([^\r]*)/i.exec(head)?.[1], head, text };
};

describe.each(ways)('$path, answered $way', ({ path, allow, headers, form, status }) => {
  const post = (changes: Sent) =>
    exchange({ target: path, ...changes, headers: [...headers, ...(changes.headers ?? [])] });
  const statusOf = async (changes: Sent): Promise<number> => (await post(changes)).status;

  it('reads a form, with and without a charset', async () => {
    expect(await statusOf({ headers: [FORM], body: form })).toBe(status);
    expect(await statusOf({ headers: [`${FORM}; charset=UTF-8`], body: form })).toBe(status);
    expect(await statusOf({ headers: [`${FORM};charset="utf-8"`], body: form })).toBe(status);
    expect(await statusOf({ headers: [FORM.toUpperCase()], body: form })).toBe(status);
    expect(await statusOf({ headers: [`${FORM}; charset=iso-8859-1`], body: form })).toBe(status);
  });

  it('is found with a slash at the end, in any case, with doubled slashes and in absolute form', async () => {
    const targets = [
      `${path}/`,
      path.toUpperCase(),
      `/${path}`,
      path.replace(/(?<=.)\//, '//'),
      `http://localhost${path}`,
    ];
    for (const target of targets) {
      expect([target, await statusOf({ target, headers: [FORM], body: form })]).toEqual([target, status]);
    }
    expect(await statusOf({ target: `${path}/more`, headers: [FORM], body: form })).toBe(404);
  });

  it('tells its methods to OPTIONS, and refuses any other with them', async () => {
    const options = await post({ method: 'OPTIONS' });
    expect([options.status, options.allow, options.text]).toEqual([204, allow, '']);
    for (const method of ['DELETE', 'PATCH', 'PROPFIND']) {
      const refused = await post({ method });
      expect([method, refused.status, refused.allow]).toEqual([method, 405, allow]);
    }
  });

  it('answers HEAD without a body', async () => {
    const { status: answered, text } = await post({ method: 'HEAD' });
    expect([answered, text]).toEqual([allow.includes('HEAD') ? 200 : 405, '']);
  });

  it('reads a body that is compressed, and refuses one whose encoding is unknown', async () => {
    for (const encoding of ['gzip', 'GZIP']) {
      const sent = { headers: [FORM, `Content-Encoding: ${encoding}`], body: gzipSync(form) };
      expect(await statusOf(sent)).toBe(status);
    }
    expect(await statusOf({ headers: [FORM, 'Content-Encoding: rot13'], body: form })).toBe(415);
    expect(await statusOf({ headers: [FORM, 'Content-Encoding: gzip'], body: form })).toBe(400);
  });

  it('refuses a body that is too long, sent as it is or compressed', async () => {
    const long = `${form}&a=${'b'.repeat(70_000)}`;
    expect(await statusOf({ headers: [FORM], body: long })).toBe(413);
    expect(await statusOf({ headers: [FORM, 'Content-Encoding: gzip'], body: gzipSync(long) })).toBe(413);
  });

  it('refuses a charset that is unknown and a type that it does not read', async () => {
    expect(await statusOf({ headers: [`${FORM}; charset=klingon`], body: form })).toBe(415);
    expect(await statusOf({ headers: ['Content-Type: text/plain'], body: form })).toBe(415);
  });

  it('refuses a field that is sent twice', async () => {
    const [first = ''] = form.split('&');
    expect(await statusOf({ headers: [FORM], body: `${form}&${first}` })).toBe(400);
  });

  it('takes a body of no bytes for one without fields', async () => {
    const none = await statusOf({ headers: [FORM, 'Content-Length: 0'] });
    expect(await statusOf({ headers: ['Content-Length: 0'] })).toBe(none);
    expect(await statusOf({ headers: [FORM, 'Transfer-Encoding: chunked'], body: '0\r\n\r\n' })).toBe(none);
  });
});

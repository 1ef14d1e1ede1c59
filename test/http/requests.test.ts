import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Test } from 'supertest';
import { CallNotCarriedError } from '../../src/calls/errors.ts';
import { retryHeaders } from '../../src/http/rate-limit.ts';
import { readTarget } from '../../src/http/request-target.ts';
import { TooManyRequestsError } from '../../src/oauth/model/errors.ts';
import type { TokenVerifier } from '../../src/oauth/request/principal.ts';
import { type CallApi, createCallApi } from '../support/call-api.ts';

let api: CallApi;
let server: Server;

beforeAll(async () => {
  api = await createCallApi();
  server = createServer(api.createApp({ hosts: 'loopback' }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => {
  api.logged.length = 0;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await api.close();
});

/** Sends lines as they are: no client library would write what is tried here. */
const exchange = async (...lines: readonly string[]): Promise<{ status: number; head: string; body: string }> => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write([...lines, 'Connection: close', '', ''].join('\r\n'));
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body };
};

const host = 'Host: localhost';
const token = 'Authorization: Bearer demo-call';

describe('a request target', () => {
  it.each([
    ['/rest/call?a=//b', '/rest/call?a=//b', undefined],
    ['//rest///call', '/rest/call', undefined],
    ['//evil.example/rest', '/evil.example/rest', undefined],
    ['/?next=http://x', '/?next=http://x', undefined],
    ['*', '*', undefined],
    ['http://localhost:8888/rest/call?x=1', '/rest/call?x=1', 'localhost:8888'],
    ['HTTPS://Phone.Example//rest//call', '/rest/call', 'Phone.Example'],
    ['http://[::1]:8888', '/', '[::1]:8888'],
    ['http://localhost?x=1', '/?x=1', 'localhost'],
  ])('%s is %s', (target, url, authority) => {
    expect(readTarget(target)).toEqual(authority === undefined ? { url } : { url, authority });
  });

  it.each([
    'rest/call',
    '',
    'http://',
    'http:///rest/call',
    'ftp://localhost/rest/call',
    'http://localhost@evil.example/',
    'http://a:b@localhost/',
    'http://local host/',
    'http://localhost\\@evil.example/',
  ])('"%s" is none', (target) => {
    expect(readTarget(target)).toBeUndefined();
  });

  it('in absolute form, and with doubled slashes, leads where its path does', async () => {
    for (const target of [
      'http://localhost:8888/rest/call',
      '//rest/call',
      '/rest//call',
      'HTTP://LOCALHOST//rest/call',
    ]) {
      const { status, body } = await exchange(`GET ${target} HTTP/1.1`, host, token);
      expect([target, status, body]).toEqual([target, 200, '{"total":0,"calls":[]}']);
    }
    expect((await exchange('GET http://localhost/healthz HTTP/1.1', host)).status).toBe(200);
  });

  it('in absolute form says the host, whatever Host says', async () => {
    expect((await exchange('GET http://evil.example/healthz HTTP/1.1', host)).status).toBe(421);
    expect((await exchange('GET http://localhost/healthz HTTP/1.1', 'Host: evil.example')).status).toBe(200);
  });

  it('that is none is 400, and what was in it is not logged', async () => {
    const { status, body } = await exchange('GET http://demo:hush@localhost/rest/call HTTP/1.1', host, token);
    expect([status, JSON.parse(body).code]).toEqual([400, 'invalid_request']);
    expect(JSON.stringify(api.logged)).not.toContain('hush');
  });

  it('* is the server as a whole, for OPTIONS alone', async () => {
    const { status, head } = await exchange('OPTIONS * HTTP/1.1', host);
    expect([status, /^Allow: .*OPTIONS/m.test(head)]).toEqual([204, true]);
    expect((await exchange('GET * HTTP/1.1', host)).status).not.toBe(200);
  });
});

describe('a header', () => {
  it.each([
    ['Host', [host, 'Host: localhost']],
    ['Host, in another case and with another value', [host, 'hOST: evil.example']],
    ['Authorization', [host, token, token]],
    ['Authorization with another scheme', [host, token, 'authorization: Basic ZGVtbzpkZW1v']],
    ['Authentication', [host, 'Authentication: Bearer demo-call', 'Authentication: Bearer demo-call']],
    ['Content-Type', [host, token, 'Content-Type: application/json', 'Content-Type: text/xml']],
    ['DPoP', [host, token, 'DPoP: a', 'DPoP: a']],
  ])('%s that comes twice is 400 (95)', async (_name, lines) => {
    const { status, body } = await exchange('GET /rest/call HTTP/1.1', ...lines);
    expect([status, JSON.parse(body).code]).toEqual([400, 'invalid_request']);
    expect(JSON.parse(body).detail).toMatch(/was sent more than once/);
  });

  it('that comes twice at the token endpoint is an error of OAuth too (95)', async () => {
    const { status, body } = await exchange('POST /oauth/token HTTP/1.1', host, token, token);
    expect([status, JSON.parse(body)]).toEqual([
      400,
      expect.objectContaining({
        code: 'invalid_request',
        error: 'invalid_request',
        error_description: 'The header Authorization was sent more than once.',
      }),
    ]);
  });

  it('that may be a list may come twice', async () => {
    const lines = [host, token, 'Accept: application/json', 'Accept: text/html;q=0.1', 'X-Y: 1', 'X-Y: 1'];
    expect((await exchange('GET /rest/call HTTP/1.1', ...lines)).status).toBe(200);
  });
});

describe('X-Forwarded-For', () => {
  const addressFor = async (forwarded: string, trustedProxies = ['loopback']): Promise<unknown> => {
    const verifier: TokenVerifier = { verify: (presented) => api.verifier.verify({ ...presented, route: 'direct' }) };
    const app = api.createApp({ trustedProxies, verifier });
    await request(app).get('/nothing').set('X-Forwarded-For', forwarded).expect(404);
    return api.logged.at(-1)?.fields['ip'];
  };

  it.each([
    ['203.0.113.9:5678', '203.0.113.9'],
    ['203.0.113.9:5679', '203.0.113.9'],
    ['203.0.113.9', '203.0.113.9'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['"[2001:DB8:0:0::1]:4711"', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[::ffff:203.0.113.9]:80', '203.0.113.9'],
    ['198.51.100.1:1, 203.0.113.9:5678', '203.0.113.9'],
    ['203.0.113.9:5678, 127.0.0.1:9', '203.0.113.9'],
    ['203.0.113.9:5678,[::1]:9', '203.0.113.9'],
  ])('%s of a trusted proxy is the address %s (96)', async (forwarded, address) => {
    expect(await addressFor(forwarded)).toBe(address);
  });

  it('of anyone else counts for nothing', async () => {
    expect(await addressFor('203.0.113.9:5678', [])).toMatch(/127\.0\.0\.1$/);
  });
});

describe('a connection that is cut before the reply', () => {
  it('is logged with its address, and with no status', async () => {
    const quiet = (): void => undefined;
    let arrive: () => void = quiet;
    let tell: (fields: object) => void = quiet;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const logged = new Promise<object>((resolve) => (tell = resolve));
    const app = api.createApp({
      log: { debug: quiet, warn: quiet, error: quiet, info: (fields) => tell(fields) },
      routers: [() => arrive()],
    });
    const silent = createServer(app);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const socket = connect((silent.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await arrived;
    socket.destroy();
    expect(await logged).toMatchObject({ url: '/slow', ip: '127.0.0.1', status: null });
    await new Promise((resolve) => silent.close(resolve));
  });
});

describe('HEAD and OPTIONS', () => {
  it('HEAD is GET without the body', async () => {
    const as = (test: Test): Test => test.set('Authorization', 'Bearer demo-call');
    for (const path of ['/rest/call', '/healthz', '/nothing', '/rest/nothing']) {
      const [get, head] = [await as(request(api.app).get(path)), await as(request(api.app).head(path))];
      expect([path, head.status, head.text]).toEqual([path, get.status, undefined]);
      for (const name of ['Content-Type', 'Content-Length']) expect(head.get(name)).toBe(get.get(name));
    }
  });

  it('OPTIONS names the methods of an address, and there are none of what is not there', async () => {
    for (const [path, allow] of [
      ['/rest/call', 'GET, HEAD, POST, PUT, OPTIONS'],
      ['/healthz', 'GET, HEAD'],
    ] as const) {
      const response = await request(api.app).options(path);
      expect([path, Math.trunc(response.status / 100), response.get('Allow')]).toEqual([path, 2, allow]);
    }
    const none = await request(api.app).options('/nothing');
    expect([none.status, none.body.code]).toEqual([404, 'not_found']);
  });

  it('a preflight allows whatever headers it asks for, by the methods of the address', async () => {
    for (const [path, methods] of [
      ['/rest/call', 'GET, POST, PUT'],
      ['/.well-known/oauth-authorization-server', 'GET'],
      ['/oauth/jwks', 'GET'],
      ['/oauth/revoke', 'POST'],
    ] as const) {
      const response = await request(api.app)
        .options(path)
        .set('Origin', 'https://front.example')
        .set('Access-Control-Request-Method', 'POST')
        .set('Access-Control-Request-Headers', 'traceparent,baggage, X-Anything');
      expect([path, response.status, response.get('Access-Control-Allow-Methods')]).toEqual([path, 204, methods]);
      expect(response.get('Access-Control-Allow-Headers')).toBe('traceparent, baggage, X-Anything');
      expect(response.get('Access-Control-Allow-Credentials')).toBeUndefined();
    }
  });
});

describe('RateLimit', () => {
  it('tells of each call and look at calls how much is left to the token, and after a refusal when to come back', async () => {
    const limited = await createCallApi({ callsPerSecondPerToken: 0.5, readsPerSecondPerToken: 10 });
    const send = (method: 'get' | 'post' | 'put', body = {}, name = 'demo-call'): Test =>
      request(limited.app)[method]('/rest/call').set('Authorization', `Bearer ${name}`).send(body);
    const fieldsOf = async (test: Test): Promise<(number | string | undefined)[]> => {
      const response = await test;
      return [
        response.status,
        response.get('RateLimit-Policy'),
        response.get('RateLimit'),
        response.get('Retry-After'),
      ];
    };
    const call = { number: '+12025550100' };
    const calls = '"calls";q=1;w=2';
    expect(await fieldsOf(send('post', call))).toEqual([201, calls, '"calls";r=0;t=2', undefined]);
    expect(await fieldsOf(send('post', call))).toEqual([429, calls, '"calls";r=0;t=2', '2']);
    limited.clock.advance(1500);
    expect(await fieldsOf(send('post', call))).toEqual([429, calls, '"calls";r=0;t=1', '1']);
    const reads = '"reads";q=20;w=2';
    expect(await fieldsOf(send('get'))).toEqual([200, reads, '"reads";r=19;t=1', undefined]);
    expect(await fieldsOf(send('get'))).toEqual([200, reads, '"reads";r=18;t=1', undefined]);
    expect(await fieldsOf(send('get', {}, 'alice-call'))).toEqual([200, reads, '"reads";r=19;t=1', undefined]);
    expect(await fieldsOf(send('put', { token_call: 'none' }))).toEqual([409, undefined, undefined, undefined]);
    await limited.close();
  });

  it('tells of every other limit that nothing is left, until when', () => {
    expect(retryHeaders(new TooManyRequestsError(7))).toEqual({ 'Retry-After': '7', RateLimit: '"requests";r=0;t=7' });
    expect(retryHeaders(new CallNotCarriedError())).toEqual({ 'Retry-After': '1' });
  });

  it('is silent where there is no limit', async () => {
    const response = await request(api.app).get('/rest/call').set('Authorization', 'Bearer demo-call');
    expect([response.status, response.get('RateLimit'), response.get('RateLimit-Policy')]).toEqual([
      200,
      undefined,
      undefined,
    ]);
  });
});

import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import request, { type Test } from 'supertest';
import { parseStringPromise } from 'xml2js';
import { writeXml } from '../../src/http/xml.ts';
import type { TokenVerifier } from '../../src/oauth/request/principal.ts';
import { type CallApi, createCallApi, PUBLIC_URL } from '../support/call-api.ts';

let api: CallApi;

beforeAll(async () => {
  api = await createCallApi();
});

beforeEach(() => {
  api.logged.length = 0;
  api.transports.length = 0;
  api.engine.unreachable.clear();
});

afterAll(() => api.close());

const as = (token: string, test: Test): Test => test.set('Authorization', `Bearer ${token}`);
const get = (query = ''): Test => as('demo-call', request(api.app).get(`/rest/call${query}`));
const post = (): Test => as('demo-call', request(api.app).post('/rest/call'));
const put = (): Test => as('demo-call', request(api.app).put('/rest/call'));
const number = '+12025550100';

describe('a problem', () => {
  const rows: readonly (readonly [string, () => Test, number, string])[] = [
    ['a missing number', () => post().send({}), 400, 'invalid_number'],
    ['what is not a number', () => post().send({ number: 'bob' }), 400, 'invalid_number'],
    ['a number that is an object', () => post().send({ number: { $ne: 1 } }), 400, 'invalid_number'],
    ['an unknown call', () => get('?token_call=nope'), 409, 'call_not_found'],
    ['an empty token_call', () => get('?token_call='), 409, 'call_not_found'],
    ['ending an unknown call', () => put().send({ token_call: 'nope' }), 409, 'call_not_found'],
    ['no phone', () => (api.engine.unreachable.add('sip:demo@127.0.0.1'), post().send({ number })), 409, 'no_phone'],
    ['an emergency number', () => post().send({ number: '911' }), 403, 'destination_barred'],
    ['a country that is barred', () => post().send({ number: '+442079460000' }), 403, 'destination_barred'],
    ['a foreign caller_id', () => post().send({ number, caller_id: number }), 403, 'caller_id_not_allowed'],
    ['no route', () => (api.engine.unreachable.add(number), post().send({ number })), 503, 'engine_unavailable'],
    ['an unknown phone', () => post().send({ number, from: 'nope' }), 400, 'invalid_request'],
    ['a timeout out of range', () => post().send({ number, timeout: 4 }), 400, 'invalid_request'],
    ['a timeout that is no number', () => post().send({ number, timeout: 'soon' }), 400, 'invalid_request'],
    ['a missing token_call', () => put().send({}), 400, 'invalid_request'],
    ['token_call twice', () => get('?token_call=a&token_call=b'), 400, 'invalid_request'],
    ['all that is neither', () => get('?all=perhaps'), 400, 'invalid_request'],
    ['a field twice', () => post().type('form').send('number=1&number=2'), 400, 'invalid_request'],
    ['JSON that is cut off', () => post().type('json').send('{"number":'), 400, 'invalid_request'],
    ['JSON that is no object', () => post().type('json').send('["+12025550100"]'), 400, 'invalid_request'],
    ['bytes that are no UTF-8', () => post().type('form').send('number=\udc80').set('X', '1'), 400, 'invalid_number'],
    ['XML of something else', () => post().type('xml').send('<phone/>'), 400, 'invalid_request'],
    ['XML that is cut off', () => post().type('xml').send('<call><number>'), 400, 'invalid_request'],
    ['XML with text only', () => post().type('xml').send('<call>1</call>'), 400, 'invalid_request'],
    [
      'a number twice in XML',
      () => post().type('xml').send('<call><number>1</number><number>2</number></call>'),
      400,
      'invalid_number',
    ],
    ['plain text', () => post().type('text').send('number=1'), 415, 'unsupported_media_type'],
    [
      'another charset',
      () => post().set('Content-Type', 'application/json; charset=koi8-r').send('{}'),
      415,
      'unsupported_media_type',
    ],
    [
      'another encoding',
      () => post().set('Content-Encoding', 'compress').type('form').send('a=b'),
      415,
      'unsupported_media_type',
    ],
    [
      'what claims to be gzip',
      () => post().set('Content-Encoding', 'gzip').type('form').send('a=b'),
      400,
      'invalid_request',
    ],
    [
      'too large a body',
      () =>
        post()
          .type('form')
          .send(`number=${'1'.repeat(20_000)}`),
      413,
      'content_too_large',
    ],
    ['what nobody can accept', () => get().set('Accept', 'image/png'), 406, 'not_acceptable'],
    ['an unknown address', () => as('demo-call', request(api.app).get('/rest/calls')), 404, 'not_found'],
    [
      'an address that cannot be decoded',
      () =>
        request(api.app)
          .get('/%ZZ')
          .ok(() => true),
      404,
      'not_found',
    ],
  ];

  it.each(rows)('for %s has its status and code, in JSON and in XML', async (_name, send, status, code) => {
    const response = await send();
    expect([response.status, response.body.code]).toEqual([status, code]);
    expect(response.get('Content-Type')).toBe('application/problem+json');
    expect(response.body).toMatchObject({ type: `${PUBLIC_URL}/problems/${code}`, status, title: expect.any(String) });
    if (status === 406) return;
    const xml = await send().set('Accept', 'application/xml');
    expect([xml.status, xml.get('Content-Type')]).toEqual([status, 'application/problem+xml; charset=utf-8']);
    const { problem } = await parseStringPromise(xml.text, { explicitArray: false });
    expect(problem).toMatchObject({ $: { xmlns: 'urn:ietf:rfc:7807' }, status: String(status), code });
    expect(api.logged.filter(({ message }) => message !== 'request')).toEqual([]);
  });

  it('names the field', async () => {
    expect((await post().send({ number, timeout: [] })).body.field).toBe('timeout');
  });

  it('never leaves a call behind', async () => {
    expect((await get()).body.total).toBe(0);
  });

  it('of ours is a bare 500 that says nothing, logged once with its cause', async () => {
    api.journal.failures = 1;
    const response = await post().send({ number });
    expect([response.status, response.body]).toEqual([
      500,
      {
        type: `${PUBLIC_URL}/problems/internal_error`,
        title: 'A fault of the service',
        status: 500,
        code: 'internal_error',
      },
    ]);
    const failures = api.logged.filter(({ message }) => message === 'failed');
    expect(failures).toHaveLength(1);
    expect(String(failures[0]?.fields['err'])).toContain('disk I/O error');
  });
});

describe('XML that comes in', () => {
  it.each([
    ['a document type', '<!DOCTYPE call><call><number>1</number></call>'],
    ['an external entity', '<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><call><number>&x;</number></call>'],
    ['a document type in lower case', '<!doctype call><call><number>1</number></call>'],
    ['an unknown entity', '<call><number>&x;</number></call>'],
    ['deep nesting', '<call>'.repeat(2000)],
  ])('is refused with %s', async (_name, body) => {
    const response = await post().type('xml').send(body);
    expect([response.status, response.body.code]).toEqual([400, 'invalid_request']);
  });

  it.each([
    '<call><__proto__><number>+12025550100</number></__proto__></call>',
    '<call><constructor>x</constructor></call>',
  ])('takes %s for the unknown element that it is', async (body) => {
    expect((await post().type('xml').send(body)).body.code).toBe('invalid_request');
    expect(Object.hasOwn(Object.prototype, 'number')).toBe(false);
  });

  it('goes out as XML, whatever the text holds', async () => {
    const text = `<a href="x">&'\u0000\u001b\ud800\uffff\r\n😀`;
    const xml = writeXml({ name: 'call', attributes: { total: '"<' }, content: { text, none: null } });
    const { call } = await parseStringPromise(xml, { explicitArray: false });
    expect(call).toEqual({ $: { total: '"<' }, text: `<a href="x">&'\ufffd\ufffd\ufffd\ufffd\r\n😀` });
  });
});

describe('the body reader', () => {
  it('reads what is compressed, and refuses a bomb', async () => {
    const body = gzipSync(JSON.stringify({ number: 'nobody' }));
    const bomb = gzipSync(JSON.stringify({ number: '1'.repeat(1_000_000) }));
    const send = (bytes: Buffer) =>
      post()
        .set('Content-Encoding', 'gzip')
        .type('json')
        .serialize((sent: unknown) => sent as string)
        .send(bytes);
    expect((await send(body)).body.code).toBe('invalid_number');
    expect((await send(bomb)).status).toBe(413);
  });

  it('never fails and never places a call, whatever it is sent', async () => {
    const types = ['application/json', 'application/x-www-form-urlencoded', 'application/xml', 'text/xml', 'a/b', ''];
    const charset = fc.constantFrom('', '; charset=utf-8', '; charset=utf-16', '; charset="', ';charset=x');
    const markup = fc.array(
      fc.constantFrom('<', '>', '/', 'call', 'number', '&', ';', '<![CDATA[', ']]>', '<!--', ' ', '"', '?'),
    );
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      markup.map((parts) => Buffer.from(`<call>${parts.join('')}</call>`)),
      fc.webQueryParameters().map((text) => Buffer.from(`number=x&${text}`)),
    );
    const placed = api.engine.calls.length;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('post', 'put'),
        fc.constantFrom(...types),
        charset,
        body,
        async (method, type, set, bytes) => {
          const sent = as('demo-call', request(api.app)[method]('/rest/call'))
            .set('Content-Type', `${type}${set}`)
            .serialize((raw: unknown) => raw as string)
            .send(bytes);
          const { status } = await sent;
          expect([400, 409, 413, 415]).toContain(status);
        },
      ),
      { numRuns: 300 },
    );
    expect(api.engine.calls).toHaveLength(placed);
    expect(api.logged.filter(({ message }) => message !== 'request')).toEqual([]);
  });

  describe('on a raw connection', () => {
    let server: Server;
    beforeAll(async () => {
      server = createServer(api.app);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => new Promise((resolve) => server.close(resolve)));

    it('outlives a client that goes away within its body', async () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.write('POST /rest/call HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer demo-call\r\n');
      socket.write('Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"number"');
      await new Promise((resolve) => setTimeout(resolve, 50));
      await new Promise((resolve) => socket.once('close', resolve).destroy());
      expect((await get()).status).toBe(200);
      expect(api.logged.filter(({ message }) => message === 'failed')).toEqual([]);
    });
  });
});

describe('the token', () => {
  const bare = (): Test => request(api.app).get('/rest/call');

  it('without one the challenge names no error, only where the resource is described (70)', async () => {
    for (const test of [
      bare(),
      bare().set('Authorization', 'Basic ZGVtbzpkZW1v'),
      bare().set('Authorization', 'Bearer'),
    ]) {
      const response = await test;
      expect([response.status, response.body.code]).toEqual([401, 'unauthorized']);
      expect(response.get('WWW-Authenticate')).toBe(
        `Bearer realm="Offhook", resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource/rest/call"`,
      );
    }
  });

  it('a bad one is invalid_token (71)', async () => {
    const forms = [
      bare().set('Authorization', 'Bearer nope'),
      bare().set('Authorization', 'Bearer a b'),
      bare().query({ access_token: 'ü' }),
    ];
    for (const test of forms) {
      const response = await test;
      expect([response.status, response.body.code]).toEqual([401, 'invalid_token']);
      expect(response.get('WWW-Authenticate')).toMatch(
        /^Bearer realm="Offhook", error="invalid_token", error_description="[^"]+"$/,
      );
    }
  });

  it('one whose scope is too small is 403 with the scope (72)', async () => {
    const response = await as('demo-public', bare());
    expect([response.status, response.body.code]).toEqual([403, 'insufficient_scope']);
    expect(response.get('WWW-Authenticate')).toMatch(/error="insufficient_scope".*, scope="call"$/);
  });

  it('in two places is 400, even when it is the same (73)', async () => {
    const header = 'Bearer demo-call';
    const forms = [
      bare().set('Authorization', header).set('Authentication', header),
      bare().set('Authorization', header).query({ access_token: 'demo-call' }),
      bare().set('Authentication', header).query({ access_token: 'demo-call' }),
      request(api.app).get('/rest/call?access_token=demo-call&access_token=demo-call'),
    ];
    for (const test of forms) {
      const response = await test;
      expect([response.status, response.body.code]).toEqual([400, 'invalid_request']);
      expect(response.get('WWW-Authenticate')).toContain('error="invalid_request"');
    }
  });

  it('of a request that was forwarded is shown to the verifier as such', async () => {
    for (const name of ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto']) {
      expect((await as('demo-call', bare()).set(name, 'for=203.0.113.9')).status).toBe(401);
    }
  });

  it('may be sent with the scheme in any case, and in the header Authentication (74)', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
      for (const name of ['Authorization', 'Authentication']) {
        expect((await bare().set(name, `${scheme} demo-call`)).status).toBe(200);
      }
    }
    expect(new Set(api.transports)).toEqual(new Set(['header']));
  });

  it('in the query is shown to the verifier, never stored and never logged (75)', async () => {
    const response = await bare().query({ access_token: 'demo-call' });
    expect([response.status, response.get('Cache-Control'), api.transports]).toEqual([200, 'no-store', ['query']]);
    await request(api.app).get('/rest/call?token_call=x&access%5Ftoken=demo-call');
    await request(api.app).get('/oauth/token?client_secret=x&demo-call&grant_type=code');
    expect(api.logged.map(({ fields }) => [fields['method'], fields['url'], fields['status']])).toEqual([
      ['GET', '/rest/call?token_call=x&access_token=-', 409],
      ['GET', '/oauth/token?client_secret=-&grant_type=code', 404],
    ]);
    expect(JSON.stringify(api.logged)).not.toContain('demo-call');
  });
});

describe('other origins', () => {
  const origin = 'https://front.example';
  const asked = 'authorization, content-type, traceparent, baggage, sentry-trace, x-requested-with';

  it('may ask first, without a token', async () => {
    const response = await request(api.app)
      .options('/rest/call')
      .set('Origin', origin)
      .set('Access-Control-Request-Method', 'PUT')
      .set('Access-Control-Request-Headers', `${asked}, a b, <x>`);
    expect(response.status).toBe(204);
    expect(response.get('Access-Control-Allow-Origin')).toBe('*');
    expect(response.get('Access-Control-Allow-Methods')).toBe('GET, POST, PUT');
    expect(response.get('Access-Control-Allow-Headers')).toBe(asked);
    expect(response.get('Access-Control-Allow-Credentials')).toBeUndefined();
  });

  it('may read every reply, errors included', async () => {
    const exposed =
      'Location, Link, ETag, Retry-After, Idempotent-Replayed, WWW-Authenticate, RateLimit, RateLimit-Policy, X-Request-Id';
    for (const test of [get(), request(api.app).get('/rest/call'), request(api.app).get('/rest/none')]) {
      const response = await test.set('Origin', origin);
      expect(response.get('Access-Control-Allow-Origin')).toBe('*');
      expect(response.get('Access-Control-Expose-Headers')).toBe(exposed);
    }
  });

  it('may not read anything else', async () => {
    for (const path of ['/', '/healthz', '/restaurant']) {
      const response = await request(api.app).get(path).set('Origin', origin);
      expect(response.get('Access-Control-Allow-Origin')).toBeUndefined();
    }
  });
});

describe('the app', () => {
  it('says whether it is ready', async () => {
    expect((await request(api.app).get('/healthz')).status).toBe(200);
    await api.engine.stop();
    const response = await request(api.app).get('/healthz');
    expect([response.status, response.body]).toEqual([503, { status: 'not ready' }]);
    await api.engine.start();
    const full = api.createApp({ readiness: () => ({ status: 'not ready', reason: 'the disk is full' }) });
    for (const path of ['/healthz', '/health/ready']) {
      const refused = await request(full).get(path);
      expect([refused.status, refused.body]).toEqual([503, { status: 'not ready', reason: 'the disk is full' }]);
    }
    const alive = await request(full).get('/health/live');
    expect([alive.status, alive.body]).toEqual([200, { status: 'alive' }]);
  });

  it('while the sandbox is on, answers only to names of this machine', async () => {
    const app = api.createApp({ hosts: 'loopback' });
    for (const host of ['localhost:8888', '127.0.0.1', '[::1]:8888', 'app.localhost']) {
      expect((await request(app).get('/healthz').set('Host', host)).status).toBe(200);
    }
    for (const host of ['evil.example', 'localhost.evil.example:8888', '10.0.0.1', '']) {
      const response = await request(app).get('/healthz').set('Host', host);
      expect([response.status, response.body.code]).toEqual([421, 'misdirected_request']);
    }
  });

  it('does not say what it is made of', async () => {
    const response = await get();
    expect([response.get('X-Powered-By'), response.get('ETag')]).toEqual([undefined, undefined]);
  });

  it('believes X-Forwarded-For only of its proxies, and builds no address from what is forwarded', async () => {
    const verifier: TokenVerifier = { verify: (presented) => api.verifier.verify({ ...presented, route: 'direct' }) };
    const app = api.createApp({ trustedProxies: ['loopback'], verifier });
    const forged = { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Host': 'evil.example', Host: 'evil.example' };
    const response = await as('demo-call', request(app).post('/rest/call')).set(forged).send({ number });
    expect(response.get('Location')).toMatch(/^http:\/\/localhost:8888\//);
    await get('?token_call=x').set(forged);
    expect(api.logged.map(({ fields }) => fields['ip'])).toEqual(['203.0.113.9', expect.stringContaining('127.0.0.1')]);
  });

  it('mounts what comes after the API, and reports its errors', async () => {
    const app = api.createApp({
      routers: [
        (incoming, response, next) => {
          if (incoming.path !== '/page') next();
          else response.send('a page');
        },
        (incoming, _response, next) => {
          if (incoming.path === '/broken') throw new Error('insides');
          next();
        },
      ],
    });
    expect((await request(app).get('/page')).text).toBe('a page');
    const broken = await request(app).get('/broken');
    expect([broken.status, broken.text.includes('insides')]).toEqual([500, false]);
    expect((await request(app).get('/nothing')).status).toBe(404);
  });
});

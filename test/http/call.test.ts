import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Response, type Test } from 'supertest';
import { parseStringPromise } from 'xml2js';
import { type CallApi, createCallApi, PUBLIC_URL } from '../support/call-api.ts';
import { settleJournal } from '../support/call-world.ts';

let api: CallApi;

beforeAll(async () => {
  api = await createCallApi();
});

beforeEach(() => {
  api.logged.length = 0;
});

afterAll(() => api.close());

const as = (token: string, test: Test): Test => test.set('Authorization', `Bearer ${token}`);
const get = (query = '', token = 'demo-call'): Test => as(token, request(api.app).get(`/rest/call${query}`));
const post = (token = 'demo-call'): Test => as(token, request(api.app).post('/rest/call'));
const put = (tokenCall: string, token = 'demo-call'): Test =>
  as(token, request(api.app).put('/rest/call')).type('form').send({ token_call: tokenCall });

const tokenIn = (response: Response): string => new URL(response.get('Location')!).searchParams.get('token_call')!;

const placeCall = async (token = 'demo-call'): Promise<string> => {
  const response = await post(token).type('form').send({ number: '+12025550100' });
  expect(response.status).toBe(201);
  return tokenIn(response);
};

describe('POST /rest/call', () => {
  it.each([
    ['a form', 'application/x-www-form-urlencoded', 'number=%2B12025550100&_=1732000000'],
    ['JSON', 'application/json; charset=utf-8', '{"number":"+12025550100","from":null,"timeout":30}'],
    ['JSON with a bare number', 'application/json', '{"number":2025550100}'],
    ['XML', 'application/xml', '<?xml version="1.0"?><call><number>+12025550100</number><timeout>30</timeout></call>'],
    ['XML as text', 'text/xml; charset="utf-8"', '<call xmlns="urn:x"><number> +12025550100 </number></call>'],
    ['a form in another charset', 'application/x-www-form-urlencoded; charset=ISO-8859-1', 'number=2025550100&from='],
  ])('takes %s and replies 201, empty, with the address of the call', async (_name, type, body) => {
    const response = await post().set('Content-Type', type).send(body);
    expect([response.status, response.text]).toEqual([201, '']);
    expect(response.get('Content-Length')).toBe('0');
    expect(response.get('Location')).toMatch(/^http:\/\/localhost:8888\/rest\/call\?token_call=[\w-]{22}$/);
    expect(response.get('Idempotent-Replayed')).toBeUndefined();
    const dialled = body.includes('12025550100') ? '+12025550100' : '2025550100';
    expect(api.engine.last.plan.callee).toEqual([{ kind: 'number', number: '+12025550100', dialled }]);
    await put(tokenIn(response)).expect(200);
  });

  it('passes on where to ring, whom to show and how long', async () => {
    const fields = { number: '2025550100', from: 'sip:demo@127.0.0.1', timeout: '7', destination_timeout: 120 };
    const response = await post().send(fields);
    expect(response.status).toBe(201);
    expect(api.engine.last.plan).toMatchObject({ timeoutSeconds: 7, destinationTimeoutSeconds: 120 });
    await put(tokenIn(response)).expect(200);
  });

  it.each([
    ['number=+12025550100', '+12025550100'],
    ['number=%2B12025550100', '+12025550100'],
    ['number=%20%2B12025550100', '+12025550100'],
    ['number=++1+202+555+0100', '+12025550100'],
    ['number=tel:+1-202-555-0100', '+12025550100'],
    ['number=%28+1%29+%32025550100', '+12025550100'],
    ['number=%202035550100', '+12035550100'],
    ['number=2035550100', '+12035550100'],
    ['number=%202035550100+', '+12035550100'],
    ['number=+2025550107', '+12025550107'],
    ['number=+%EF%BC%91%EF%BC%922025550100', undefined],
    ['number=+2035550100', undefined],
    ['number=+%28203%29+5550100', undefined],
    ['%6Eumber=%20+2035550100', undefined],
  ])('takes the form %s for %s', async (form, dialled) => {
    const response = await post().type('form').send(form);
    expect(response.status).toBe(dialled === undefined ? 400 : 201);
    if (dialled === undefined) {
      expect(response.body).toMatchObject({ code: 'invalid_number', detail: expect.stringContaining('%2B') });
    } else {
      expect(api.engine.last.plan.destinationDisplay).toBe(dialled);
      await put(tokenIn(response)).expect(200);
    }
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded', 'number=%2B12025550100&timeuot=5', 'timeuot'],
    ['JSON', 'application/json', '{"number":"+12025550100","caller":"1","x":1}', 'caller'],
    ['XML', 'application/xml', '<call><number>+12025550100</number><Timeout>5</Timeout></call>', 'Timeout'],
  ])('refuses a field of %s that it does not know, and names it', async (_name, type, body, field) => {
    const response = await post().set('Content-Type', type).send(body);
    expect([response.status, response.body]).toEqual([
      400,
      expect.objectContaining({ code: 'invalid_request', field }),
    ]);
    expect(response.body.detail).toContain(field);
  });

  it.each([
    ['{"number":"+12025550100"}', 'JSON', 'application/json'],
    [' [1]', 'JSON', 'application/json'],
    ['<call><number>+12025550100</number></call>', 'XML', 'application/xml'],
  ])('says of %s as a form, or without a type, what it looks like', async (body, name, type) => {
    for (const sent of ['application/x-www-form-urlencoded', '']) {
      const response = await post().set('Content-Type', sent).send(body);
      expect([response.status, response.body.code]).toEqual([400, 'invalid_request']);
      expect(response.body.detail).toBe(
        `The body looks like ${name} but is sent as a form: add Content-Type: ${type}.`,
      );
    }
  });

  it('replays by Idempotency-Key and refuses another body under the same key', async () => {
    const first = await post().set('Idempotency-Key', 'k-1').send({ number: '+12025550100' });
    const again = await post().set('Idempotency-Key', 'k-1').type('form').send('number=2025550100');
    expect([again.status, again.get('Location')]).toEqual([201, first.get('Location')]);
    expect(again.get('Idempotent-Replayed')).toBe('true');
    const other = await post().set('Idempotency-Key', 'k-1').send({ number: '+12025550101' });
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict']);
    const tooLong = await post().set('Idempotency-Key', 'k'.repeat(256)).send({ number: '+12025550100' });
    expect([tooLong.status, tooLong.body.code]).toEqual([400, 'invalid_request']);
    await put(tokenIn(first)).expect(200);
  });

  it('never asks what the client accepts: there is nothing to show', async () => {
    const response = await post().set('Accept', 'text/html').send({ number: '+12025550100' });
    expect(response.status).toBe(201);
    await put(tokenIn(response)).expect(200);
  });
});

describe('GET and PUT /rest/call', () => {
  it('show the call, the same object in every place', async () => {
    const tokenCall = await placeCall();
    api.engine.last.connect();
    await settleJournal(api, tokenCall);
    const response = await get(`?token_call=${tokenCall}`);
    const at = new Date(api.clock.now()).toISOString();
    const answered = { state: 'answered', sip_status: 200, q850_cause: null, reason: null };
    const times = { ringing_at: at, answered_at: at, ended_at: null };
    expect(response.get('Content-Type')).toBe('application/json; charset=utf-8');
    expect(response.get('Cache-Control')).toBe('no-store');
    expect(response.body).toEqual({
      token_call: tokenCall,
      href: `${PUBLIC_URL}/rest/call?token_call=${tokenCall}`,
      ...{ state: 'connected', outcome: null, ended_by: null, ended_leg: null },
      ...{ number: '+12025550100', user: 'demo', client: 'demo-app' },
      ...{ created_at: at, answered_at: at, connected_at: at, ended_at: null, talk_seconds: null },
      legs: [
        { role: 'caller', address: 'sip:caller@127.0.0.1', ...answered, ...times },
        { role: 'callee', address: 'sip:callee@127.0.0.1', ...answered, ...times },
      ],
    });
    expect((await get()).body).toEqual({ total: 1, calls: [response.body] });

    api.clock.advance(4200);
    const stopped = await put(tokenCall);
    expect(stopped.status).toBe(200);
    expect(stopped.body).toMatchObject({ state: 'ended', outcome: 'completed', ended_by: 'user', talk_seconds: 4 });
    await settleJournal(api, tokenCall);
    const again = await put(tokenCall).set('Accept', 'image/png');
    expect([again.status, again.body.legs[1].state]).toEqual([200, 'ended']);
    expect((await get(`?token_call=${tokenCall}`)).body).toEqual(again.body);
    expect((await get()).body).toEqual({ total: 0, calls: [] });
  });

  it('write XML without what is null', async () => {
    const tokenCall = await placeCall();
    const one = await get(`?token_call=${tokenCall}`).set('Accept', 'application/xml');
    expect(one.get('Content-Type')).toBe('application/xml; charset=utf-8');
    expect(one.text).toContain(`<call><token_call>${tokenCall}</token_call><href>`);
    expect(one.text).not.toContain('outcome');
    const list = await get().set('Accept', 'text/xml');
    expect(list.text).toContain(`<calls total="1"><call><token_call>${tokenCall}</token_call>`);
    const parsed = await parseStringPromise(list.text, { explicitArray: false });
    expect(parsed.calls.call.legs.leg).toEqual([
      { role: 'caller', address: 'sip:demo@127.0.0.1', state: 'created' },
      { role: 'callee', address: '+12025550100', state: 'created' },
    ]);
    const stopped = await put(tokenCall).set('Accept', 'application/xml');
    expect(stopped.text).toContain('<outcome>cancelled</outcome>');
    const empty = await get().set('Accept', 'application/xml');
    expect(empty.text).toMatch(/<calls total="0"><\/calls>$/);
  });

  it('let an operator, and no other user, see and end the calls of all', async () => {
    const tokenCall = await placeCall('alice-call');
    for (const token of ['demo-call', 'demo-operator']) {
      const all = await get('?all=true', token);
      expect([all.status, all.body.code, all.get('WWW-Authenticate')]).toEqual([
        403,
        'insufficient_scope',
        expect.stringContaining('scope="operator"'),
      ]);
      for (const response of [await get(`?token_call=${tokenCall}`, token), await put(tokenCall, token)]) {
        expect([response.status, response.body.code]).toEqual([409, 'call_not_found']);
      }
    }
    expect((await get('?all=false', 'operator-all')).body.total).toBe(0);
    for (const token of ['operator-all', 'operator-only']) {
      expect((await get('?all=true', token)).body.calls).toMatchObject([{ token_call: tokenCall, user: 'alice' }]);
      expect((await get(`?token_call=${tokenCall}`, token)).body.user).toBe('alice');
    }
    expect((await put(tokenCall, 'operator-only')).body).toMatchObject({ state: 'ended', ended_by: 'operator' });
  });

  it('give each scope what it is for', async () => {
    const tokenCall = await placeCall('demo-write');
    expect((await get(`?token_call=${tokenCall}`, 'demo-write')).status).toBe(403);
    expect((await get(`?token_call=${tokenCall}`, 'demo-read')).status).toBe(200);
    expect((await put(tokenCall, 'demo-read')).status).toBe(403);
    expect((await post('demo-read').send({ number: '+12025550100' })).status).toBe(403);
    expect((await get('', 'demo-public')).status).toBe(403);
    expect((await put(tokenCall, 'demo-write')).status).toBe(200);
  });

  it('show an application what it placed for users whose grant stands, and let it end nothing', async () => {
    const [mine, alices] = [await placeCall('demo-call'), await placeCall('alice-call')];
    const list = await get('', 'app-application');
    expect([list.status, list.body.calls.map((call: { token_call: string }) => call.token_call)]).toEqual([
      200,
      [mine],
    ]);
    expect((await get('', 'other-application')).body).toEqual({ total: 0, calls: [] });
    const statuses = [
      await get(`?token_call=${mine}`, 'app-application'),
      await get(`?token_call=${alices}`, 'app-application'),
      await get(`?token_call=${mine}`, 'other-application'),
      await get('?all=true', 'app-application'),
      await get('', 'app-call'),
      await put(mine, 'app-application'),
      await post('app-application').send({ number: '+12025550100' }),
    ];
    expect(statuses.map(({ status }) => status)).toEqual([200, 409, 409, 403, 403, 403, 403]);
    expect(statuses[4]!.get('WWW-Authenticate')).toContain('scope="application"');
    await put(mine).expect(200);
    expect((await get(`?token_call=${mine}`, 'app-application')).body.state).toBe('ended');
    await put(alices, 'alice-call').expect(200);
  });

  it('answer HEAD like GET without a body, and other methods with 405 and Allow', async () => {
    const head = await as('demo-call', request(api.app).head('/rest/call'));
    expect([head.status, head.get('Content-Length')]).toEqual([200, '22']);
    for (const method of ['delete', 'patch'] as const) {
      const response = await as('demo-call', request(api.app)[method]('/rest/call'));
      expect([response.status, response.get('Allow')]).toEqual([405, 'GET, HEAD, POST, PUT, OPTIONS']);
      expect(response.body.code).toBe('method_not_allowed');
    }
    const options = await request(api.app).options('/rest/call');
    expect([options.status, options.get('Allow')]).toEqual([204, 'GET, HEAD, POST, PUT, OPTIONS']);
  });
});

describe('PUT /rest/call', () => {
  const stop = (query: string): Test => as('demo-call', request(api.app).put(`/rest/call${query}`));

  it('takes the token from the query, without a body or with one that says the same', async () => {
    const tokenCall = await placeCall();
    const query = `?token_call=${tokenCall}&other=1`;
    const responses = [
      await stop(query),
      await stop(query).set('Content-Type', 'application/json'),
      await stop(query).type('form').send({ token_call: tokenCall }),
      await stop(query).type('form').send('other=1&other=2'),
      await stop(query).type('text').send('hang up'),
      await stop(query).type('json').send('{"token_call":'),
      await stop(query).send({ token_call: null }),
    ];
    expect(responses.map(({ status, body }) => [status, body.state])).toEqual(responses.map(() => [200, 'ended']));
  });

  it('takes the whole call as its body, in JSON and in XML', async () => {
    for (const accept of ['application/json', 'application/xml']) {
      const tokenCall = await placeCall();
      api.engine.last.connect();
      await settleJournal(api, tokenCall);
      const { text } = await get(`?token_call=${tokenCall}`).set('Accept', accept);
      expect((await stop('').set('Content-Type', accept).send(text)).body.outcome).toBe('completed');
    }
  });

  it('refuses two tokens that differ, or one that comes twice in one place, and ends neither call', async () => {
    const [one, two] = [await placeCall(), await placeCall()];
    const refused = [
      await stop(`?token_call=${one}`).type('form').send({ token_call: two }),
      await stop(`?token_call=${one}&token_call=${two}`),
      await stop('').type('form').send(`token_call=${one}&token_call=${two}`),
    ];
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual(refused.map(() => [400, 'invalid_request']));
    expect((await get()).body.total).toBe(2);
    for (const tokenCall of [one, two]) await put(tokenCall).expect(200);
  });
});

describe('a parameter of a GET', () => {
  it.each(['?outcome=busy&limit=1', '?wait=5', '?Token_call=x', '?all=false&user='])(
    'that is unknown is refused and named: %s',
    async (query) => {
      const response = await get(query);
      const parameter = /outcome|wait|Token_call|user/.exec(query)?.[0];
      expect([response.status, response.body]).toEqual([
        400,
        expect.objectContaining({ code: 'invalid_request', parameter }),
      ]);
      expect(response.body.detail).toContain('there are token_call, all, access_token');
    },
  );

  it('may keep caches from answering', async () => {
    expect((await get('?_=1732000000')).status).toBe(200);
    const response = await request(api.app).get('/rest/call?access_token=demo-call&all=false');
    expect(response.status).toBe(200);
  });
});

describe('limits', () => {
  it('refuse calls and reads by token with 429 and Retry-After, and never a hang-up', async () => {
    const limited = await createCallApi({ callsPerSecondPerToken: 1, readsPerSecondPerToken: 1 });
    const send = (method: 'get' | 'post' | 'put', body = {}) =>
      as('demo-call', request(limited.app)[method]('/rest/call')).send(body);
    const placed = await send('post', { number: '+12025550100' });
    const body = { number: '+12025550100' };
    const statuses = [await send('post', body), await send('post', body), await send('get'), await send('get')];
    expect(statuses.map(({ status }) => status)).toEqual([201, 429, 200, 200]);
    const refused = await send('get');
    expect([refused.status, refused.get('Retry-After'), refused.body.code]).toEqual([429, '1', 'rate_limited']);
    for (let count = 0; count < 10; count += 1) {
      expect((await send('put', { token_call: tokenIn(placed) })).status).toBe(200);
    }
    limited.clock.advance(1000);
    expect((await send('get')).status).toBe(200);
    await limited.close();
  });
});

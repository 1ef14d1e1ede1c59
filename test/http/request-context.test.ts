import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Test } from 'supertest';
import type { CallContext } from '../../src/calls/call-events.ts';
import { traceIdOf } from '../../src/http/request-context.ts';
import { type CallApi, createCallApi } from '../support/call-api.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const MADE = /^[\w-]{16}$/;

let api: CallApi;
const contexts: CallContext[] = [];

beforeAll(async () => {
  api = await createCallApi();
  api.calls.on('changed', (_call, { name }, context) => {
    if (name === 'call.created') contexts.push(context);
  });
});

beforeEach(() => {
  api.logged.length = 0;
  contexts.length = 0;
});

afterAll(() => api.close());

const as = (token: string, test: Test): Test => test.set('Authorization', `Bearer ${token}`);
const place = (body: object = { number: '+12025550100' }): Test =>
  as('demo-call', request(api.app).post('/rest/call')).send(body);

const logged = (name: string): unknown[] => api.logged.map(({ fields }) => fields[name]);

describe('traceparent, W3C Trace Context level 1', () => {
  it.each([
    ['sampled', `00-${TRACE}-${PARENT}-01`],
    ['not sampled', `00-${TRACE}-${PARENT}-00`],
    ['flags that are not known yet', `00-${TRACE}-${PARENT}-ff`],
    ['a later version', `01-${TRACE}-${PARENT}-01`],
    ['a later version with more behind', `cc-${TRACE}-${PARENT}-01-what-the-future-brings`],
  ])('%s: its trace is taken', (_name, value) => expect(traceIdOf(value)).toBe(TRACE));

  it.each([
    ['nothing', ''],
    ['version ff', `ff-${TRACE}-${PARENT}-01`],
    ['more than version 00 has', `00-${TRACE}-${PARENT}-01-more`],
    ['more without a dash', `01-${TRACE}-${PARENT}-01more`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['other letters', `00-${TRACE.replace('4', 'g')}-${PARENT}-01`],
    ['a short trace', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['a long trace', `00-${TRACE}0-${PARENT}-01`],
    ['a short version', `0-${TRACE}-${PARENT}-01`],
    ['short flags', `00-${TRACE}-${PARENT}-1`],
    ['no flags', `00-${TRACE}-${PARENT}`],
    ['two of them', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
    ['two of a later version', `01-${TRACE}-${PARENT}-01, 01-${TRACE}-${PARENT}-01`],
    ['space around', ` 00-${TRACE}-${PARENT}-01`],
    ['a line behind', `00-${TRACE}-${PARENT}-01\n`],
  ])('%s: it is ignored', (_name, value) => expect(traceIdOf(value)).toBeUndefined());
});

describe('the id of a request', () => {
  it.each(['a', 'request-1', 'A.b_c-9', 'x'.repeat(64)])('%s is taken as it came', async (id) => {
    const { headers } = await place({}).set('X-Request-Id', id);
    expect(headers['x-request-id']).toBe(id);
    expect(logged('request_id')).toEqual([id]);
  });

  it.each(['', 'a b', 'a"b', 'ä', 'a/b', 'x'.repeat(65), 'a, b', '{}'])('%j is not: one is made', async (id) => {
    const { headers } = await place({}).set('X-Request-Id', Buffer.from(id).toString('latin1'));
    expect(headers['x-request-id']).toMatch(MADE);
    expect(logged('request_id')).toEqual([headers['x-request-id']]);
  });

  it('is another one for each request', async () => {
    const replies = await Promise.all([1, 2, 3, 4].map(() => place({})));
    expect(new Set(replies.map(({ headers }) => headers['x-request-id'])).size).toBe(4);
  });

  it('is in every reply: of calls, pages, health, preflights and errors', async () => {
    const replies = [
      await as('demo-call', request(api.app).get('/rest/call')),
      await place(),
      await request(api.app).get('/rest/call'),
      await request(api.app).delete('/rest/call'),
      await request(api.app).get('/healthz'),
      await request(api.app).get('/nowhere'),
      await request(api.app).options('/rest/call'),
      await request(api.app)
        .options('/rest/call')
        .set('Origin', 'https://shop.example')
        .set('Access-Control-Request-Method', 'POST'),
      await request(api.createApp({ hosts: 'loopback' }))
        .get('/rest/call')
        .set('Host', 'evil.example'),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 201, 401, 405, 200, 404, 204, 204, 421]);
    for (const { headers } of replies) expect(headers['x-request-id']).toMatch(MADE);
  });
});

describe('the log', () => {
  it('tells the request, its trace, and the problem that it was answered with', async () => {
    const refused = await place({ number: 'bob' }).set('traceparent', `00-${TRACE}-${PARENT}-01`);
    expect(refused.status).toBe(400);
    expect(api.logged.map(({ message, fields }) => [message, fields])).toMatchObject([
      [
        'request',
        { status: 400, problem: 'invalid_number', request_id: refused.headers['x-request-id'], trace_id: TRACE },
      ],
    ]);
  });

  it('has no trace where the request names none, or one that is not valid', async () => {
    await place({}).set('traceparent', `00-${TRACE}-${PARENT}-1`);
    await place({});
    expect(api.logged.map(({ fields }) => 'trace_id' in fields)).toEqual([false, false]);
  });

  it('ties a fault of ours to its request', async () => {
    api.journal.failures = 1;
    const { headers } = await place().set('traceparent', `00-${TRACE}-${PARENT}-01`);
    expect(api.logged.map(({ message }) => message)).toEqual(['failed', 'request']);
    expect(logged('request_id')).toEqual([headers['x-request-id'], headers['x-request-id']]);
    expect(logged('trace_id')).toEqual([TRACE, TRACE]);
    expect(logged('problem')).toEqual([undefined, 'internal_error']);
  });
});

describe('a call', () => {
  it('knows the request and the trace that placed it', async () => {
    await place().set('X-Request-Id', 'click-1').set('traceparent', `00-${TRACE}-${PARENT}-01`);
    await place();
    expect(contexts.map(({ origin }) => origin)).toMatchObject([
      { requestId: 'click-1', traceId: TRACE },
      { traceId: undefined },
    ]);
  });

  it('of a key that is sent again knows the first request', async () => {
    await place().set('Idempotency-Key', 'once').set('X-Request-Id', 'first');
    await place().set('Idempotency-Key', 'once').set('X-Request-Id', 'second');
    expect(contexts.map(({ origin }) => origin?.requestId)).toEqual(['first']);
  });
});

/** What a program that knows no rules gets, byte by byte. */
const exchange = async (app: RequestListener, text: string): Promise<string> => {
  const server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  await new Promise((resolve) => server.close(resolve));
  return Buffer.concat(chunks).toString('latin1');
};

it('two ids in one request are none', async () => {
  const head = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';
  const reply = await exchange(api.app, `${head}X-Request-Id: a\r\nX-Request-Id: b\r\n\r\n`);
  expect(/^x-request-id: (.*)\r$/im.exec(reply)?.[1]).toMatch(MADE);
});

import { beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { CallAdmission } from '../../src/calls/call-admission.ts';
import { type CallApi, createCallApi } from '../support/call-api.ts';

let api: CallApi;
let delayMs: number;

beforeEach(async () => {
  api = await createCallApi();
  delayMs = 0;
});

const appUnderLoad = () => {
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  return api.createApp({ admission: new CallAdmission({ clock: api.clock, log, signallingDelayMs: () => delayMs }) });
};

const place = (app: ReturnType<typeof appUnderLoad>, path = '/rest/call') =>
  request(app).post(path).set('Authorization', 'Bearer demo-call').type('form').send('number=%2B12025550100');

describe('a service with more calls than it can serve', () => {
  it('refuses new ones with a time to come back, before token and body, and journals nothing', async () => {
    const app = appUnderLoad();
    delayMs = 500;
    const refused = await request(app).post('/rest/call').type('text/plain').send('not looked at');
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toMatch(/^[123]$/);
    expect(refused.headers['www-authenticate']).toBeUndefined();
    expect(refused.body).toMatchObject({ status: 503, code: 'engine_unavailable' });
    expect(refused.headers['x-request-id']).toBeDefined();
    expect(await api.stores.calls.ongoing()).toEqual([]);
    expect(api.engine.calls).toHaveLength(0);
    expect(api.logged).toEqual([]);
  });

  it.each(['/rest/call/', '//rest/call', '/REST/CALL?x=1'])('refuses them as %s too', async (path) => {
    const app = appUnderLoad();
    delayMs = 500;
    expect((await place(app, path)).status).toBe(503);
  });

  it('says so in XML, and to front-ends of other origins', async () => {
    const app = appUnderLoad();
    delayMs = 500;
    const refused = await place(app).set('Accept', 'application/xml').set('Origin', 'https://app.example');
    expect(refused.status).toBe(503);
    expect(refused.headers['content-type']).toContain('application/problem+xml');
    expect(refused.headers['access-control-allow-origin']).toBe('*');
    expect(refused.headers['access-control-expose-headers']).toContain('Retry-After');
  });

  it('goes on to hang up and to tell of calls', async () => {
    const app = appUnderLoad();
    const placed = await place(app);
    expect(placed.status).toBe(201);
    const call = new URL(placed.headers['location'] ?? '').searchParams.get('token_call') ?? '';
    delayMs = 500;
    const token = ['Authorization', 'Bearer demo-call'] as const;
    const list = await request(app)
      .get('/rest/call')
      .set(...token);
    expect(list.body).toMatchObject({ calls: [{ token_call: call }] });
    const ended = await request(app)
      .put(`/rest/call?token_call=${call}`)
      .set(...token);
    expect([ended.status, ended.body.state]).toEqual([200, 'ended']);
  });

  it('takes calls again by itself', async () => {
    const app = appUnderLoad();
    delayMs = 500;
    expect((await place(app)).status).toBe(503);
    delayMs = 10;
    expect((await place(app)).status).toBe(201);
  });
});

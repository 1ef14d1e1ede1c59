import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { createCallRates } from '../../../src/calls/call-rates.ts';
import { CallFeed } from '../../../src/calls/feed/call-feed.ts';
import { AddressGuard } from '../../../src/features/webhooks/guard/address-guard.ts';
import { WebhooksRoute } from '../../../src/features/webhooks/routes/webhooks-route.ts';
import { WebhookService } from '../../../src/features/webhooks/webhook-service.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { aClient } from '../../contracts/records.ts';
import { type CallApi, createCallApi, PUBLIC_URL } from '../../support/call-api.ts';
import { createSeededIds } from '../../support/seeded-ids.ts';

let api: CallApi;
let service: WebhookService;
let app: ReturnType<CallApi['createApp']>;

beforeEach(async () => {
  api = await createCallApi();
  const { stores, clock, verifier } = api;
  for (const id of ['demo-app', 'other-app']) {
    if ((await stores.clients.find(id)) === undefined) await stores.clients.insert(aClient(id));
  }
  const feed = new CallFeed({ store: stores.feed, calls: stores.calls, clock, log: silentLog });
  const guard = new AddressGuard(['127.0.0.0/8']);
  const parts = { store: stores.webhooks, feed, guard, clock, steadyClock: clock, ids: createSeededIds(1) };
  service = new WebhookService({ ...parts, onWritten: () => undefined });
  const rates = createCallRates({ callsPerSecondPerToken: 0, readsPerSecondPerToken: 0 }, clock);
  app = api.createApp({
    directRoutes: [new WebhooksRoute({ webhooks: service, verifier, rates, publicUrl: PUBLIC_URL })],
  });
});
afterEach(() => api.close());

type Method = 'get' | 'post' | 'put' | 'delete' | 'patch' | 'options';
const ask = (method: Method, path = '', token = 'app-application') =>
  request(app)[method](`/rest/webhooks${path}`).set('Authorization', `Bearer ${token}`);
const valid = { url: 'https://example.com/hook', events: ['call.ended', 'call.settled'], description: 'ours' };
const make = async (changes: object = {}): Promise<string> =>
  String(
    (
      await ask('post')
        .send({ ...valid, ...changes })
        .expect(201)
    ).body.id,
  );

describe('/rest/webhooks', () => {
  it('makes a webhook, shows its secret once, and shows the webhook without it', async () => {
    const { body, headers } = await ask('post').send(valid).expect(201);
    expect(body).toEqual({
      ...{ ...valid, id: expect.stringMatching(/^wh_[\w-]{16}$/), enabled: true, disabled_by: null },
      ...{ created_at: new Date(api.clock.now()).toISOString(), secret: expect.stringMatching(/^whsec_[\w+/]{43}=$/) },
    });
    expect(headers).toMatchObject({ location: `${PUBLIC_URL}/rest/webhooks/${body.id}`, 'cache-control': 'no-store' });
    const shown = Object.fromEntries(Object.entries(body as object).filter(([name]) => name !== 'secret'));
    expect((await ask('get', `/${body.id}`).expect(200)).body).toEqual(shown);
    expect((await ask('get').expect(200)).body).toEqual({ total: 1, webhooks: [shown] });
  });

  it('changes what is sent and nothing else; what was shown may go back with it', async () => {
    const id = await make();
    const shown = (await ask('get', `/${id}`)).body as object;
    const changed = await ask('put', `/${id}`)
      .send({ ...shown, enabled: false, events: ['leg.ended'] })
      .expect(200);
    expect(changed.body).toEqual({ ...shown, enabled: false, events: ['leg.ended'] });
    expect((await ask('put', `/${id}`).send({ enabled: true, url: 'https://example.org/' })).body).toMatchObject({
      ...{ enabled: true, url: 'https://example.org/', description: 'ours' },
    });
  });

  it('deletes one, which is not there any more', async () => {
    const id = await make();
    await ask('delete', `/${id}`).expect(204);
    const gone = await ask('get', `/${id}`).expect(404);
    expect(gone.body).toMatchObject({ code: 'webhook_not_found', status: 404 });
    await ask('delete', `/${id}`).expect(404);
  });

  it('gives a new secret, and says until when the former one signs too', async () => {
    const id = await make();
    const { body } = await ask('post', `/${id}/secret`).expect(200);
    expect(body).toEqual({
      ...{ id, secret: expect.stringMatching(/^whsec_/) },
      former_secret_ends_at: new Date(api.clock.now() + 86_400_000).toISOString(),
    });
  });

  it('queues a test, lists deliveries by state and page by page, and sends one again', async () => {
    const id = await make();
    const numbers: number[] = [];
    for (let each = 0; each < 3; each += 1)
      numbers.push((await ask('post', `/${id}/test`).expect(202)).body.id as number);
    const first = await ask('get', `/${id}/deliveries?limit=2`).expect(200);
    expect(first.body.deliveries).toHaveLength(2);
    expect(first.body.deliveries[0]).toEqual({
      ...{ id: numbers[2], message_id: expect.stringMatching(/^msg_/), event: 'webhook.test', token_call: null },
      ...{ state: 'pending', attempts: 0, next_attempt_at: expect.any(String), last_status: null, last_error: null },
      created_at: expect.any(String),
    });
    const next = `/deliveries?limit=2&cursor=${first.body.next}`;
    expect(first.headers['link']).toBe(`<${PUBLIC_URL}/rest/webhooks/${id}${next}>; rel="next"`);
    const second = await ask('get', `/${id}${next}`).expect(200);
    expect(second.body).toMatchObject({ deliveries: [{ id: numbers[0] }], next: null });
    expect((await ask('get', `/${id}/deliveries?state=dead`).expect(200)).body).toEqual({ deliveries: [], next: null });
    await ask('post', `/${id}/deliveries/${numbers[0]}/resend`).expect(202);
    await ask('post', `/${id}/deliveries/4711/resend`).expect(404);
    await ask('put', `/${id}`).send({ enabled: false });
    expect((await ask('post', `/${id}/test`).expect(409)).body.code).toBe('webhook_disabled');
    await ask('post', `/${id}/deliveries/${numbers[0]}/resend`).expect(409);
  });

  it('has 20 for an application, and no more', async () => {
    const many = await Promise.all(Array.from({ length: 24 }, () => ask('post').send(valid)));
    expect(many.filter(({ status }) => status === 201)).toHaveLength(20);
    expect(many.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'too_many_webhooks' });
  });

  it('knows nothing of the webhooks of another application', async () => {
    const id = await make();
    expect((await ask('get', '', 'other-application')).body).toEqual({ total: 0, webhooks: [] });
    const tries: readonly (readonly [Method, string])[] = [
      ['get', `/${id}`],
      ['put', `/${id}`],
      ['delete', `/${id}`],
      ['post', `/${id}/test`],
      ['post', `/${id}/secret`],
      ['get', `/${id}/deliveries`],
      ['post', `/${id}/deliveries/1/resend`],
    ];
    for (const [method, path] of tries) {
      const { status, body } = await ask(method, path, 'other-application')
        .set('Content-Type', 'application/json')
        .send(method === 'put' ? '{}' : undefined);
      expect([method, path, status, body.code]).toEqual([method, path, 404, 'webhook_not_found']);
    }
  });

  it('is for a token of the scope application alone', async () => {
    for (const token of ['app-call', 'demo-call', 'operator-all', 'demo-public']) {
      const { status, headers, body } = await ask('get', '', token);
      expect([token, status, body.code]).toEqual([token, 403, 'insufficient_scope']);
      expect(headers['www-authenticate']).toContain('scope="application"');
    }
    await ask('get', '', 'unknown').expect(401);
    await request(app).get('/rest/webhooks').expect(401);
  });

  it.each([
    [{}, 'url'],
    [{ url: valid.url }, 'events'],
    [{ ...valid, url: 5 }, 'url'],
    [{ ...valid, url: 'http://example.com/' }, undefined],
    [{ ...valid, url: 'https://169.254.169.254/latest' }, 'url'],
    [{ ...valid, url: 'https://2852039166/' }, 'url'],
    [{ ...valid, url: 'https://user:pass@example.com/' }, 'url'],
    [{ ...valid, events: [] }, 'events'],
    [{ ...valid, events: 'call.ended' }, 'events'],
    [{ ...valid, events: ['call.ended', 'call.lost'] }, 'events[1]'],
    [{ ...valid, description: 'x'.repeat(201) }, 'description'],
    [{ ...valid, description: 'a\u0000b' }, 'description'],
    [{ ...valid, enabled: true }, 'enabled'],
    [{ ...valid, secret: 'whsec_x' }, 'secret'],
    [{ ...valid, __proto__x: 1 }, '__proto__x'],
  ])('refuses %j, and names the field', async (fields, field) => {
    const { status, body } = await ask('post').send(fields);
    if (field === undefined) {
      expect(status).toBe(201); // where networks are allowed, a name may lead into them by plain HTTP
      return;
    }
    expect([status, body.code, body.field]).toEqual([400, 'invalid_request', field]);
    expect(body.detail).toContain(field);
    expect((await ask('get')).body.total).toBe(0);
  });

  it('refuses other methods, formats and sizes as everything else does', async () => {
    const id = await make();
    expect((await ask('patch').expect(405)).headers['allow']).toBe('GET, HEAD, POST, OPTIONS');
    expect((await ask('post', `/${id}`).expect(405)).headers['allow']).toBe('GET, HEAD, PUT, DELETE, OPTIONS');
    expect((await ask('get', `/${id}/test`).expect(405)).headers['allow']).toBe('POST, OPTIONS');
    expect((await ask('options', `/${id}`).expect(204)).headers['allow']).toBe('GET, HEAD, PUT, DELETE, OPTIONS');
    await ask('post').type('form').send('url=x').expect(415);
    await ask('post')
      .type('json')
      .send(JSON.stringify({ ...valid, description: 'x'.repeat(20_000) }))
      .expect(413);
    await ask('post').type('json').send('{').expect(400);
    await ask('post').type('json').send('[]').expect(400);
    expect((await ask('get').set('Accept', 'application/xml').expect(406)).body).toMatchObject({});
    for (const path of [
      '?x=1',
      `/${id}/deliveries?state=lost`,
      `/${id}/deliveries?limit=0`,
      `/${id}/deliveries?limit=501`,
      `/${id}/deliveries?cursor=x`,
      `/${id}/deliveries?state=dead&state=dead`,
    ]) {
      expect([path, (await ask('get', path)).status]).toEqual([path, 400]);
    }
    for (const path of ['/none', '/a/b/c', `/${id}/deliveries/x/resend`, `/${'x'.repeat(65)}`]) {
      expect([path, (await ask('get', path)).status]).toEqual([path, 404]);
    }
  });

  it('is open to front-ends of other origins by its methods', async () => {
    const preflight = await request(app)
      .options('/rest/webhooks/x')
      .set({ Origin: 'https://app.example', 'Access-Control-Request-Method': 'DELETE' })
      .expect(204);
    expect(preflight.headers['access-control-allow-methods']).toBe('GET, POST, PUT, DELETE');
  });
});

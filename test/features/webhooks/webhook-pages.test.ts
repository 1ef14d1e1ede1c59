import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Agent } from 'supertest';
import { application, follow, html, visitorOf } from '../../support/management.ts';
import { createOAuthApp, type OAuthApp } from '../../support/oauth-app.ts';
import { createWebhookPages } from '../../support/webhook-pages.ts';

let oauth: OAuthApp;
let alice: Agent;
let bob: Agent;
let clientId: string;

beforeEach(async () => {
  oauth = await createOAuthApp({ featurePages: createWebhookPages });
  await oauth.stores.feed.begin('file', 'epoch');
  for (const username of ['alice', 'bob'])
    await oauth.users.create({ username, password: 'correct horse', role: 'user' });
  [alice, bob] = [await visitorOf(oauth, 'alice'), await visitorOf(oauth, 'bob')];
  const fields = { ...application, grant_types: ['client_credentials'], scopes: ['call', 'application'] };
  clientId = String((await alice.post('/management/api/applications').send(fields).expect(201)).body.client_id);
});
afterEach(() => oauth.close());

const fields = (changes: object = {}) => ({
  ...{ application: clientId, url: 'https://example.com/hook', events: 'call.ended', description: '', form_id: 'f1' },
  ...changes,
});
const create = (agent: Agent, changes: object = {}) =>
  agent.post('/management/webhooks').set(html).type('form').send(fields(changes));
const idOf = async (): Promise<string> => (await oauth.stores.webhooks.list())[0]?.id ?? '';

describe('the pages of webhooks', () => {
  it('make one, whose secret is shown on a page of its own; a form that is sent twice makes one', async () => {
    const [first, second] = [await create(alice), await create(alice)];
    expect(second.headers['location']).toBe(first.headers['location']);
    const page = await follow(alice, first).expect(200);
    expect(page.text).toMatch(/<code>whsec_[\w+/]{43}=<\/code>/);
    expect(await oauth.stores.webhooks.list()).toMatchObject([{ clientId, events: ['call.ended'], status: 'enabled' }]);
    const list = await alice.get('/management/webhooks').set(html).expect(200);
    expect(list.text).toContain('https://example.com/hook');
    expect(list.text).not.toContain('whsec_');
    await bob.get(first.headers['location']!).set(html).expect(404);
  });

  it('show a form with a fault again, as it was filled in', async () => {
    const { status, text } = await create(alice, { url: 'https://10.0.0.1/', description: '<b>mine</b>' });
    expect(status).toBe(400);
    expect(text).toContain('role="alert"');
    expect(text).toContain('value="https://10.0.0.1/"');
    expect(text).toContain('&lt;b&gt;mine');
    expect((await create(alice, { events: '' })).status).toBe(400);
    expect((await create(bob)).text).toContain('may ask for the scope');
    expect(await oauth.stores.webhooks.list()).toEqual([]);
  });

  it('disable, enable, test, send again and delete one', async () => {
    await create(alice);
    const path = `/management/webhooks/${await idOf()}`;
    const press = (what: string) => alice.post(`${path}/${what}`).set(html);
    expect((await follow(alice, await press('test'))).text).toContain('on its way');
    const page = await alice.get(path).set(html).expect(200);
    expect(page.text).toContain('webhook.test');
    const [, delivery] = /deliveries\/(\d+)\/resend/.exec(page.text) ?? [];
    expect((await follow(alice, await press(`deliveries/${delivery}/resend`))).text).toContain('on its way again');
    expect((await alice.get(`${path}?state=dead`).set(html)).text).toContain('There are none.');
    expect((await follow(alice, await press('disable'))).text).toContain('nothing is sent to it');
    expect((await follow(alice, await press('enable'))).text).toContain('is enabled');
    expect((await alice.get(`${path}/secret`).set(html).expect(200)).text).toContain('both secrets for a day');
    expect((await follow(alice, await press('secret'))).text).toContain('whsec_');
    expect((await alice.get(`${path}/delete`).set(html).expect(200)).text).toContain('Delete this webhook?');
    expect((await follow(alice, await press('delete'))).text).toContain('is deleted');
    expect(await oauth.stores.webhooks.list()).toEqual([]);
  });

  it('change where one is told and of what; a fault shows the form again', async () => {
    await create(alice);
    const path = `/management/webhooks/${await idOf()}/edit`;
    expect((await alice.get(path).set(html).expect(200)).text).toContain('value="https://example.com/hook"');
    const save = (typed: object) => alice.post(path).set(html).type('form').send(typed);
    const typed = { url: 'https://10.0.0.1/', events: ['', 'call.created'], description: 'new' };
    const refused = await save(typed).expect(400);
    expect(refused.text).toContain('role="alert"');
    expect(refused.text).toContain('value="https://10.0.0.1/"');
    expect(refused.text).toMatch(/value="call\.created" checked/);
    await save({ ...typed, url: 'https://example.com/', events: '' }).expect(400);
    expect(await oauth.stores.webhooks.list()).toMatchObject([{ url: 'https://example.com/hook', description: '' }]);
    expect((await follow(alice, await save({ ...typed, url: 'https://example.com/2' }))).text).toContain('is changed');
    await alice.post(path).send({ description: 'newer' }).expect(204);
    expect(await oauth.stores.webhooks.list()).toMatchObject([
      { url: 'https://example.com/2', events: ['call.created'], description: 'newer', status: 'enabled' },
    ]);
    await bob.get(path).expect(404);
    await bob.post(path).send({ description: 'mine' }).expect(404);
  });

  it('are the same for programs, as JSON', async () => {
    const made = await alice
      .post('/management/webhooks')
      .send({ ...fields(), events: ['call.ended'] })
      .expect(201);
    expect(made.body).toMatchObject({ enabled: true, secret: expect.stringMatching(/^whsec_/) });
    const { body } = await alice.get('/management/webhooks').expect(200);
    expect(body.webhooks).toMatchObject([{ id: made.body.id, client_id: clientId }]);
    await alice.post(`/management/webhooks/${made.body.id}/test`).expect(204);
    const one = await alice.get(`/management/webhooks/${made.body.id}`).expect(200);
    expect(one.body.deliveries).toMatchObject([{ event: 'webhook.test', state: 'pending' }]);
  });

  it('know nothing of those of another user, and take no form of another site', async () => {
    await create(alice);
    const path = `/management/webhooks/${await idOf()}`;
    for (const what of ['', '/secret', '/delete']) await bob.get(`${path}${what}`).expect(404);
    for (const what of ['test', 'disable', 'enable', 'secret', 'delete', 'deliveries/1/resend']) {
      await bob.post(`${path}/${what}`).expect(404);
    }
    await alice.post(`${path}/delete`).set('Sec-Fetch-Site', 'cross-site').expect(403);
    expect(await oauth.stores.webhooks.list()).toHaveLength(1);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type request from 'supertest';
import type { Agent, Response } from 'supertest';
import {
  application,
  createApplication as create,
  createManagementApp,
  follow,
  html,
  visitorOf,
} from '../../support/management.ts';
import type { OAuthApp } from '../../support/oauth-app.ts';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createManagementApp();
});
afterEach(() => oauth.close());

const visitor = (username: string, password?: string): Promise<Agent> => visitorOf(oauth, username, password);

describe('a secret that is shown once', () => {
  const secretIn = ({ text }: Response): string => [...text.matchAll(/<code>([\w-]{43})<\/code>/g)].at(-1)?.[1] ?? '';
  const formIdIn = ({ text }: Response): string => /name="form_id" value="([\w-]+)"/.exec(text)?.[1] ?? '';
  const keys = '/management/api/keys';
  const post = (agent: Agent, path: string, fields: object): request.Test =>
    agent.post(path).set(html).type('form').send(fields);

  it('survives a reload, for ten minutes, in its own session alone', async () => {
    const root = await visitor('root');
    const sent = await post(root, keys, { form_id: formIdIn(await root.get(keys).set(html)) }).expect(303);
    const secret = secretIn(await follow(root, sent));
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(sent.headers['location']).not.toContain(secret);
    expect(secretIn(await follow(root, sent))).toBe(secret);
    const other = await visitor('root');
    expect((await follow(other, sent)).status).toBe(404);
    expect((await follow(await visitor('alice'), sent)).status).toBe(404);
    oauth.clock.advance(10 * 60_000);
    const gone = await follow(root, sent);
    expect([gone.status, secretIn(gone)]).toEqual([404, '']);
    expect(gone.text).toContain('This secret is not shown any more');
  });

  it('is erased by a button, and by the end of the session', async () => {
    const root = await visitor('root');
    const sent = await post(root, keys, {});
    const page = await follow(root, sent);
    const erase = /action="(\/management\/secrets\/[\w-]+\/erase)"/.exec(page.text)?.[1] ?? '';
    const erased = await post(root, erase, {}).expect(303);
    expect((await follow(root, erased)).text).toContain('The secret is erased here.');
    expect((await follow(root, sent)).status).toBe(404);
    await post(root, keys, {});
    await root.post('/auth/logout');
    const rows = oauth.stores.database.builder.selectFrom('kept_replies').selectAll().compile();
    expect(await oauth.stores.database.read(rows)).toEqual([]);
  });

  it('is not made twice by a double click, nor by a form that is sent again', async () => {
    const root = await visitor('root');
    const page = await root.get('/management/api').set(html);
    const fields = { form_id: formIdIn(page) };
    const clicks = await Promise.all(Array.from({ length: 5 }, () => post(root, keys, fields)));
    const places = new Set(clicks.map(({ headers }) => headers['location']));
    expect(places.size).toBe(1);
    await post(root, keys, fields);
    const events = (await root.get('/management/audit')).body.events as { event: string }[];
    expect(events.filter(({ event }) => event === 'key_pair.generated')).toHaveLength(1);
    await post(root, keys, { form_id: formIdIn(await root.get(keys).set(html)) });
    const more = (await root.get('/management/audit')).body.events as { event: string }[];
    expect(more.filter(({ event }) => event === 'key_pair.generated')).toHaveLength(2);
  });

  it('of an application is made once for a form, and again for the same form with other fields', async () => {
    const alice = await visitor('alice');
    const form_id = formIdIn(await alice.get('/management/api').set(html));
    const sent = { ...application, form_id };
    const clicks = await Promise.all([create(alice, sent).set(html), create(alice, sent).set(html)]);
    expect(new Set(clicks.map(({ headers }) => headers['location'])).size).toBe(1);
    await create(alice, { ...sent, name: 'Another' })
      .set(html)
      .expect(303);
    const { applications } = (await alice.get('/management/api')).body;
    expect(applications).toMatchObject([{ name: 'Another' }, { name: 'My application' }]);

    const path = `/management/api/applications/${applications[0].client_id}/secret`;
    const rotation = { form_id: formIdIn(await alice.get(path).set(html)) };
    const turns = await Promise.all([post(alice, path, rotation), post(alice, path, rotation)]);
    const shown = await Promise.all(turns.map((turn) => follow(alice, turn)));
    expect(new Set(shown.map(secretIn)).size).toBe(1);
  });

  it('of a registration token too', async () => {
    const root = await visitor('root');
    const tokens = '/management/api/registration-tokens';
    const fields = { name: 'x', days: 30, form_id: formIdIn(await root.get('/management/api').set(html)) };
    await Promise.all([post(root, tokens, fields), post(root, tokens, fields)]);
    expect((await root.get(tokens)).body.registration_tokens).toHaveLength(1);
  });

  it('is kept sealed', async () => {
    const root = await visitor('root');
    const secret = secretIn(await follow(root, await post(root, keys, {})));
    const rows = oauth.stores.database.builder.selectFrom('kept_replies').selectAll().compile();
    const kept = await oauth.stores.database.read(rows);
    expect(kept).toHaveLength(1);
    expect(JSON.stringify(kept)).not.toContain(secret);
  });

  it('comes to a program at once, each time anew', async () => {
    const root = await visitor('root');
    const [one, two] = [await root.post(keys).send({}).expect(201), await root.post(keys).send({}).expect(201)];
    expect(one.body.client_secret).not.toBe(two.body.client_secret);
  });
});

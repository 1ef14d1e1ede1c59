import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Agent, type Response } from 'supertest';
import {
  application,
  createApplication as create,
  createManagementApp,
  follow,
  html,
  tokenStatusOf,
  visitorOf,
} from '../../support/management.ts';
import {
  asked,
  callback,
  issuer,
  type OAuthApp,
  obtainCode,
  queryOf,
  redemption,
  requestToken,
  statusWith,
} from '../../support/oauth-app.ts';

const script = '<img src=x onerror=alert(1)>';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createManagementApp();
});
afterEach(() => oauth.close());

const visitor = (username: string, password?: string): Promise<Agent> => visitorOf(oauth, username, password);
const tokenStatus = (client: Response, secret?: string): Promise<number> => tokenStatusOf(oauth, client, secret);

const pages = ['/management/api', '/management/apps', '/management/account', '/management/audit'];

describe('the management pages', () => {
  it('keep out of frames, caches and the Referer of others (20 to 22)', async () => {
    const root = await visitor('root');
    const app = await create(root);
    const paths = [...pages, '/management/api/keys', `/management/api/applications/${app.body.client_id}/delete`];
    for (const path of paths) {
      const page = await root.get(path).set(html).expect(200);
      expect(page.type).toBe('text/html');
      expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(page.headers['content-security-policy']).toContain("form-action 'self'");
      expect(page.headers['x-frame-options']).toBe('DENY');
      expect(page.headers['referrer-policy']).toBe('same-origin');
      expect(page.headers['cache-control']).toBe('no-store');
      expect(page.headers['access-control-allow-origin']).toBeUndefined();
      expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
      expect(page.text).not.toMatch(
        /<script(?! type="module" src="\/assets\/[\w-]+\/[\w-]+\.js">)|<style| style=| on\w+="|undefined|\[object/,
      );
      expect((await root.get(path)).headers['cache-control']).toBe('no-store');
    }
  });

  it.each([
    ['/management/api/applications', { 'Sec-Fetch-Site': 'cross-site' }],
    ['/management/api/keys', { Origin: 'https://evil.example' }],
    ['/management/apps/revoke', { Origin: 'null' }],
    ['/management/account/password', { 'Sec-Fetch-Site': 'same-site', Origin: issuer }],
    ['/management/account/sessions/end-others', { 'Sec-Fetch-Site': 'none' }],
  ])('refuse a form of another site: %s %j (23)', async (path, headers) => {
    const root = await visitor('root');
    const fields = {
      ...application,
      client_id: 'x',
      current_password: 'correct horse',
      new_password: 'battery staple',
    };
    const refused = await root.post(path).set(headers).type('form').send(fields).expect(403);
    expect(refused.body.code).toBe('cross_site_request');
  });

  it('send a browser to the login and back, and a program away', async () => {
    for (const path of ['/management/api', '/management/audit?user=alice&before=7']) {
      const sent = await request(oauth.app).get(path).set(html).expect(303);
      expect(sent.headers['location']).toBe(`/auth/login?return_to=${encodeURIComponent(path)}`);
      const refused = await request(oauth.app).get(path).expect(401);
      expect(refused.type).toBe('application/problem+json');
      expect(refused.body.code).toBe('not_logged_in');
    }
    const posted = await request(oauth.app).post('/management/api/keys').set(html).expect(303);
    expect(posted.headers['location']).toBe('/auth/login?return_to=%2Fmanagement');
    await request(oauth.app).post('/management/api/keys').expect(401);
  });

  it('lead back to themselves after the login only (28)', async () => {
    const login = { username: 'alice', password: 'correct horse' };
    const to = async (return_to: string): Promise<string | undefined> =>
      (
        await request(oauth.app)
          .post('/auth/login')
          .type('form')
          .send({ ...login, return_to })
      ).headers['location'];
    expect(await to('/management/audit?user=alice&before=7')).toBe('/management/audit?user=alice&before=7');
    expect(await to('//evil.example/management')).toBe('/');
  });

  it('have one address to begin with', async () => {
    const alice = await visitor('alice');
    expect((await alice.get('/management').expect(303)).headers['location']).toBe('/management/api');
    const { text } = await alice.get('/').set(html);
    for (const path of pages.slice(0, 3)) expect(text).toContain(`href="${path}"`);
    expect(text).not.toContain('/management/audit');
    expect((await (await visitor('root')).get('/').set(html)).text).toContain('href="/management/audit"');
    expect((await request(oauth.app).get('/').set(html)).text).not.toContain('/management');
  });

  it('refuse a user at once who is disabled (67)', async () => {
    const alice = await visitor('alice');
    await alice.get('/management/api').expect(200);
    await oauth.users.setStatus('alice', 'disabled');
    await alice.get('/management/api').expect(401);
    await create(alice).expect(401);
  });

  it('are alone in having the session: protocol addresses leave it alone', async () => {
    const agent = await visitor('alice');
    const ends = async () =>
      (await oauth.stores.sessions.listOf((await oauth.stores.users.findByUsername('alice'))?.id ?? '', 0))[0]
        ?.expiresAt;
    const before = await ends();
    oauth.clock.advance(60_000);
    const protocol = [
      '/oauth/auth',
      '/oauth/token',
      '/rest/call',
      '/.well-known/oauth-authorization-server',
      '/nowhere',
    ];
    for (const path of [...protocol, '/auth', '/auth/test']) await agent.get(path);
    for (const path of ['/oauth/revoke', '/oauth/introspect', '/auth/token']) await agent.post(path);
    expect(await ends()).toBe(before);
    await agent.get('/management/apps').expect(200);
    expect(await ends()).toBe((before ?? 0) + 60_000);
  });
});

describe("a user's own applications", () => {
  it('are created by a program: the secret comes once, and works', async () => {
    const alice = await visitor('alice');
    const created = await alice
      .post('/management/api/applications')
      .send({ name: 'Robot', redirect_uris: [], grant_types: ['client_credentials'], scopes: ['read'] })
      .expect(201);
    expect(created.body).toMatchObject({
      ...{ name: 'Robot', type: 'confidential', redirect_uris: [], scopes: ['read'] },
      grant_types: ['client_credentials'],
      created_at: '2026-01-01T00:00:00.000Z',
    });
    expect(created.body.client_secret).toMatch(/^[\w-]{43}$/);
    expect(await tokenStatus(created)).toBe(200);
    const { body, text } = await alice.get('/management/api');
    expect(body.applications).toHaveLength(1);
    expect(Object.keys(body)).toEqual(['applications']);
    expect(text).not.toContain('secret');
  });

  it('are created by a form: the page that it leads to shows the secret, and no other does', async () => {
    const alice = await visitor('alice');
    const fields =
      `name=Calls&type=confidential&redirect_uris=${encodeURIComponent(`https://a.example/cb\r\n${callback}`)}` +
      '&grant_types=&grant_types=authorization_code&grant_types=refresh_token&scopes=&scopes=call&scopes=read';
    const created = await follow(alice, await create(alice, undefined).send(fields).set(html));
    const [clientId = '', secret = ''] = [...created.text.matchAll(/<dd><code>([\w-]+)<\/code>/g)].map(
      ([, code]) => code,
    );
    expect(secret).toMatch(/^[\w-]{43}$/);
    const { body } = await alice.get('/management/api');
    expect(body.applications).toMatchObject([
      {
        client_id: clientId,
        redirect_uris: ['https://a.example/cb', callback],
        grant_types: ['authorization_code', 'refresh_token'],
        scopes: ['call', 'read'],
      },
    ]);
    expect((await alice.get('/management/api').set(html)).text).not.toContain(secret);
  });

  it('have no secret where they are public', async () => {
    const alice = await visitor('alice');
    const created = await create(alice, { ...application, type: 'public' }).expect(201);
    expect(created.body).toMatchObject({ type: 'public', redirect_uris: [callback] });
    expect(created.body).not.toHaveProperty('client_secret');
    await alice.post(`/management/api/applications/${created.body.client_id}/secret`).expect(400);
  });

  it('show what was wrong with them in the form again', async () => {
    const alice = await visitor('alice');
    const fields =
      'name=Mine&type=public&redirect_uris=http%3A%2F%2Fa.example&grant_types=&grant_types=authorization_code';
    const refused = await create(alice, undefined).send(fields).set(html).expect(400);
    expect(refused.text).toContain('<li>Redirect addresses: http://a.example must be https');
    expect(refused.text).toContain('value="Mine"');
    expect(refused.text).toMatch(/value="public" checked/);
    const none = await create(alice, undefined)
      .send(`${fields.split('&grant')[0]}&grant_types=`)
      .set(html)
      .expect(400);
    expect(none.text).toContain('<li>How it gets access: at least one must give a first token');
    expect((await create(alice, { ...application, redirect_uris: 'x' }).expect(400)).body.code).toBe('invalid_account');
    expect((await alice.get('/management/api')).body.applications).toEqual([]);
  });

  it.each<[object | string, number, string]>([
    [{}, 400, 'invalid_request'],
    [{ ...application, type: 'secret' }, 400, 'invalid_request'],
    [{ ...application, grant_types: ['password'] }, 400, 'invalid_request'],
    [{ ...application, scopes: ['admin'] }, 400, 'invalid_request'],
    [{ ...application, name: { $gt: '' } }, 400, 'invalid_request'],
    [{ ...application, redirect_uris: [{}] }, 400, 'invalid_request'],
    [[], 400, 'invalid_request'],
    ['{', 400, 'invalid_request'],
    [{ name: 'x'.repeat(40_000) }, 413, 'content_too_large'],
  ])('refuse %j with %i', async (body, status, code) => {
    const alice = await visitor('alice');
    const refused = await alice.post('/management/api/applications').type('json').send(body).expect(status);
    expect(refused.body.code).toBe(code);
  });

  it('take forms and JSON only', async () => {
    const alice = await visitor('alice');
    await alice.post('/management/api/applications').type('text/plain').send('name=x').expect(415);
  });

  it('get another secret after a question that needs no script; the old one is worth nothing', async () => {
    const alice = await visitor('alice');
    const created = await create(alice, { ...application, grant_types: 'client_credentials' });
    const path = `/management/api/applications/${created.body.client_id}/secret`;
    expect((await alice.get(path).set(html)).text).toContain(`<form method="post" action="${path}"`);
    const rotated = await alice.post(path).expect(200);
    expect(await tokenStatus(created)).toBe(401);
    expect(await tokenStatus(rotated)).toBe(200);
  });

  it('keep the former secret for a while beside the new one where that is chosen, and every token', async () => {
    const alice = await visitor('alice');
    const created = await create(alice, { ...application, grant_types: 'client_credentials' });
    const path = `/management/api/applications/${created.body.client_id}/secret`;
    const question = await alice.get(path).set(html);
    expect(question.text).toContain('name="overlap_hours" value="24" checked');
    for (const overlap_hours of [-1, 1.5, 2161, 'long']) await alice.post(path).send({ overlap_hours }).expect(400);
    const rotated = await alice.post(path).send({ overlap_hours: 24 }).expect(200);
    expect([await tokenStatus(created), await tokenStatus(rotated)]).toEqual([200, 200]);
    oauth.clock.advance(24 * 3_600_000);
    expect([await tokenStatus(created), await tokenStatus(rotated)]).toEqual([401, 200]);
  });

  it('are deleted after a question that needs no script, with all their tokens (67)', async () => {
    const alice = await visitor('alice');
    const created = await create(alice, { ...application, grant_types: 'client_credentials' });
    const fields = { client_id: created.body.client_id, client_secret: created.body.client_secret };
    const { body } = await requestToken(oauth, { grant_type: 'client_credentials', ...fields });
    expect(await statusWith(oauth, body.access_token)).toBe(403);
    const path = `/management/api/applications/${created.body.client_id}/delete`;
    expect((await alice.get(path).set(html)).text).toContain(`<form method="post" action="${path}"`);
    const deleted = await alice.post(path).set(html).expect(303);
    expect(deleted.headers['location']).toBe('/management/api?done=deleted');
    expect((await alice.get('/management/api?done=deleted').set(html)).text).toContain('The application is deleted.');
    expect((await alice.get('/management/api')).body.applications).toEqual([]);
    expect(await statusWith(oauth, body.access_token)).toBe(401);
  });

  it('are hidden from all other users', async () => {
    const created = await create(await visitor('alice'));
    const root = await visitor('root');
    expect((await root.get('/management/api')).body.applications).toEqual([]);
    for (const verb of ['secret', 'delete', 'edit']) {
      const path = `/management/api/applications/${created.body.client_id}/${verb}`;
      await root.get(path).expect(404);
      await root.post(path).expect(404);
      expect((await root.post(path).set(html).expect(404)).text).toContain('There is no such thing');
    }
    await root.post('/management/api/applications/demo-app/delete').expect(404);
  });

  it('have their names escaped everywhere (33)', async () => {
    const alice = await visitor('alice');
    const created = await create(alice, { ...application, name: script }).expect(201);
    const id = String(created.body.client_id);
    const shown = [
      await follow(alice, await create(alice, { ...application, name: script }).set(html)),
      await create(alice, { name: script }).set(html),
      await alice.get(`/management/api/applications/${id}/edit`).set(html),
      await alice.get('/management/api').set(html),
      await alice.get(`/management/api/applications/${id}/delete`).set(html),
      await follow(alice, await alice.post(`/management/api/applications/${id}/secret`).set(html)),
      await alice
        .get(
          `/auth/grant?${queryOf({ ...asked(), client_id: id, code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' })}`,
        )
        .set(html),
    ];
    for (const { text } of shown) {
      expect(text).not.toContain('<img');
      expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;');
    }
  });
});

describe('what only administrators have', () => {
  it('a new key pair revokes the old one and its tokens at once (67)', async () => {
    const root = await visitor('root');
    expect((await root.get('/management/api')).body.key_pair).toBeNull();
    const first = await root.post('/management/api/keys').expect(201);
    expect(Object.keys(first.body)).toEqual(['client_id', 'client_secret']);
    const fields = { grant_type: 'client_credentials', ...first.body };
    const { body } = await requestToken(oauth, fields);
    expect(await statusWith(oauth, body.access_token)).toBe(200);
    expect((await root.get('/management/api/keys').set(html)).text).toContain('action="/management/api/keys"');
    const second = await root.post('/management/api/keys').send({}).expect(201);
    expect(await statusWith(oauth, body.access_token)).toBe(401);
    expect((await requestToken(oauth, fields)).status).toBe(401);
    expect((await root.get('/management/api')).body.key_pair.client_id).toBe(second.body.client_id);
    const page = await follow(root, await root.post('/management/api/keys').set(html));
    expect(page.text).toMatch(/<code>[\w-]{43}<\/code>/);
  });

  it('registration tokens are shown once, listed and deleted', async () => {
    const root = await visitor('root');
    const tokens = '/management/api/registration-tokens';
    const created = await root.post(tokens).type('form').send({ name: script, days: '30' }).expect(201);
    expect(created.body).toMatchObject({ name: script, expires_at: '2026-01-31T00:00:00.000Z' });
    expect(created.body.token).toMatch(/^[\w-]{43}$/);
    expect(created.body.id).not.toBe(created.body.token);
    const listed = await root.get('/management/api');
    expect(listed.body.registration_tokens).toMatchObject([{ id: created.body.id, name: script }]);
    expect(listed.text).not.toContain(created.body.token);
    const { text } = await root.get('/management/api').set(html);
    expect(text).toContain('&lt;img');
    expect(text).not.toContain('<img');
    expect((await root.get(`${tokens}/${created.body.id}/delete`).set(html)).text).toContain('<form method="post"');
    await root.post(`${tokens}/${created.body.id}/delete`).expect(204);
    await root.post(`${tokens}/${created.body.id}/delete`).expect(404);
    expect((await root.get(tokens)).body).toEqual({ registration_tokens: [] });
    await root.post(tokens).send({ name: 'x', days: 0 }).expect(400);
    await root.post(tokens).send({ name: 'x', days: 'many' }).expect(400);
  });

  it('others are refused with 403, and see nothing of it', async () => {
    const alice = await visitor('alice');
    for (const path of ['keys', 'registration-tokens', 'registration-tokens/x/delete']) {
      await alice.get(`/management/api/${path}`).expect(403);
      const posted = await alice.post(`/management/api/${path}`).send({ name: 'x', days: 1 }).expect(403);
      expect(posted.body.code).toBe('not_administrator');
    }
    expect((await alice.get('/management/audit').set(html).expect(403)).text).toContain('This is not allowed');
    const { text } = await alice.get('/management/api').set(html);
    expect(text).not.toMatch(/key pair|Registration|Audit/);
  });
});

describe('what a user granted', () => {
  const grant = async (): Promise<string> => {
    const fields = asked({ scope: 'call read' });
    const code = await obtainCode(oauth, fields, 'demo');
    return (await requestToken(oauth, redemption(code))).body.access_token;
  };

  it('is listed with its scopes, since when, and when it was last used', async () => {
    await grant();
    const agent = await visitor('demo', 'demo');
    expect((await agent.get('/management/apps')).body).toEqual({
      applications: [
        {
          ...{ client_id: 'demo-app', name: 'Demo <b>application</b>', scopes: ['call', 'read'] },
          ...{ granted_at: '2026-01-01T00:00:00.000Z', last_used_at: '2026-01-01T00:00:00.000Z' },
        },
      ],
    });
    const { text } = await agent.get('/management/apps').set(html);
    expect(text).toContain('<h2>Demo &lt;b&gt;application&lt;/b&gt;</h2>');
    expect(text).toContain(
      '<li>Place calls in your name, see them and end them, and make and run your test calls</li>',
    );
    expect(text).toContain('<time datetime="2026-01-01T00:00:00.000Z">2026-01-01 00:00 UTC</time>');
    expect((await (await visitor('alice')).get('/management/apps')).body).toEqual({ applications: [] });
  });

  it('is revoked with its tokens, and the grant is forgotten: the next time it is asked again (67)', async () => {
    const token = await grant();
    const agent = await visitor('demo', 'demo');
    const asking = `/auth/grant?${queryOf(asked({ scope: 'call read' }))}`;
    await agent.get(asking).expect(303);
    expect(await statusWith(oauth, token)).toBe(200);
    const fields = { client_id: 'demo-app' };
    await (await visitor('alice')).post('/management/apps/revoke').type('form').send(fields).expect(204);
    expect(await statusWith(oauth, token)).toBe(200);
    const revoked = await agent.post('/management/apps/revoke').type('form').send(fields).set(html).expect(303);
    expect(revoked.headers['location']).toBe('/management/apps?done=revoked');
    expect(await statusWith(oauth, token)).toBe(401);
    await agent.get(asking).expect(200);
    expect((await agent.get('/management/apps')).body).toEqual({ applications: [] });
    await agent.post('/management/apps/revoke').send({}).expect(400);
  });
});

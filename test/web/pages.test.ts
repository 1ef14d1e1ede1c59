import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { createCurrentUser } from '../../src/oauth/accounts/accounts.ts';
import { createAdmission } from '../../src/oauth/model/admission.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { createHomeRouter } from '../../src/web/home/home.ts';
import { createTestPageRouter } from '../../src/web/home/test-page.ts';
import { createSessionMiddleware, logIn } from '../../src/web/login/session.ts';
import { createAssetsRouter } from '../../src/web/page/assets.ts';
import { createPageRenderer, type Page } from '../../src/web/page/page-renderer.ts';
import { createPageSecurityHeaders } from '../../src/web/page/security-headers.ts';
import { aUser } from '../contracts/records.ts';
import { createTestStores, type TestStores } from '../support/test-database.ts';

const publicUrl = 'http://localhost:8888';
const viewsDirectory = new URL('../../views', import.meta.url).pathname;
const renderPage = createPageRenderer({ viewsDirectory, publicUrl });

const login: Page = {
  view: 'login',
  status: 401,
  data: {
    parameters: { client_id: 'demo-app', state: '"><script>alert(1)</script>' },
    error: 'Wrong <b>password</b>.',
  },
};

const grant: Page = {
  view: 'grant',
  status: 200,
  data: {
    parameters: { client_id: 'demo-app', scope: 'call' },
    client: { name: '<img src=x onerror=alert(1)>' },
    scopes: [{ name: 'call', description: 'place, watch and stop calls for you' }],
    username: `O'Neil & "sons"`,
    redirectHost: 'app.example.org',
  },
};

const failure: Page = {
  view: 'error',
  status: 400,
  data: { title: 'Unknown application', detail: 'No <i>such</i> client.' },
};

const consentPage = (page: Page): express.Express => {
  const app = express();
  app.use(createPageSecurityHeaders({ publicUrl, formTargets: 'anywhere' }));
  app.get('/page', (_req, res) => renderPage(res, page));
  return app;
};

let stores: TestStores;

beforeAll(async () => {
  stores = await createTestStores();
  await stores.users.insert(aUser('user-1', { username: '<demo>' }));
});
afterAll(() => stores.close());

const site = (options: { sandbox: boolean }): express.Express => {
  const app = express();
  const { sessions, clock } = stores;
  app.use(createAssetsRouter({ viewsDirectory }));
  app.use(createSessionMiddleware({ sessions, clock, ids: createSystemIds(), secret: 's', publicUrl }));
  const currentUser = createCurrentUser({ users: stores.users, admission: createAdmission({ sandbox: 'off' }) });
  app.use(createTestPageRouter({ renderPage, publicUrl, currentUser, ...options }));
  app.use(createHomeRouter({ renderPage, publicUrl, currentUser, ...options }));
  app.post('/auth/login', async (req, res) => {
    await logIn(req, { user: { id: 'user-1', username: '<demo>' }, at: clock.now() });
    res.sendStatus(204);
  });
  return app;
};

const html = { Accept: 'text/html' };
const textOf = (name: string): string => readFileSync(`${viewsDirectory}/assets/${name}`, 'utf8');

describe('the pages', () => {
  it('carry the parameters of the login on, and announce why it failed', async () => {
    const { text, status } = await request(consentPage(login)).get('/page').set(html);
    expect(status).toBe(401);
    expect(text).toContain('<input type="hidden" name="client_id" value="demo-app">');
    expect(text).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"');
    expect(text).toContain('role="alert" id="login-error">Wrong &lt;b&gt;password&lt;/b&gt;.</p>');
    expect(text).toMatch(/<form method="post" action="\/auth\/login"/);
    expect(text).toMatch(/<label for="password">.*\n<input id="password" name="password" type="password"/);
  });

  it('have no alert where nothing failed', async () => {
    const page: Page = { view: 'login', status: 200, data: { parameters: {} } };
    const { text } = await request(consentPage(page)).get('/page').set(html);
    expect(text).not.toContain('role="alert"');
    expect(text).not.toContain('type="hidden"');
    expect(text).not.toContain('undefined');
  });

  it('escape the name of the client and of the user on the grant page (33)', async () => {
    const { text } = await request(consentPage(grant)).get('/page').set(html);
    expect(text).not.toContain('<img');
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(text).toContain('<strong>O&#39;Neil &amp; &quot;sons&quot;</strong>');
    expect(text).toContain('name="grant" value="true"');
    expect(text).toContain('name="grant" value="false"');
    expect(text).toContain('<strong>app.example.org</strong>');
    expect(text).toContain('place, watch and stop calls for you');
  });

  it('show errors as a page with a heading', async () => {
    const { text, status } = await request(consentPage(failure)).get('/page').set(html);
    expect(status).toBe(400);
    expect(text).toContain('<h1>Unknown application</h1>');
    expect(text).toContain('role="alert">No &lt;i&gt;such&lt;/i&gt; client.</p>');
  });

  it('have one language, one title, one main heading, and no code or style of their own', async () => {
    for (const page of [login, grant, failure]) {
      const { text, type } = await request(consentPage(page)).get('/page').set(html);
      expect(type).toBe('text/html');
      expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(text.match(/<title>/g)).toHaveLength(1);
      expect(text.match(/<h1>/g)).toHaveLength(1);
      expect(text).not.toMatch(/<script|<style| style=| on\w+="/);
      expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
    }
  });
});

describe('the headers of pages', () => {
  it('no frame, no foreign referrer, no copy kept (20, 21, 22)', async () => {
    const { headers } = await request(consentPage(grant)).get('/page');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['referrer-policy']).toBe('same-origin');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/);
  });

  it('leave the redirect after consent and the popup of an application alone', async () => {
    const { headers } = await request(consentPage(grant)).get('/page');
    expect(headers['content-security-policy']).not.toContain('form-action');
    expect(headers['cross-origin-opener-policy']).toBeUndefined();
    const own = await request(site({ sandbox: true })).get('/');
    expect(own.headers['content-security-policy']).toContain("form-action 'self'");
  });

  it('insist on https only where the public address is https', async () => {
    const app = express();
    app.use(createPageSecurityHeaders({ publicUrl: 'https://calls.example.org', formTargets: 'own-pages' }));
    expect((await request(app).get('/')).headers['strict-transport-security']).toBeDefined();
    expect((await request(consentPage(grant)).get('/page')).headers['strict-transport-security']).toBeUndefined();
  });
});

describe('GET /test', () => {
  it('gives a program what arrived, as JSON', async () => {
    const app = site({ sandbox: true });
    const arrived = await request(app).get('/test?code=abc&state=x%22%3C').set('Accept', '*/*');
    expect(arrived.type).toBe('application/json');
    expect(arrived.body).toEqual({ code: 'abc', state: 'x"<' });
    expect(arrived.headers['cache-control']).toBe('no-store');
    expect(arrived.headers['vary']).toContain('Accept');
    expect((await request(app).get('/test').unset('Accept')).body).toEqual({});
    const twice = await request(app).get('/test?error=access_denied&error=x&__proto__=y');
    expect(JSON.parse(twice.text)).toMatchObject({ error: ['access_denied', 'x'] });
  });

  it('gives a person the page, with what the sandbox offers', async () => {
    const { text } = await request(site({ sandbox: true }))
      .get('/test?code=%3Cb%3E')
      .set(html);
    expect(text).toContain(`data-public-url="${publicUrl}"`);
    expect(text).toContain('value="demo-app"');
    expect(text).toContain('value="demo-js"');
    expect(text.match(/<option value="\+1202555010\d">/g)).toHaveLength(9);
    expect(text).not.toContain('<b>');
  });

  it('offers fields instead where there is no sandbox', async () => {
    const { text } = await request(site({ sandbox: false }))
      .get('/test')
      .set(html);
    expect(text).not.toMatch(/demo|<option/);
    expect(text).toContain('id="app-client-id"');
    expect(text).toMatch(/id="own-number" type="tel" required/);
  });
});

describe('GET /', () => {
  it('says who is logged in, to a person and to a program', async () => {
    const agent = request.agent(site({ sandbox: true }));
    expect((await agent.get('/').set(html)).text).toContain('You are not logged in.');
    expect((await agent.get('/')).body).toMatchObject({ name: 'Offhook', username: null });
    await agent.post('/auth/login');
    const { text } = await agent.get('/').set(html);
    expect(text).toContain('<strong>&lt;demo&gt;</strong>');
    expect(text).toContain('<form method="post" action="/auth/logout"');
    expect((await agent.get('/')).body.username).toBe('<demo>');
  });
});

describe('the assets', () => {
  it('are named by their content and kept for ever', async () => {
    const app = site({ sandbox: true });
    const { text } = await request(app).get('/test').set(html);
    const addresses = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, address]) => address ?? '');
    expect(addresses.map((address) => address.split('.').pop())).toEqual(['svg', 'css', 'js']);
    const types = ['image/svg+xml', 'text/css', 'text/javascript'];
    for (const [index, address] of addresses.entries()) {
      const asset = await request(app).get(address).expect(200);
      expect(asset.type).toBe(types[index]);
      expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
      expect(asset.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  it('answer an older name with the present files, to be asked again', async () => {
    const app = site({ sandbox: true });
    const asset = await request(app).get('/assets/older/offhook.css').expect(200);
    expect(asset.text).toBe(textOf('offhook.css'));
    expect(asset.headers['cache-control']).toBe('no-cache');
    const again = await request(app)
      .get('/assets/older/offhook.css')
      .set('If-None-Match', asset.headers['etag'] ?? '');
    expect(again.status).toBe(304);
  });

  it('stay inside their folder', async () => {
    const app = site({ sandbox: true });
    for (const path of ['../login.eta', '..%2Flogin.eta', 'none.css', '']) {
      const { status, text } = await request(app).get(`/assets/older/${path}`);
      expect([status, text.includes('<%')]).toEqual([404, false]);
    }
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import type { APIRequestContext, Page } from 'playwright-core';
import { readDocument } from '../docs/document.ts';
import { AnsweringPeer } from '../e2e/answering-peer.ts';
import { runOffhook } from '../e2e/run-offhook.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { type Nginx, startNginx } from './nginx.ts';

/*
 * The service under a path of its host, behind nginx as docs/operate.md configures it, with Chromium in front: every address
 * that a page leads to, every form, module and redirect has to stay under the path.
 */

const PASSWORD = 'a long password';
const SECRET = 'a secret of the shop, of 32 characters and more';

/** The lines of docs/operate.md, and what it says stands around them. */
const documentedLines = (): string => {
  const block = readDocument('docs/operate.md').blocks.find(({ language }) => language === 'conf');
  return `proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    ${block?.text ?? ''}`;
};

const stripping = (lines: string): string =>
  lines.replace(/(location \/phone\/ \{[^}]*proxy_pass http:\/\/127\.0\.0\.1:8888);/, '$1/;');

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
const sees = (page: Page, text: string): Promise<void> => page.getByText(text).first().waitFor();

const logIn = async (page: Page): Promise<void> => {
  await page.getByLabel('Username').fill('ada');
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Log in');
};

/** The metadata, by a library of others. Its own fetch would not take the certificate. */
const discover = async (url: URL, requests: APIRequestContext): Promise<oauth.AuthorizationServer> => {
  const answer = await oauth.discoveryRequest(url, {
    algorithm: 'oauth2',
    [oauth.customFetch]: async (address) => {
      const got = await requests.get(address);
      return new Response(await got.text(), { status: got.status(), headers: got.headers() });
    },
  });
  return oauth.processDiscoveryResponse(url, answer);
};

describe.each([
  ['keeps', (lines: string) => lines],
  ['strips', stripping],
])('behind a proxy that %s the path', (_way, change) => {
  let directory: string;
  let peer: AnsweringPeer;
  let service: StartedService;
  let nginx: Nginx;
  let browser: TestBrowser;
  let base: string;
  /** Answers that came from outside the path, or with an error, and what the browser complained of. */
  const faults: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'offhook-path-'));
    const [port, httpsPort] = [await freePort(), await freePort()];
    base = `https://localhost:${httpsPort}/phone`;
    peer = await AnsweringPeer.open();
    const client = { redirect_uris: [`${base}/test`], response_types: ['code', 'token'] };
    service = await startService({
      directory,
      env: {
        PORT: String(port),
        OFFHOOK_PUBLIC_URL: base,
        OFFHOOK_TRUSTED_PROXIES: '127.0.0.1',
        OFFHOOK_SANDBOX: 'off',
        OFFHOOK_LOG_LEVEL: 'warn',
      },
      settings: {
        trunks: [{ name: 'peer', uri: peer.uri }],
        clients: [
          { ...client, id: 'shop', secret: SECRET, require_pkce: false, token_by_get: ['authorization_code'] },
          { ...client, id: 'front-end' },
          { id: 'desk', grants: ['urn:ietf:params:oauth:grant-type:device_code'] },
        ],
      },
    });
    await runOffhook(['user', 'add', 'ada', '--role', 'admin'], { directory, input: `${PASSWORD}\n` });
    await runOffhook(['phone', 'add', 'ada', '--address', peer.uri.replace('sip:', 'sip:ada@')], { directory });
    nginx = await startNginx(httpsPort, change(documentedLines()).replaceAll(':8888', `:${port}`));
    browser = await startBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await nginx.stop();
    await service.stop();
    await peer.close();
    await rm(directory, { recursive: true });
  }, 30_000);

  const openPage = async (path: string): Promise<Page> => {
    const page = await browser.openPage({ ignoreHTTPSErrors: true });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('response', (response) => {
      const isOurs = response.url().startsWith(`${base}/`) || response.url() === base;
      if (!isOurs || response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(base + path);
    return page;
  };

  const flow = async (page: Page, button: string): Promise<void> => {
    await page.locator('#app-client-id').fill('shop');
    await page.locator('#app-client-secret').fill(SECRET);
    await page.locator('#js-client-id').fill('front-end');
    await press(page, button);
    await logIn(page);
    await page.waitForURL(/\/phone\/(auth\/grant|test)\b/); // a grant that is remembered goes straight back
    if (page.url().includes('/auth/grant')) await press(page, 'Accept');
    await page.waitForURL(`${base}/test`);
  };

  it('goes the application flow to a call, and shows its end', async () => {
    const page = await openPage('/test');
    await flow(page, 'Application flow');
    await page.locator('#app-client-secret').fill(SECRET);
    await press(page, 'Exchange the code');
    await sees(page, 'The code was exchanged for a token.');
    await page.locator('#own-number').fill('+12025550100');
    await press(page, 'Call');
    await page.locator('#call-state').getByText('Connected.').waitFor();
    await page.locator('#stop').click();
    await page.locator('#call-state').getByText('The call is over.').waitFor();
    await press(page, 'Revoke and forget it');
    await sees(page, 'The token is revoked.');
  });

  it.each(['Client-side flow', 'Code flow with PKCE'])('goes the %s', async (button) => {
    const page = await openPage('/test');
    await flow(page, button);
    if (button === 'Code flow with PKCE') await press(page, 'Exchange the code');
    await page.getByRole('heading', { name: 'Place a call' }).waitFor();
  });

  it('exchanges a code by GET', async () => {
    const page = await openPage('/test');
    await flow(page, 'Application flow');
    await page.locator('#app-client-secret').fill(SECRET);
    await page.getByRole('link', { name: 'Exchange it by GET' }).click();
    await sees(page, 'A token came in the fragment of the address.');
    expect(page.url()).toBe(`${base}/test`);
  });

  it('lets a device in', async () => {
    const page = await openPage('');
    const answer = await page.request.post(`${base}/oauth/device`, { form: { client_id: 'desk' } });
    const { verification_uri, user_code } = (await answer.json()) as Record<string, string>;
    expect(verification_uri).toBe(`${base}/device`);
    await page.goto(verification_uri ?? '');
    await logIn(page);
    await page.getByLabel('Code').fill(user_code ?? '');
    await press(page, 'Continue');
    await press(page, 'Accept');
    await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
  });

  it('leads through every page of the management, and out', async () => {
    const page = await openPage('/management/account');
    await logIn(page);
    await page.waitForURL(`${base}/management/account`);
    for (const place of ['Access', 'Audit log', 'Account', 'Applications']) {
      await page.getByRole('link', { name: place, exact: true }).click();
      await page.locator('nav [aria-current]').getByText(place, { exact: true }).waitFor();
    }
    await page.getByLabel('Name', { exact: true }).first().fill('Night');
    await page.getByLabel('Redirect addresses').fill('https://night.example/callback');
    await press(page, 'Create the application');
    await page.getByRole('link', { name: 'Go on to the applications' }).click();
    await page.getByRole('link', { name: 'Delete Night' }).click();
    await press(page, 'Delete it');
    await page.waitForURL(`${base}/management/api?done=deleted`);
    const [cookie, ...others] = await page.context().cookies();
    expect([cookie, ...others]).toEqual([
      expect.objectContaining({ name: `__Secure-offhook-${new URL(base).port}`, path: '/phone', secure: true }),
    ]);
    await page.getByRole('link', { name: 'Offhook', exact: true }).click();
    await press(page, 'Log out');
    await sees(page, 'You are not logged in.');
    expect(page.url()).toBe(`${base}/`);
    expect(await page.context().cookies()).toEqual([]);
  });

  it('is found by its metadata, and by its refusals', async () => {
    const { request: requests } = (await openPage('')).context();
    const server = await discover(new URL(base), requests);
    expect(server).toMatchObject({ issuer: base, authorization_endpoint: `${base}/oauth/auth` });
    const refused = await requests.get(`${base}/rest/call`);
    const address = /resource_metadata="([^"]+)"/.exec(refused.headers()['www-authenticate'] ?? '')?.[1] ?? '';
    const resource: unknown = await (await requests.get(address)).json();
    expect(resource).toMatchObject({ resource: `${base}/rest/call`, authorization_servers: [base] });
    const between = await requests.get(`${new URL(base).origin}/.well-known/oauth-protected-resource/phone/rest/call`);
    expect(await between.json()).toEqual(resource);
  });

  it('met no address outside the path, and none that fails', () => {
    expect(faults).toEqual([]);
  });
});

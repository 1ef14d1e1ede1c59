import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import request from 'supertest';
import { DEVICE_CODE_GRANT } from '../../src/oauth/model/account-stores.ts';
import { accessibilityFaults } from '../support/accessibility.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { createOAuthApp, type OAuthApp, requestToken, statusWith } from '../support/oauth-app.ts';

interface Started {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
}

let oauth: OAuthApp;
let server: Server;
let browser: TestBrowser;
/** What the browsers complained of: a blocked resource, a form that may not be sent. */
const complaints: string[] = [];

beforeAll(async () => {
  browser = await startBrowser();
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  oauth = await createOAuthApp({ publicUrl: `http://localhost:${port}` });
  server.on('request', oauth.handler);
  const phone = { id: 'desk-phone', name: 'Desk phone', type: 'public', redirectUris: [], responseTypes: [] } as const;
  await oauth.clients.configure(
    { ...phone, grantTypes: [DEVICE_CODE_GRANT, 'refresh_token'], scopes: ['call', 'read'] },
    null,
  );
}, 60_000);

afterAll(async () => {
  await browser.close();
  server.close();
  server.closeAllConnections();
  await oauth.close();
}, 30_000);

const openPage = async (options?: BrowserContextOptions): Promise<Page> => {
  const page = await browser.openPage(options);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => {
    if (/Content Security Policy|Refused to|Trusted/i.test(line.text())) complaints.push(line.text());
  });
  return page;
};

const start = async (): Promise<Started> =>
  (await request(oauth.app).post('/oauth/device').type('form').send({ client_id: 'desk-phone' }).expect(200)).body;

const poll = async ({ device_code }: Started) => {
  oauth.clock.advance(5000);
  return (await requestToken(oauth, { grant_type: DEVICE_CODE_GRANT, client_id: 'desk-phone', device_code })).body;
};

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

const logIn = async (page: Page): Promise<void> => {
  await page.getByLabel('Username').fill('demo');
  await page.getByLabel('Password').fill('demo');
  await press(page, 'Log in');
};

const heading = (page: Page): Promise<string | null> => page.getByRole('heading', { level: 1 }).textContent();

describe('a device without a browser', () => {
  it('is let in by a person who types its code (83)', async () => {
    const started = await start();
    expect(await poll(started)).toMatchObject({ error: 'authorization_pending' });
    const page = await openPage();
    await page.goto(started.verification_uri);
    await logIn(page);
    await page.locator('#user-code:focus').waitFor(); // given by the page itself, with its first picture
    await page.keyboard.type(started.user_code.toLowerCase().replace('-', ' '));
    await page.keyboard.press('Enter');
    await page.getByText('Accept only if you started this yourself').waitFor();
    expect(await heading(page)).toBe('Allow Desk phone on your device to act for you?');
    expect(
      await page.getByRole('list', { name: 'It would be allowed to' }).getByRole('listitem').allTextContents(),
    ).toEqual([expect.stringContaining('Place calls in your name'), expect.stringContaining('See your calls')]);
    expect(await poll(started)).toMatchObject({ error: 'authorization_pending' });
    await press(page, 'Accept');
    await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
    const { access_token, scope } = await poll(started);
    expect(scope).toBe('call read');
    expect(await statusWith(oauth, access_token)).toBe(200);
  });

  it('is refused by a person who followed its address, without JavaScript too (83)', async () => {
    const started = await start();
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(started.verification_uri_complete);
    await logIn(page);
    expect(await page.getByLabel('Code').inputValue()).toBe(started.user_code);
    expect(await poll(started)).toMatchObject({ error: 'authorization_pending' });
    await press(page, 'Continue');
    await press(page, 'Refuse');
    await page.getByRole('heading', { name: 'You refused' }).waitFor();
    expect(await poll(started)).toMatchObject({ error: 'access_denied' });
  });

  it('is told in a sentence that a code does not work, and the next one does', async () => {
    const started = await start();
    const page = await openPage();
    await page.goto(started.verification_uri);
    await logIn(page);
    await page.getByLabel('Code').fill('BBBB-BBBB');
    await press(page, 'Continue');
    expect(await page.getByRole('alert').textContent()).toMatch(/^This code is not right.+\.$/);
    expect(await page.title()).toContain('This code does not work');
    await page.getByLabel('Code').fill(started.user_code);
    await press(page, 'Continue');
    await press(page, 'Accept');
    await page.getByRole('heading', { name: 'Your device is connected' }).waitFor();
  });

  it.each<[string, BrowserContextOptions]>([
    ['light', { viewport: { width: 1280, height: 800 } }],
    ['dark', { colorScheme: 'dark' }],
    ['on a small screen', { viewport: { width: 320, height: 640 } }],
  ])('has pages that everybody can use: %s', async (_name, options) => {
    const { verification_uri_complete } = await start();
    const page = await openPage(options);
    const faults: Record<string, string[]> = {};
    const audit = async (name: string): Promise<void> => void (faults[name] = await accessibilityFaults(page));
    await page.goto(verification_uri_complete);
    await logIn(page);
    await page.getByLabel('Code').waitFor();
    await audit('code');
    await press(page, 'Continue');
    await page.getByRole('button', { name: 'Accept' }).waitFor();
    await audit('question');
    await press(page, 'Accept');
    await page.getByRole('status').waitFor();
    await audit('answer');
    await page.goto(verification_uri_complete);
    await press(page, 'Continue');
    await page.getByRole('alert').waitFor();
    await audit('wrong code');
    expect(faults).toEqual({ code: [], question: [], answer: [], 'wrong code': [] });
  });

  it('made no browser complain', () => {
    expect(complaints).toEqual([]);
  });
});

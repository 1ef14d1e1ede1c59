import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Router } from 'express';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { accessibilityFaults } from '../support/accessibility.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import {
  asked,
  createOAuthApp,
  demoApp,
  type OAuthApp,
  queryOf,
  redemption,
  requestToken,
  statusWith,
} from '../support/oauth-app.ts';
import { createProjectPages } from '../support/project-pages.ts';
import { createWebhookPages } from '../support/webhook-pages.ts';

const password = 'correct horse';
const secretPattern = /^[\w-]{43}$/;

let oauth: OAuthApp;
let server: Server;
let baseUrl: string;
let browser: TestBrowser;
/** What the browsers complained of: a blocked resource, a request to somebody else. */
const complaints: string[] = [];

beforeAll(async () => {
  browser = await startBrowser();
  oauth = await createOAuthApp({
    featurePages: (...parts) =>
      Router()
        .use(createProjectPages(...parts))
        .use(createWebhookPages(...parts)),
  });
  for (const username of ['alice', 'bob']) await oauth.users.create({ username, password, role: 'user' });
  await oauth.users.create({ username: 'root', password, role: 'admin' });
  server = createServer(oauth.handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await oauth.clients.configure({ ...demoApp, redirectUris: [`${baseUrl}/test`] }, 'demo-secret');
}, 60_000);

afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
  await oauth.close();
}, 30_000);

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
const follow = (page: Page, name: string): Promise<void> => page.getByRole('link', { name, exact: true }).click();
const heading = (page: Page): Promise<string | null> => page.getByRole('heading', { level: 1 }).textContent();

/** Opens a management page, and logs in on the way there. */
const enter = async (username: string, path: string, options: BrowserContextOptions = {}): Promise<Page> => {
  const page = await browser.openPage(options);
  page.on('console', (line) => {
    if (/Content Security Policy|Refused to/i.test(line.text())) complaints.push(line.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(baseUrl)) complaints.push(request.url());
  });
  await page.goto(`${baseUrl}${path}`);
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(username === 'demo' ? 'demo' : password);
  await press(page, 'Log in');
  await page.waitForURL(`${baseUrl}${path}`);
  return page;
};

const createApplication = async (page: Page, name: string): Promise<string> => {
  await page.getByLabel('Name', { exact: true }).first().fill(name);
  await page.getByLabel('Redirect addresses').fill('https://app.example/callback\nhttp://127.0.0.1/callback');
  await page.getByLabel('It acts for itself, without a person').check();
  await press(page, 'Create the application');
  await page.getByText('Copy the secret now').waitFor();
  return (await page.locator('dd code').last().textContent()) ?? '';
};

describe('the management pages, without JavaScript', () => {
  it('set up an application: the secret is seen once, changed, and gone with the application', async () => {
    const page = await enter('alice', '/management/api', { javaScriptEnabled: false });
    const secret = await createApplication(page, 'Bells & <whistles>');
    expect(secret).toMatch(secretPattern);
    expect(await heading(page)).toBe('Bells & <whistles>');
    await follow(page, 'Go on to the applications');
    expect(await page.content()).not.toContain(secret);
    expect(await page.getByText('http://127.0.0.1/callback').count()).toBe(1);

    await follow(page, 'New secret for Bells & <whistles>');
    await press(page, 'Make a new secret');
    expect(await page.locator('dd code').last().textContent()).not.toBe(secret);

    await page.goto(`${baseUrl}/management/api`);
    await follow(page, 'Delete Bells & <whistles>');
    await follow(page, 'Go back');
    await follow(page, 'Delete Bells & <whistles>');
    await press(page, 'Delete it');
    await page.getByText('The application is deleted.').waitFor();
    await page.getByText('You have no application yet.').waitFor();
  });

  it('keep what was typed where something is wrong with it', async () => {
    const page = await enter('alice', '/management/api', { javaScriptEnabled: false });
    await page.getByLabel('Name', { exact: true }).fill('Mine');
    await page.getByLabel('Redirect addresses').fill('http://app.example');
    await page.getByLabel('No, it runs in a browser').check();
    await press(page, 'Create the application');
    await page.getByRole('alert').getByText('http://app.example must be https').waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Mine');
    expect(await page.getByLabel('No, it runs in a browser').isChecked()).toBe(true);
  });

  it('revoke what was allowed', async () => {
    const fields = asked({ redirect_uri: `${baseUrl}/test` });
    const page = await enter('demo', `/auth/grant?${queryOf(fields)}`, { javaScriptEnabled: false });
    await press(page, 'Accept');
    await page.waitForURL(`${baseUrl}/test?*`);
    const code = new URL(page.url()).searchParams.get('code') ?? '';
    const { body } = await requestToken(oauth, redemption(code, { redirect_uri: `${baseUrl}/test` }));
    expect(await statusWith(oauth, body.access_token)).toBe(200);
    await page.goto(`${baseUrl}/management/apps`);
    await press(page, 'Revoke the access of Demo <b>application</b>');
    await page.getByText('You allow no application to act for you.').waitFor();
    expect(await statusWith(oauth, body.access_token)).toBe(401);
  });

  it('change the password: this browser stays, the others do not', async () => {
    const other = await enter('bob', '/management/account');
    const page = await enter('bob', '/management/account', { javaScriptEnabled: false });
    await page.getByLabel('Current password').fill('wrong');
    await page.getByLabel('New password', { exact: true }).fill('battery staple');
    await page.getByLabel('New password again').fill('battery staple');
    await press(page, 'Change the password');
    await page.getByRole('alert').getByText('The current password is not right.').waitFor();
    await page.getByLabel('Current password').fill(password);
    await page.getByLabel('New password', { exact: true }).fill('battery staple');
    await page.getByLabel('New password again').fill('battery staple');
    await press(page, 'Change the password');
    await page.getByText('Your password is changed.').waitFor();
    await page.getByRole('cell', { name: 'password.changed' }).waitFor();
    await other.reload();
    expect(await heading(other)).toBe('Log in');
    await page.reload();
    expect(await heading(page)).toBe('Your account');
  });

  it('end a session', async () => {
    const other = await enter('alice', '/management/account', { userAgent: 'curl/8.5.0' });
    const page = await enter('alice', '/management/account', { javaScriptEnabled: false });
    await press(page, 'End the session of curl');
    await page.getByText('The session is over.').waitFor();
    await other.reload();
    expect(await heading(other)).toBe('Log in');
  });

  it('give an administrator a key pair, a registration token, and the audit log', async () => {
    const page = await enter('root', '/management/api', { javaScriptEnabled: false });
    await press(page, 'Generate a key pair');
    expect(await page.locator('dd code').last().textContent()).toMatch(secretPattern);
    await follow(page, 'Go on to the applications');
    await follow(page, 'Generate a new key pair');
    await press(page, 'Generate');
    await follow(page, 'Applications');
    await page.locator('#token-name').fill('for the phones');
    await press(page, 'Create a token');
    expect(await page.locator('dd code').last().textContent()).toMatch(secretPattern);
    await follow(page, 'Applications');
    await follow(page, 'Delete the registration token for the phones');
    await press(page, 'Delete it');
    await page.getByText('The registration token is deleted.').waitFor();
    await follow(page, 'Audit log');
    await page.getByLabel('User').fill('root');
    await press(page, 'Show');
    expect(await page.getByRole('cell', { name: 'key_pair.generated' }).count()).toBe(2);
    expect(await page.getByRole('cell', { name: 'alice' }).count()).toBe(0);
  });
});

describe('the management pages', () => {
  it.each([
    [1280, 'light'],
    [380, 'dark'],
  ] as const)('have no fault of accessibility at a width of %i, %s', async (width, colorScheme) => {
    const page = await enter('root', '/management/api', { viewport: { width, height: 800 }, colorScheme });
    const faults: Record<string, string[]> = {};
    const look = async (name: string): Promise<void> => {
      faults[name] = await accessibilityFaults(page);
    };
    await createApplication(page, 'A name that is long enough to need more than one line on a telephone');
    await look('secret');
    await follow(page, 'Go on to the applications');
    await look('applications');
    await page.getByRole('link', { name: /^Delete A name/ }).click();
    await look('question');
    await press(page, 'Delete it');
    await page.getByLabel('Name', { exact: true }).first().fill('x');
    await page.getByLabel('Redirect addresses').fill('x');
    await press(page, 'Create the application');
    await look('faults');
    for (const path of ['/management/apps', '/management/account', '/management/audit', '/']) {
      await page.goto(`${baseUrl}${path}`);
      await look(path);
    }
    expect(Object.entries(faults).filter(([, found]) => found.length > 0)).toEqual([]);
  });

  it('lead from one to the other by the keyboard, and say where one is', async () => {
    const page = await enter('root', '/management/api');
    const navigation = page.getByRole('navigation', { name: 'Management' });
    expect(await navigation.getByRole('link').allTextContents()).toEqual([
      'Applications',
      'Projects',
      'Webhooks',
      'Access',
      'Account',
      'Audit log',
    ]);
    for (const name of ['Projects', 'Webhooks', 'Access', 'Account', 'Audit log', 'Applications']) {
      await navigation.getByRole('link', { name }).focus();
      await page.keyboard.press('Enter');
      await navigation.locator('[aria-current=page]').getByText(name).waitFor();
    }
  });

  it('load nothing from elsewhere, and nothing that their policy blocks', () => {
    expect(complaints).toEqual([]);
  });
});

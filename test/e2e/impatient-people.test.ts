import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { hashSecret } from '../../src/oauth/model/secrets.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import {
  asked,
  createOAuthApp,
  demoApp,
  type Fields,
  type OAuthApp,
  queryOf,
  redemption,
  requestToken,
  statusWith,
} from '../support/oauth-app.ts';

/** The round trip of a slow line: a second click comes before the answer to the first. */
const LATENCY_MS = 120;

let oauth: OAuthApp;
let server: Server;
let browser: TestBrowser;
let baseUrl: string;

beforeAll(async () => {
  browser = await startBrowser();
}, 60_000);
afterAll(() => browser.close(), 30_000);

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  baseUrl = `http://localhost:${(server.address() as AddressInfo).port}`;
  oauth = await createOAuthApp({ publicUrl: baseUrl });
  server.on('request', oauth.handler);
  await oauth.clients.configure({ ...demoApp, redirectUris: [`${baseUrl}/test`] }, 'demo-secret');
  await oauth.users.create({ username: 'root', password: 'root', role: 'admin', sandbox: true });
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await oauth.close();
});

/** What a page posted, and with what it came back to the application, whose page takes it out of the address. */
interface Noted {
  readonly posts: string[];
  readonly arrivals: URLSearchParams[];
}

/** A page on a slow line. */
const slowPage = async (context: BrowserContext): Promise<Noted & { readonly page: Page }> => {
  const noted: Noted = { posts: [], arrivals: [] };
  const page = await context.newPage();
  const line = await context.newCDPSession(page);
  await line.send('Network.enable');
  const asFastAsItGets = { downloadThroughput: -1, uploadThroughput: -1 };
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: LATENCY_MS, ...asFastAsItGets });
  page.on('request', (sent) => {
    const { pathname, searchParams } = new URL(sent.url());
    if (sent.method() === 'POST') noted.posts.push(pathname);
    if (pathname === '/test' && searchParams.has('code')) noted.arrivals.push(searchParams);
  });
  return { page, ...noted };
};

const open = async (options: BrowserContextOptions = {}): ReturnType<typeof slowPage> =>
  slowPage((await browser.openPage(options)).context());

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

const logIn = async (page: Page, name: string, password = name): Promise<void> => {
  await page.getByLabel('Username').fill(name);
  await page.getByLabel('Password').fill(password);
  await button(page, 'Log in').click();
};

const question = (changes: Fields = {}): string =>
  `${baseUrl}/oauth/auth?${queryOf(asked({ redirect_uri: `${baseUrl}/test`, ...changes }))}`;

const eventsOf = async (event: string): Promise<number> => {
  const events = await oauth.stores.audit.list({ limit: 100 });
  return events.filter((recorded) => recorded.event === event).length;
};

/** The code that the application got last works. @returns whose token it gives */
const ownerOfCode = async ({ page, arrivals }: Noted & { readonly page: Page }): Promise<string | undefined> => {
  await page.waitForURL(/\/test(?:\?|$)/);
  const code = arrivals.at(-1)?.get('code') ?? '';
  const { body } = await requestToken(oauth, redemption(code, { redirect_uri: `${baseUrl}/test` }));
  expect(await statusWith(oauth, body.access_token)).toBe(200);
  return (await oauth.stores.tokens.findAccess(hashSecret(body.access_token)))?.user?.username;
};

const ways = [
  ['with scripts', {}],
  ['without scripts', { javaScriptEnabled: false }],
] as const;

describe('people on a slow line', () => {
  it.each(ways)(
    'may click Accept twice: the application gets one code, and it works, %s (30)',
    async (_way, options) => {
      const person = await open(options);
      const { page } = person;
      await page.goto(question());
      await logIn(page, 'demo');
      await button(page, 'Accept').dblclick();
      expect(await ownerOfCode(person)).toBe('demo');
      expect(await eventsOf('grant.given')).toBe(1);
    },
  );

  it.each(ways)('may click twice for a secret: one is made, and a reload shows it again, %s', async (_way, options) => {
    const { page, posts } = await open(options);
    await page.goto(`${baseUrl}/management/api`);
    await logIn(page, 'root');
    await button(page, 'Generate a key pair').dblclick();
    await page.waitForURL(`${baseUrl}/management/secrets/*`);
    const secret = page.locator('dd code').last();
    const shown = await secret.textContent();
    expect(shown).toMatch(/^[\w-]{43}$/);
    const before = posts.length;
    await page.reload();
    expect(await secret.textContent()).toBe(shown);
    await page.goto(`${baseUrl}/management/api`);
    await page.goBack();
    expect(await secret.textContent()).toBe(shown);
    expect(posts).toHaveLength(before);
    expect(await eventsOf('key_pair.generated')).toBe(1);
    await button(page, 'I have copied it: erase it here').click();
    await page.getByText('The secret is erased here.').waitFor();
  });

  it('type their name once, and a reload of the refusal sends no password again', async () => {
    const person = await open();
    const { page, posts } = person;
    await page.goto(question({ state: 'kept' }));
    await logIn(page, 'demo', 'a wrong one');
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Username').inputValue()).toBe('demo');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await page.locator('#password:focus').waitFor();
    await page.reload();
    expect(posts).toEqual(['/auth/login']);
    await logIn(page, ' Demo ', 'demo');
    await button(page, 'Accept').click();
    expect(await ownerOfCode(person)).toBe('demo');
    expect(person.arrivals.at(-1)?.get('state')).toBe('kept');
  });

  it('may go back after they accepted, and accept again: no dead end', async () => {
    const person = await open();
    const { page, arrivals } = person;
    await page.goto(question());
    await logIn(page, 'demo');
    await button(page, 'Accept').click();
    expect(await ownerOfCode(person)).toBe('demo');
    await page.goto(`${baseUrl}/auth/login?${queryOf(asked({ redirect_uri: `${baseUrl}/test`, scope: 'call read' }))}`);
    await button(page, 'Accept').click();
    await page.waitForURL(/\/test(?:\?|$)/);
    const came = arrivals.length;
    await page.goBack();
    // What was accepted is remembered by then: the page that one goes back to leads on by itself.
    await page.waitForURL(/\/test(?:\?|$)/);
    expect(arrivals.length).toBeGreaterThan(came);
    expect(await ownerOfCode(person)).toBe('demo');
  });

  it('may send a form with a fault, and reload: it is not sent again, and what was right stays', async () => {
    const { page, posts } = await open();
    await page.goto(`${baseUrl}/management/api`);
    await logIn(page, 'root');
    await page.getByLabel('Name', { exact: true }).first().fill('Mine');
    await page.getByLabel('Redirect addresses').fill('https://app.example/cb');
    await button(page, 'Create the application').dblclick();
    await page.getByText('Copy the secret now').waitFor();
    await page.getByRole('link', { name: 'Go on to the applications' }).click();
    await page.getByRole('link', { name: 'Edit Mine' }).click();
    await page.getByLabel('Redirect addresses').fill('http://app.example/cb');
    await button(page, 'Save the changes').click();
    await page.getByRole('alert').getByText('http://app.example/cb must be https').waitFor();
    const before = posts.length;
    await page.reload();
    expect(await page.getByLabel('Redirect addresses').inputValue()).toBe('https://app.example/cb');
    expect(posts).toHaveLength(before);
    await page.getByLabel('Name', { exact: true }).fill('Ours');
    await button(page, 'Save the changes').dblclick();
    await page.getByText('The application is changed.').waitFor();
    await page.getByRole('heading', { name: 'Ours' }).waitFor();
    expect(await eventsOf('client.created')).toBe(1);
  });
});

describe('two users in two tabs of one browser', () => {
  it('answer for themselves: the page of the one is none of the other (31)', async () => {
    const context = (await browser.openPage()).context();
    const [person, { page: second }] = [await slowPage(context), await slowPage(context)];
    const { page: first } = person;
    await first.goto(question({ state: 'first' }));
    await logIn(first, 'demo');
    await first.getByText('You are logged in as demo.').waitFor();

    await second.goto(`${baseUrl}/`);
    await second.getByRole('button', { name: 'Log out' }).click();
    await second.goto(`${baseUrl}/auth/login`);
    await logIn(second, 'operator');
    await second.getByText('You are logged in as operator.').waitFor();

    await button(first, 'Accept').click();
    await first.getByText('Nothing was allowed yet').waitFor();
    await first.getByText('You are logged in as operator.').waitFor();
    expect(await eventsOf('grant.given')).toBe(0);
    await first.reload();
    await button(first, 'Accept').click();
    expect(await ownerOfCode(person)).toBe('operator');
    expect(person.arrivals.at(-1)?.get('state')).toBe('first');
  });
});

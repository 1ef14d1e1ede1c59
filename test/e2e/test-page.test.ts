import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { accessibilityFaults } from '../support/accessibility.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { type StartedService, startService } from '../support/start-service.ts';

let service: StartedService;
let browser: TestBrowser;
/** What the browsers complained of: a blocked resource, a script that threw. */
const complaints: string[] = [];

beforeAll(async () => {
  browser = await startBrowser();
  service = await startService();
}, 60_000);

afterAll(async () => {
  await browser.close();
  await service.stop();
}, 30_000);

const openPage = async (options?: BrowserContextOptions): Promise<Page> => {
  const page = await browser.openPage(options);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => {
    if (/Content Security Policy|Refused to|Trusted/i.test(line.text())) complaints.push(line.text());
  });
  return page;
};

const openTestPage = async (): Promise<Page> => {
  const page = await openPage();
  await page.goto(`${service.baseUrl}/test`);
  return page;
};

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

const logIn = async (page: Page, username: string, password = username): Promise<void> => {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(password);
  await press(page, 'Log in');
};

/** Accepts where it is asked: a grant that is remembered goes straight back. */
const accept = async (page: Page): Promise<void> => {
  await page.waitForURL(/\/(auth\/grant|test)\b/);
  if (page.url().includes('/auth/grant')) await press(page, 'Accept');
  await page.waitForURL(`${service.baseUrl}/test`);
};

const flowTo = async (page: Page, flow: string): Promise<void> => {
  await press(page, flow);
  await logIn(page, 'demo');
  await accept(page);
};

const sees = (page: Page, text: string): Promise<void> => page.getByText(text).first().waitFor();

const call = async (page: Page, number: string): Promise<void> => {
  await page.getByLabel('Sandbox number').selectOption(number);
  await press(page, 'Call');
};

const stateOf = (page: Page) => page.locator('#call-state');
const legsOf = (page: Page): Promise<string[]> => page.locator('#legs code').allTextContents();

const hangUpAndSee = async (page: Page, sentence: string): Promise<void> => {
  await page.locator('#stop').click();
  await stateOf(page).getByText(sentence).waitFor();
  await page.getByText('ended, caller ended, callee ended').waitFor();
  expect(await legsOf(page)).toEqual(['ended', 'ended']);
  await sees(page, 'None at the moment.');
};

describe('the test page in a browser', () => {
  it('goes the application flow from the button to a connected call and hangs up', async () => {
    const page = await openTestPage();
    await press(page, 'Application flow');
    await logIn(page, 'demo');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/^Allow .+ to act for you\?$/);
    await press(page, 'Accept');
    await sees(page, 'What came back');
    expect(page.url()).toBe(`${service.baseUrl}/test`);
    expect(await page.locator('#answer-list').textContent()).toContain(`iss${service.baseUrl}`);
    await press(page, 'Exchange the code');
    await sees(page, 'The code was exchanged for a token.');
    await call(page, '+12025550100');
    await stateOf(page).getByText('Connected.').waitFor();
    expect(await legsOf(page)).toEqual(['answered', 'answered']);
    await page.getByRole('row', { name: /\+12025550100.*connected/ }).waitFor();
    await hangUpAndSee(page, 'The call is over. You ended it.');
  });

  it('remembers the grant, and exchanges the code by GET as well', async () => {
    const page = await openTestPage();
    await flowTo(page, 'Application flow');
    await page.getByRole('link', { name: 'Exchange it by GET' }).click();
    await sees(page, 'A token came in the fragment of the address.');
    expect(page.url()).toBe(`${service.baseUrl}/test`);
    await page.getByRole('heading', { name: 'Place a call' }).waitFor();
  });

  it('goes the client-side flow, and tells of a line that is busy and of a call that was cancelled', async () => {
    const page = await openTestPage();
    await flowTo(page, 'Client-side flow');
    await sees(page, 'A token came in the fragment of the address.');
    expect(page.url()).toBe(`${service.baseUrl}/test`);
    await call(page, '+12025550101');
    await stateOf(page).getByText('The line is busy.').waitFor();
    await call(page, '+12025550102');
    await stateOf(page).getByText('You answered. +12025550102 is being called.').waitFor();
    await hangUpAndSee(page, 'The call was ended before it was connected. You ended it.');
  });

  it('goes the code flow with PKCE, keeps the token over a reload, and revokes it', async () => {
    const page = await openTestPage();
    await flowTo(page, 'Code flow with PKCE');
    expect(await page.getByRole('link', { name: 'Exchange it by GET' }).isVisible()).toBe(false);
    await press(page, 'Exchange the code');
    await sees(page, 'The code was exchanged for a token.');
    await page.reload();
    await sees(page, 'None at the moment.');
    await press(page, 'Revoke and forget it');
    await sees(page, 'The token is revoked.');
    expect(await page.getByRole('heading', { name: 'Place a call' }).isVisible()).toBe(false);
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });

  it('says in a sentence what was refused', async () => {
    const page = await openTestPage();
    await flowTo(page, 'Client-side flow');
    await page.getByLabel('or another number').fill('not a number');
    await press(page, 'Call');
    await page.locator('#problem:not(:empty)').waitFor();
    expect(await page.locator('#problem').textContent()).toMatch(/^[A-Z][^{}]+\.$/);
  });

  it('shows a refusal of the person as the answer that came back', async () => {
    const page = await openTestPage();
    await press(page, 'Application flow');
    await logIn(page, 'operator');
    await press(page, 'Refuse');
    await sees(page, 'access_denied');
    expect(await page.locator('#problem').textContent()).toMatch(/^[A-Z].+\.$/);
    expect(await page.getByRole('button', { name: 'Exchange the code' }).isVisible()).toBe(false);
    expect(page.url()).toBe(`${service.baseUrl}/test`);
  });

  it('shows the login again after a wrong password, and goes on where it was', async () => {
    const page = await openTestPage();
    await press(page, 'Client-side flow');
    await logIn(page, 'demo', 'wrong');
    expect(await page.getByRole('alert').textContent()).toMatch(/^[A-Z].+\.$/);
    expect(await page.title()).toContain('Not logged in');
    await logIn(page, 'demo');
    await accept(page);
    await sees(page, 'A token came in the fragment of the address.');
  });

  it('drops an answer with a foreign state, and uses none without a state unasked', async () => {
    const page = await openPage();
    await page.goto(`${service.baseUrl}/test#access_token=planted&token_type=Bearer&expires_in=3600&state=planted`);
    await sees(page, 'It was dropped.');
    expect(page.url()).toBe(`${service.baseUrl}/test`);
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await page.goto(`${service.baseUrl}/?`);
    await page.goto(`${service.baseUrl}/test#access_token=planted&token_type=Bearer&expires_in=3600`);
    await sees(page, 'This page did not ask for this answer');
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await press(page, 'Use this token');
    await page.locator('#problem:not(:empty)').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });
});

describe('the pages', () => {
  const authorization = (client: string, responseType: string): string =>
    `${service.baseUrl}/oauth/auth?${new URLSearchParams({
      client_id: client,
      response_type: responseType,
      redirect_uri: `${service.baseUrl}/test`,
      scope: 'call',
    }).toString()}`;

  it('can be used with the keyboard alone', async () => {
    const page = await openPage();
    await page.goto(authorization('demo-app', 'code'));
    await page.locator('#username:focus').waitFor(); // given by the page itself, with its first picture
    await page.keyboard.type('admin');
    await page.keyboard.press('Tab');
    await page.keyboard.type('admin');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/auth\/grant/);
    const focused = page.locator(':focus');
    const path: string[] = [];
    for (let step = 0; step < 4; step += 1) {
      await page.keyboard.press('Tab');
      path.push((await focused.textContent()) ?? '');
    }
    expect(path).toEqual(['Skip to the content', 'Offhook', 'Accept', 'Refuse']);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Space');
    await sees(page, 'What came back');
  });

  it('need no JavaScript for the login and the grant', async () => {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(authorization('demo-app', 'token'));
    await logIn(page, 'operator');
    await press(page, 'Accept');
    await page.waitForURL(/\/test#access_token=/);
    await page.getByRole('heading', { name: 'Test page' }).waitFor();
  });

  it('log a person in and out', async () => {
    const page = await openPage();
    await page.goto(service.baseUrl);
    await page.getByRole('link', { name: 'Log in' }).click();
    await logIn(page, 'demo');
    await sees(page, 'You are logged in as demo.');
    await press(page, 'Log out');
    await sees(page, 'You are not logged in.');
  });

  it('tell of an unknown application without sending anything to it', async () => {
    const page = await openPage();
    const reply = await page.goto(authorization('unknown', 'code'));
    expect(reply?.status()).toBe(400);
    expect(await page.getByRole('alert').textContent()).toMatch(/^[A-Z].+\.$/);
  });

  it.each<[string, BrowserContextOptions]>([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['on a small screen', { viewport: { width: 320, height: 640 } }],
  ])('have a structure, names and contrast that everybody can use: %s', async (_name, options) => {
    const page = await openPage(options);
    const faults: Record<string, string[]> = {};
    const audit = async (name: string): Promise<void> => void (faults[name] = await accessibilityFaults(page));
    await page.goto(service.baseUrl);
    await audit('home');
    await page.goto(authorization('unknown', 'code'));
    await audit('error');
    await page.goto(authorization('demo-js', 'token'));
    await audit('login');
    await logIn(page, 'admin', 'wrong');
    await audit('login refused');
    await logIn(page, 'admin');
    await page.waitForURL(/\/auth\/grant/);
    await audit('grant');
    await press(page, 'Refuse');
    await page.locator('#problem:not(:empty)').waitFor();
    await audit('test, refused');
    await callAsDemo(page);
    await audit('test, in a call');
    await hangUpAndSee(page, 'The call is over. You ended it.');
    expect(faults).toEqual({
      home: [],
      error: [],
      login: [],
      'login refused': [],
      grant: [],
      'test, refused': [],
      'test, in a call': [],
    });
  });

  /** The same browser, as the person who has a phone. */
  const callAsDemo = async (page: Page): Promise<void> => {
    await page.goto(service.baseUrl);
    await press(page, 'Log out');
    await page.goto(`${service.baseUrl}/test`);
    await flowTo(page, 'Client-side flow');
    await call(page, '+12025550100');
    await stateOf(page).getByText('Connected.').waitFor();
    await page.getByRole('row', { name: /\+12025550100.*connected/ }).waitFor();
  };

  it('made no browser complain', () => {
    expect(complaints).toEqual([]);
  });
});

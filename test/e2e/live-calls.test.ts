import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accessibilityFaults } from '../support/accessibility.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { RestClient } from '../support/rest-client.ts';
import { type StartedService, startService } from '../support/start-service.ts';

const LOOK_EVERY_MS = 50;

let directory: string;
let port: string;
let service: StartedService;
let browser: TestBrowser;
let token: string;
let rest: RestClient;

/** On the same port with the same data, as after a restart. */
const start = (): Promise<StartedService> =>
  startService({ directory, env: { PORT: port, OFFHOOK_LOG_LEVEL: 'warn' } });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offhook-live-'));
  port = String(await freePort());
  [browser, service] = await Promise.all([startBrowser(), start()]);
}, 60_000);

beforeEach(async () => {
  const fields = { grant_type: 'password', username: 'demo', password: 'demo', scope: 'read write' };
  const body = new URLSearchParams({ ...fields, client_id: 'demo-password', client_secret: 'demo-secret' });
  const reply = await fetch(`${service.baseUrl}/oauth/token`, { method: 'POST', body });
  ({ access_token: token } = (await reply.json()) as { access_token: string });
  rest = new RestClient(service.baseUrl, token);
});

afterAll(async () => {
  await browser.close();
  await service.stop();
  await rm(directory, { recursive: true });
}, 30_000);

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await pause(LOOK_EVERY_MS);
};

/** All that happened in a call, by the journal. */
const happened = async (tokenCall: string): Promise<readonly string[]> =>
  (await rest.events(tokenCall)).map(({ event, sequence }) => `${tokenCall} ${sequence} ${event}`);

/** A page of the service that notes what the stream of our pages tells it. */
const openListener = async (): Promise<Page> => {
  const page = await browser.openPage();
  await page.goto(service.baseUrl);
  await page.evaluate(`(async () => {
    const assets = document.querySelector('script[src*="/page.js"]').src;
    const { CallStream } = await import(new URL('call-stream.js', assets));
    window.heard = [];
    new CallStream({
      accessToken: () => '${token}',
      onSnapshot: (calls) => heard.push('snapshot of ' + calls.length),
      onEvent: ({ event, sequence, call }) => heard.push(call.token_call + ' ' + sequence + ' ' + event),
      onState: () => undefined,
    }).open();
  })()`);
  await until(async () => (await heardBy(page)).length > 0);
  return page;
};

const heardBy = (page: Page): Promise<readonly string[]> => page.evaluate('heard');

const hasSettled = (page: Page, tokenCall: string) => async (): Promise<boolean> =>
  (await heardBy(page)).some((line) => line.startsWith(tokenCall) && line.endsWith('call.settled'));

describe("the stream of our pages, by the browser's own EventSource", () => {
  it('tells what happens in its order, and goes on over a restart of the service without loss or repeat', async () => {
    const page = await openListener();
    const before = await rest.play();
    await until(hasSettled(page, before));
    await service.stop();
    service = await start();
    const after = await rest.play();
    await until(hasSettled(page, after));
    const all = [...(await happened(before)), ...(await happened(after))];
    expect(await heardBy(page)).toEqual(['snapshot of 0', ...all]);
    await page.close();
  }, 60_000);

  it('tells a tab that slept what happened meanwhile', async () => {
    const page = await openListener();
    const session = await page.context().newCDPSession(page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    const missed = await rest.play();
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await until(hasSettled(page, missed));
    expect(await heardBy(page)).toEqual(['snapshot of 0', ...(await happened(missed))]);
    await page.close();
  }, 60_000);

  it('is there for a page by its session alone, and ends with the log-out', async () => {
    const page = await browser.openPage();
    await page.goto(`${service.baseUrl}/auth/login`);
    await page.getByLabel('Username').fill('demo');
    await page.getByLabel('Password').fill('demo');
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await page.waitForURL(`${service.baseUrl}/`);
    await page.evaluate(`(async () => {
      window.heard = [];
      const ask = async (address, headers) =>
        (await fetch(address, { method: 'POST', headers: { Accept: 'application/json', ...headers } })).json();
      const { access_token } = await ask('/auth/page-token', {});
      const { url } = await ask('/rest/call/events', { Authorization: 'Bearer ' + access_token });
      const source = new EventSource(url);
      source.addEventListener('snapshot', () => heard.push('snapshot'));
      source.addEventListener('call.connected', () => heard.push('connected'));
      source.addEventListener('closed', ({ data }) => heard.push(JSON.parse(data).reason));
      source.addEventListener('error', () => {
        if (source.readyState === EventSource.CLOSED) heard.push('given up');
      });
    })()`);
    await until(async () => (await heardBy(page)).length > 0);
    await rest.play();
    await until(async () => (await heardBy(page)).includes('connected'));
    const tab = await page.context().newPage();
    await tab.goto(service.baseUrl);
    await tab.getByRole('button', { name: 'Log out', exact: true }).click();
    await until(async () => (await heardBy(page)).includes('given up'));
    expect(await heardBy(page)).toEqual(['snapshot', 'connected', 'token_revoked', 'given up']);
    await page.context().close();
  }, 60_000);
});

describe('the first page', () => {
  it('shows a user who is logged in the ongoing calls as they change, and says so when the session is over', async () => {
    const page = await browser.openPage();
    await page.goto(`${service.baseUrl}/auth/login`);
    await page.getByLabel('Username').fill('demo');
    await page.getByLabel('Password').fill('demo');
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    await page.getByText('None at the moment.').waitFor();
    const tokenCall = await rest.place({ number: '+12025550100' });
    await page.getByRole('row', { name: /\+12025550100.*connected/ }).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await rest.stop(tokenCall);
    await page.getByText('None at the moment.').waitFor();
    const tab = await page.context().newPage();
    await tab.goto(service.baseUrl);
    await tab.getByRole('button', { name: 'Log out', exact: true }).click();
    await page.getByText('You are logged out.').waitFor();
    await page.context().close();
  }, 60_000);
});

describe('the test page', () => {
  /** The page with a token, and what it asked for. */
  const openTestPage = async (): Promise<{ readonly page: Page; readonly asked: string[] }> => {
    const page = await browser.openPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`));
    await page.goto(`${service.baseUrl}/test`);
    const kept = JSON.stringify({ accessToken: token, scope: '', expiresAt: Date.now() + 3_600_000 });
    await page.evaluate(`sessionStorage.setItem('offhook.token', ${JSON.stringify(kept)})`);
    return { page, asked };
  };

  const isLook = (line: string): boolean => line.startsWith('GET') && line.includes('/rest/call?token_call=');

  const callAndHangUp = async (page: Page): Promise<void> => {
    await page.getByLabel('Sandbox number').selectOption('+12025550100');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    await page.locator('#call-state').getByText('Connected.').waitFor();
    await page.getByRole('row', { name: /\+12025550100.*connected/ }).waitFor();
    await page.locator('#stop').click();
    await page.locator('#call-state').getByText('The call is over. You ended it.').waitFor();
    await page.getByText('ended, caller ended, callee ended').waitFor();
    await page.getByText('None at the moment.').waitFor();
  };

  it('shows a call live and does not go on asking for it, also after the service was restarted', async () => {
    const { page, asked } = await openTestPage();
    await page.reload();
    await until(() => Promise.resolve(asked.some((line) => line.includes('stream_token='))));
    await page.getByText('None at the moment.').waitFor();
    await callAndHangUp(page);
    const states = await page.locator('#history code').allTextContents();
    expect(states[0]).toBe('created, caller created, callee created');
    expect(new Set(states).size).toBe(states.length);
    // Once, where the answer to the POST was here before the first event: the call might be over already.
    expect(asked.filter(isLook).length).toBeLessThanOrEqual(1);
    await service.stop();
    service = await start();
    const streams = (): number => asked.filter((line) => line.includes('stream_token=')).length;
    const opened = streams();
    await until(() => Promise.resolve(streams() > opened));
    await callAndHangUp(page);
    await page.close();
  }, 60_000);

  it('asks for its calls where no stream can be had', async () => {
    const { page, asked } = await openTestPage();
    await page.route('**/rest/call/events', (route) => route.fulfill({ status: 503, body: '{}' }));
    await page.reload();
    await callAndHangUp(page);
    expect(asked.some(isLook)).toBe(true);
    expect(await page.locator('#problem').textContent()).toBe('');
    await page.close();
  }, 60_000);

  it('gives its connection back while it is not seen', async () => {
    const { page, asked } = await openTestPage();
    await page.reload();
    const streams = (): number => asked.filter((line) => line.includes('stream_token=')).length;
    await until(() => Promise.resolve(streams() === 1));
    const see = (state: string): Promise<unknown> =>
      page.evaluate(`(() => {
        Object.defineProperty(document, 'hidden', { value: ${String(state === 'hidden')}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      })()`);
    await page.getByText('None at the moment.').waitFor();
    await see('hidden');
    const tokenCall = await rest.play();
    expect(streams()).toBe(1);
    await see('visible');
    await until(() => Promise.resolve(streams() === 2));
    const resumed = asked.findLast((line) => line.includes('stream_token='));
    expect(tokenCall).not.toBe('');
    expect(resumed).toContain('&last_event_id=');
    await callAndHangUp(page);
    await page.close();
  }, 60_000);
});

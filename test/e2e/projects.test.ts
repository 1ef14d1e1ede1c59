import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { accessibilityFaults } from '../support/accessibility.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { type StartedService, startService } from '../support/start-service.ts';

let directory: string;
let service: StartedService;
let browser: TestBrowser;
/** What the browser complained of, but for forms that were refused on purpose. */
const complaints: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offhook-'));
  service = await startService({ directory, env: { OFFHOOK_SANDBOX: 'on' } });
  browser = await startBrowser();
}, 60_000);
afterAll(async () => {
  await browser.close();
  await service.stop();
  await rm(directory, { recursive: true, force: true });
}, 30_000);

const JOB_LIMIT_MS = 60_000;

const enter = async (options: { readonly javaScriptEnabled?: boolean } = {}): Promise<Page> => {
  const page = await browser.openPage(options);
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (line) => {
    if (/Content Security Policy|Refused to|TrustedScript/i.test(line.text())) complaints.push(line.text());
  });
  await page.goto(`${service.baseUrl}/management/projects`);
  await page.getByLabel('Username').fill('demo');
  await page.getByLabel('Password').fill('demo');
  await press(page, 'Log in');
  await page.getByRole('heading', { name: 'Projects' }).waitFor();
  return page;
};

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

/** In light and dark, on a phone, a tablet and a desk. */
const expectAccessible = async (page: Page): Promise<void> => {
  for (const width of [390, 768, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await accessibilityFaults(page)).toEqual([]);
    }
  }
};

const watchToEnd = async (page: Page): Promise<void> => {
  await page.waitForURL('**/jobs/*');
  await page.locator('#job[data-over="true"]').waitFor({ timeout: JOB_LIMIT_MS });
};

it('make a project by rows, watch it live to its end, and look at why it failed', async () => {
  const page = await enter();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'New project' }).click();
  await page.getByLabel('Name', { exact: true }).fill('By rows');
  await press(page, 'Add a script');
  await page.locator('[data-path="scripts[0].name"]').fill('is busy');
  await page.locator('[data-path="scripts[0].number"]').fill('+12025550101');
  await press(page, 'Add a script');
  await page.locator('[data-path="scripts[1].name"]').fill('presses keys');
  await page.locator('[data-path="scripts[1].number"]').fill('+12025550114');
  await press(page, 'Add a step to script 2');
  await page.locator('[data-path="scripts[1].steps[0]"]').selectOption('dtmf');
  await page.locator('[data-path="scripts[1].steps[0].dtmf"]').fill('1x');
  await page.locator('#schedule').fill('0 3 * * *');
  await page.getByText('Next: ').waitFor();
  await press(page, 'Make the project');

  const typed = page.locator('[data-path="scripts[1].steps[0].dtmf"]');
  await page.getByRole('alert').waitFor();
  expect(await typed.inputValue()).toBe('1x');
  expect(await typed.getAttribute('aria-invalid')).toBe('true');
  await expectAccessible(page);
  await typed.fill('147#');
  await page.getByRole('button', { name: 'Move script 2 up' }).press('Enter');
  await press(page, 'Make the project');
  await page.getByText('The project is made').waitFor();
  await page.getByText('2 · is busy').waitFor();
  expect(await page.locator('#rows summary').allTextContents()).toEqual([
    '1 · presses keys · +12025550114',
    '2 · is busy · +12025550101',
  ]);

  await press(page, 'Run now');
  await watchToEnd(page);
  expect(await page.locator('#job-counts').textContent()).toBe('2 of 2 scripts done: 1 passed, 1 failed');
  await expectAccessible(page);
  await page.getByRole('link', { name: 'is busy' }).click();
  const outcome = page.getByRole('row', { name: /Outcome/ });
  expect(await outcome.textContent()).toMatch(/completed\s*busy\s*Fail/);
  await expectAccessible(page);

  await page.getByRole('link', { name: 'By rows' }).click();
  await page.getByText('2 · is busy').click();
  await page.locator('[data-path="scripts[1].expect.outcome"]').selectOption('busy');
  await press(page, 'Save the changes');
  await page.getByText('The project is saved').waitFor();
  await press(page, 'Run now');
  await watchToEnd(page);
  expect(await page.locator('#job-counts').textContent()).toBe('2 of 2 scripts done: 2 passed, 0 failed');
  await page.getByRole('link', { name: 'presses keys' }).click();
  await page.getByRole('heading', { name: 'What was heard' }).waitFor();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'By rows' }).click();
  await page.locator('#trend canvas').waitFor();
  await expectAccessible(page);
}, 180_000);

it('make a project by JSON, run and delete it, without JavaScript', async () => {
  const page = await enter({ javaScriptEnabled: false });
  await page.getByRole('link', { name: 'New project' }).click();
  await page.getByLabel('Name', { exact: true }).fill('By JSON');
  await page.getByLabel('Scripts', { exact: true }).fill('[{"name":"is busy"}]');
  await press(page, 'Make the project');
  await page.getByText('scripts[0].number is missing').waitFor();
  expect(await page.getByLabel('Scripts', { exact: true }).inputValue()).toBe('[{"name":"is busy"}]');
  const whole = '[{"name":"is busy","number":"+12025550101","expect":{"outcome":"busy"}}]';
  await page.getByLabel('Scripts', { exact: true }).fill(whole);
  await press(page, 'Make the project');
  await press(page, 'Run now');
  await page.getByRole('link', { name: 'is busy' }).waitFor();
  await page.getByRole('link', { name: 'By JSON' }).click();
  await page.getByRole('link', { name: 'Delete' }).click();
  await press(page, 'Delete it');
  await page.getByText('The project is deleted').waitFor();
}, 60_000);

it('keep rows and JSON in step', async () => {
  const page = await enter();
  await page.getByRole('link', { name: 'Sandbox tour', exact: true }).click();
  await page.getByText('12 · Presses the keys').waitFor();
  await page.getByText('The scripts as JSON').click();
  const json = page.getByLabel('Scripts', { exact: true });
  await json.fill('[{"name":"one","number":"101"}]');
  expect(await page.locator('#rows summary').allTextContents()).toEqual(['1 · one · 101']);
  await json.fill('[{"name":"one",');
  await page.getByText('This is not JSON yet').waitFor();
  expect(await page.locator('#rows summary').count()).toBe(1);
  await json.fill('[{"name":"one","number":"101"}]');
  await page.getByText('1 · one · 101').click();
  await page.locator('[data-path="scripts[0].expect.tone_hz"]').fill('425');
  expect(JSON.parse(await json.inputValue())).toEqual([
    { name: 'one', number: '101', expect: { tone_hz: 425 }, steps: [] },
  ]);
}, 60_000);

it('upload a sound, and can play it', async () => {
  const page = await enter();
  await page.getByRole('link', { name: 'Sounds' }).click();
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + 16_000, 4);
  header.write('WAVEfmt ', 8);
  [16, 0x10001, 8000, 16_000, 0x100002].forEach((word, index) => header.writeUInt32LE(word, 16 + 4 * index));
  header.write('data', 36);
  header.writeUInt32LE(16_000, 40);
  const buffer = Buffer.concat([header, Buffer.alloc(16_000)]);
  await page.setInputFiles('#sound-file', { name: 'Hello World.wav', mimeType: 'audio/wav', buffer });
  await press(page, 'Upload it');
  await page.getByText('The sound is kept').waitFor();
  const played = page.waitForResponse('**/sounds/hello-world.wav');
  await page.locator('audio').evaluate((audio: unknown) => {
    const element = audio as { preload: string; load(): void };
    element.preload = 'auto';
    element.load();
  });
  expect((await played).status()).toBe(200);
  await expectAccessible(page);
}, 60_000);

it('go on to watch a job after the service was away', async () => {
  const page = await enter();
  await page.getByRole('link', { name: 'Sandbox tour', exact: true }).click();
  await press(page, 'Run now');
  await page.waitForURL('**/jobs/*');
  await page.getByText('Running', { exact: true }).first().waitFor();
  const { baseUrl } = service;
  await service.stop();
  await page.getByText('The service cannot be reached').waitFor();
  service = await startService({ directory, env: { OFFHOOK_SANDBOX: 'on', PORT: new URL(baseUrl).port } });
  await watchToEnd(page);
  expect(await page.locator('#problem').textContent()).toBe('');
  expect(await page.locator('#job-counts').textContent()).toMatch(/^12 of 12 scripts done/);
}, 120_000);

it('never break the policies of the page', () => {
  expect(complaints).toEqual([]);
});

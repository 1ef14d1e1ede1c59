import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { readDocument } from '../docs/document.ts';
import { startBrowser, type TestBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { RestClient } from '../support/rest-client.ts';
import { type StartedService, startService } from '../support/start-service.ts';

const LOOK_EVERY_MS = 50;

let directory: string;
let port: string;
let service: StartedService;
let rest: RestClient;
let token: string;

const start = (): Promise<StartedService> => startService({ directory, env: { PORT: port } });

const restart = async (): Promise<void> => {
  await service.stop();
  service = await start();
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offhook-follow-'));
  port = String(await freePort());
  service = await start();
  const fields = { grant_type: 'password', username: 'demo', password: 'demo' };
  const body = new URLSearchParams({ ...fields, client_id: 'demo-password', client_secret: 'demo-secret' });
  const reply = await fetch(`${service.baseUrl}/oauth/token`, { method: 'POST', body });
  ({ access_token: token } = (await reply.json()) as { access_token: string });
  rest = new RestClient(service.baseUrl, token);
}, 60_000);

afterAll(async () => {
  await service.stop();
  await rm(directory, { recursive: true });
}, 30_000);

/** The block of docs/follow-calls.md for that file, as what runs. */
const programOf = (path: string): string => {
  const { blocks } = readDocument('docs/follow-calls.md');
  const block = blocks.find(({ language, text }) => language === 'ts' && text.startsWith(`// ${path}\n`));
  if (block === undefined) throw new Error(`docs/follow-calls.md has no ${path}`);
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(block.text, { compilerOptions }).outputText;
};

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await pause(LOOK_EVERY_MS);
};

/** All that happened in a call, by the journal. */
const happened = async (tokenCall: string): Promise<readonly string[]> =>
  (await rest.events(tokenCall)).map(({ event, sequence }) => `${tokenCall} ${sequence} ${event}`);

describe('the programs of docs/follow-calls.md', () => {
  it('follow calls from a server, over a restart, each event once', async () => {
    await writeFile(join(directory, 'follow.mjs'), programOf('server/follow.ts'));
    const main = `import { follow } from './follow.mjs';
      for await (const { data } of follow(process.env.BASE, process.env.TOKEN)) console.log(data);`;
    await writeFile(join(directory, 'main.mjs'), main);
    const env = { PATH: process.env['PATH'], BASE: service.baseUrl, TOKEN: token };
    const program = spawn(process.execPath, ['main.mjs'], {
      cwd: directory,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const told: string[] = [];
      createInterface({ input: program.stdout }).on('line', (line) => {
        const { event, sequence, call } = JSON.parse(line) as {
          readonly event?: string;
          readonly sequence?: number;
          readonly call?: { readonly token_call: string };
        };
        if (call !== undefined) told.push(`${call.token_call} ${sequence ?? ''} ${event ?? ''}`);
        else if (event === undefined) told.push('snapshot or end');
      });
      const settled = (tokenCall: string) => (): boolean =>
        told.some((line) => line.startsWith(tokenCall) && line.endsWith('call.settled'));
      await until(() => told.length > 0);
      const first = await rest.play();
      await until(settled(first));
      await restart();
      const second = await rest.play();
      await until(settled(second));
      const end = 'snapshot or end';
      expect(told).toEqual([end, ...(await happened(first)), end, ...(await happened(second))]);
    } finally {
      program.kill();
      await once(program, 'exit');
    }
  }, 60_000);

  describe('from a page of another origin', () => {
    let browser: TestBrowser;
    let site: Server;

    beforeAll(async () => {
      browser = await startBrowser();
      const script = programOf('page/follow.ts');
      const html =
        '<!doctype html><script type="module">import * as page from "/follow.js"; window.page = page;</script>';
      site = createServer(({ url }, response) => {
        const isScript = url === '/follow.js';
        response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
        response.end(isScript ? script : html);
      }).listen(0, '127.0.0.1');
      await once(site, 'listening');
    });

    afterAll(async () => {
      await browser.close();
      site.close();
    });

    it('show what becomes of each call, over a restart, until the token ends', async () => {
      const page = await browser.openPage();
      const answers: number[] = [];
      page.on('response', (response) => {
        if (response.request().method() === 'POST') answers.push(response.status());
      });
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
      await until(() => page.evaluate<boolean>('window.page !== undefined'));
      await page.evaluate(`(() => {
        window.shown = [];
        page.follow('${service.baseUrl}', '${token}', (call) => shown.push(call.token_call + ' ' + call.state));
      })()`);
      const shown = (): Promise<readonly string[]> => page.evaluate('shown');
      const lifeOf = (tokenCall: string): readonly string[] =>
        ['created', 'connected', 'ended'].map((state) => `${tokenCall} ${state}`);
      await until(() => answers.includes(201));
      const first = await rest.play();
      await until(async () => (await shown()).includes(`${first} ended`));
      await restart();
      const second = await rest.play();
      await until(async () => (await shown()).includes(`${second} ended`));
      expect(await shown()).toEqual([...lifeOf(first), ...lifeOf(second)]);
      const authorization = { Authorization: `Bearer ${token}` };
      await fetch(`${service.baseUrl}/auth/logout`, { method: 'POST', headers: authorization });
      await until(() => answers.includes(401));
    }, 60_000);
  });
});

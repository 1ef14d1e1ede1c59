import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readDocument } from '../docs/document.ts';
import { freePort } from '../support/free-port.ts';
import { nginxConfiguration } from '../support/nginx.ts';
import { isOver, RestClient } from '../support/rest-client.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { AnsweringPeer } from './answering-peer.ts';
import { runOffhook } from './run-offhook.ts';

const HOST = 'phone.example.com';
const LOOK_EVERY_MS = 50;
/** Debian has nginx where only root looks. */
const NGINX = '/usr/sbin/nginx';
const OPENSSL = '/usr/bin/openssl';

let directory: string;
let places: { readonly https: number; readonly http: number; readonly service: number };
let peer: AnsweringPeer;
let service: StartedService;
let nginx: ChildProcess;
let token: string;

/** Shorter than two comments are apart, and than the words of the document; a reload ends its old connections at once. */
const configuration = (): string => {
  const block = readDocument('docs/operate.md').blocks.find(({ language }) => language === 'nginx')?.text ?? '';
  const impatient = block.replace('proxy_read_timeout 75s', 'proxy_read_timeout 20s');
  return nginxConfiguration(impatient, { directory, ...places }, 'worker_shutdown_timeout 1s;');
};

const fileOf = (): string => join(directory, 'nginx.conf');

const startNginx = async (): Promise<void> => {
  const key = ['-keyout', `${directory}/offhook-tls.key`, '-out', `${directory}/offhook-tls.crt`];
  spawnSync(OPENSSL, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${HOST}`, ...key]);
  await writeFile(fileOf(), configuration());
  nginx = spawn(NGINX, ['-c', fileOf(), '-g', 'daemon off;'], { stdio: 'inherit' });
  while (!existsSync(join(directory, 'nginx.pid'))) await pause(LOOK_EVERY_MS);
};

const addAccounts = async (): Promise<string> => {
  await runOffhook(['user', 'add', 'ada'], { directory, input: 'a long password\n' });
  await runOffhook(['phone', 'add', 'ada', '--address', peer.uri.replace('sip:', 'sip:ada@')], { directory });
  const words = ['client', 'add', 'desk', '--grants', 'password', '--scope', 'call'];
  const { printed, said } = await runOffhook(words, { directory });
  const secret = /[\w-]{43}/.exec(printed)?.[0];
  if (secret === undefined) throw new Error(`no secret: ${printed} ${said}`);
  return secret;
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offhook-nginx-'));
  places = { https: await freePort(), http: await freePort(), service: await freePort() };
  peer = await AnsweringPeer.open();
  service = await startService({
    directory,
    env: {
      PORT: String(places.service),
      OFFHOOK_PUBLIC_URL: `https://${HOST}:${places.https}`,
      OFFHOOK_TRUSTED_PROXIES: '127.0.0.1',
    },
    settings: { trunks: [{ name: 'peer', uri: peer.uri }] },
  });
  const secret = await addAccounts();
  const fields = { grant_type: 'password', username: 'ada', password: 'a long password', scope: 'call' };
  const body = new URLSearchParams({ ...fields, client_id: 'desk', client_secret: secret });
  const reply = await fetch(`http://127.0.0.1:${places.service}/oauth/token`, { method: 'POST', body });
  ({ access_token: token } = (await reply.json()) as { access_token: string });
  await startNginx();
}, 60_000);

afterAll(async () => {
  nginx.kill('SIGTERM');
  await once(nginx, 'exit');
  await service.stop();
  await peer.close();
  await rm(directory, { recursive: true });
}, 60_000);

/** A reader through the proxy, which goes on where it was whenever its connection ends. */
class Reader {
  readonly told: string[] = [];
  comments = 0;
  connections = 0;
  #lastId = '';
  #response: IncomingMessage | undefined;
  #state: 'reading' | 'closed' = 'reading';

  constructor() {
    this.#connect();
  }

  close(): void {
    this.#state = 'closed';
    this.#response?.destroy();
  }

  #connect(): void {
    if (this.#state === 'closed') return;
    const authorization = { Authorization: `Bearer ${token}`, Host: `${HOST}:${places.https}` };
    const headers = { ...authorization, ...(this.#lastId !== '' && { 'Last-Event-ID': this.#lastId }) };
    const where = { host: '127.0.0.1', port: places.https, path: '/rest/call/events', agent: false };
    const again = (): void => void pause(LOOK_EVERY_MS).then(() => this.#connect());
    request({ ...where, headers, rejectUnauthorized: false }, (response) => {
      if (response.statusCode !== 200) {
        response.resume().on('end', again);
        return;
      }
      this.connections += 1;
      this.#response = response;
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        blocks.forEach((block) => this.#take(block));
      });
      response.on('error', () => undefined).on('close', again);
    })
      .on('error', again)
      .end();
  }

  #take(block: string): void {
    this.#lastId = /^id: (.*)$/m.exec(block)?.[1] ?? this.#lastId;
    if (/^:/m.test(block)) this.comments += 1;
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined) return;
    const {
      call,
      sequence,
      event = 'snapshot',
    } = JSON.parse(data) as {
      readonly event?: string;
      readonly sequence?: number;
      readonly call?: { readonly token_call: string };
    };
    this.told.push(call === undefined ? event : `${call.token_call} ${sequence ?? ''} ${event}`);
  }
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await pause(LOOK_EVERY_MS);
};

const settled = (reader: Reader, tokenCall: string) => (): boolean =>
  reader.told.some((line) => line.startsWith(tokenCall) && line.endsWith('call.settled'));

describe('the stream of events through nginx as docs/operate.md has it', () => {
  it('comes event by event, is kept over silence by its comments, and goes on over a reload', async () => {
    const rest = new RestClient(`http://127.0.0.1:${places.service}`, token);
    const reader = new Reader();
    try {
      await until(() => reader.told.includes('snapshot'));
      const first = await rest.place({ number: '+12025550100' });
      await until(() => reader.told.some((line) => line.endsWith('call.connected')));
      await rest.stop(first);
      await until(settled(reader, first));
      await until(() => reader.comments >= 3);
      expect(reader.connections).toBe(1);
      const second = await rest.place({ number: '+12025550100' });
      spawnSync(NGINX, ['-c', fileOf(), '-s', 'reload']);
      await until(() => reader.connections === 2);
      await rest.stop(second);
      await rest.until(second, isOver);
      await until(settled(reader, second));
      const { length } = reader.told;
      expect(reader.told.filter((line) => line === 'snapshot')).toHaveLength(1);
      expect(new Set(reader.told).size).toBe(length);
      const ofSecond = reader.told.filter((line) => line.startsWith(second)).map((line) => Number(line.split(' ')[1]));
      const last = ofSecond.at(-1) ?? 0;
      expect(ofSecond).toEqual([...Array.from({ length: last }, (_, index) => index + 1), last]);
    } finally {
      reader.close();
    }
  }, 120_000);
});

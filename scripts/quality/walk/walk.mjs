// The true way of a request through the sources: `npm run walk`. Every function tells of its calls while the service
// places a call and gives a token; the spine is the chain of calls that leads from the request to what it is for.
// With --write, docs/architecture.md gets what was measured; with --check, it must say just that.
import { Socket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { instrument } from './instrument.mjs';
import { chain, frames, functions, observers, watch } from './recorder.mjs';

const root = new URL('../../..', import.meta.url).pathname;
const target = join(root, 'dist', 'walk');
const directory = mkdtempSync(join(tmpdir(), 'offhook-walk-'));

const walks = [
  { request: 'POST /rest/call', to: 'INVITE', title: 'from the request to the INVITE' },
  { request: 'POST /oauth/token', to: 'store', title: 'from the request to the store of tokens' },
  { request: 'POST /oauth/token', to: 'reply', title: 'from the request to the reply' },
];

/** The chain of calls that led to what a request is for, when it first happens. */
const arrivals = new Map();
const arrive = (to) => {
  const way = chain();
  const key = `${way?.name} ${to}`;
  if (way !== undefined && !arrivals.has(key)) arrivals.set(key, way.frames);
};

const { emit } = Server.prototype;
Server.prototype.emit = function (event, ...args) {
  const [request] = args;
  if (event !== 'request' || request.method !== 'POST') return emit.call(this, event, ...args);
  return watch(`POST ${request.url}`, () => emit.call(this, event, ...args));
};
const { send } = Socket.prototype;
Socket.prototype.send = function (data, ...args) {
  if (data.toString('latin1', 0, 7) === 'INVITE ') arrive('INVITE');
  return send.call(this, data, ...args);
};
observers.set('KyselyTokenStore.start', () => arrive('store'));
const { end } = ServerResponse.prototype;
ServerResponse.prototype.end = function (...args) {
  arrive('reply');
  return end.apply(this, args);
};

const useService = async (base) => {
  const form = (fields, headers = {}) => ({ method: 'POST', body: new URLSearchParams(fields), headers });
  const demo = { client_id: 'demo-password', client_secret: 'demo-secret', username: 'demo', password: 'demo' };
  const token = await fetch(`${base}/oauth/token`, form({ grant_type: 'password', ...demo }));
  const { access_token: accessToken } = await token.json();
  const headers = { authorization: `Bearer ${accessToken}` };
  const call = await fetch(`${base}/rest/call`, form({ number: '+12025550100' }, headers));
  const address = call.headers.get('location');
  for (let state; state !== 'connected'; await pause(20))
    ({ state } = await (await fetch(address, { headers })).json());
};

const measure = async () => {
  instrument({ root, folders: ['src', 'db'], target, register: (each) => functions.push(each) - 1 });
  Object.assign(process.env, {
    PORT: '0',
    OFFHOOK_DATABASE_URL: `sqlite:${join(directory, 'offhook.db')}`,
    OFFHOOK_SECRET_FILE: join(directory, 'offhook.key'),
    OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:0,tcp:127.0.0.1:0',
    OFFHOOK_LOG_LEVEL: 'silent',
  });
  const { readConfig } = await import(join(target, 'src/config/config.js'));
  const { startService } = await import(join(target, 'src/app/service.js'));
  const service = await startService(readConfig());
  try {
    await useService(service.publicUrl);
  } finally {
    await service.stop();
  }
};

/** The stays in one file after another: the functions of a file that call each other are one step. */
const stepsOf = (way) => {
  const steps = [];
  for (const { id } of way) {
    const { file, name } = functions[id];
    const last = steps.at(-1);
    if (last?.file !== file) steps.push({ file, names: [name] });
    else if (last.names.at(-1) !== name) last.names.push(name);
  }
  return steps;
};

const describe = ({ request, to, title }) => {
  const way = arrivals.get(`${request} ${to}`);
  if (way === undefined) throw new Error(`${request} never came to its ${to}`);
  const steps = stepsOf(way);
  const files = [...new Set(steps.map(({ file }) => file))];
  const returns = steps.filter(({ file }, index) => steps.findIndex((step) => step.file === file) < index);
  const width = Math.max(...steps.map(({ file }) => file.length));
  return [
    `${request}, ${title}: ${files.length} files`,
    '',
    ...steps.map(({ file, names }) => `${file.padEnd(width)}  ${names.join(', ')}`),
    '',
    returns.length === 0 ? 'No file is come back to.' : `Come back to: ${returns.map(({ file }) => file).join(', ')}.`,
  ].join('\n');
};

/** All that a request and what came of it have executed, the spine and what was called beside it. */
const extentOf = (request) => {
  const executed = new Set(frames.filter(({ root: { name } }) => name === request).map(({ id }) => functions[id].file));
  const lines = [...executed].reduce((sum, file) => sum + readFileSync(join(root, file), 'utf8').split('\n').length, 0);
  return `${request} and what came of it: ${executed.size} files executed, of ${lines} lines`;
};

const DOCUMENT = join(root, 'docs', 'architecture.md');
const BLOCK = /(<!-- walk -->\n```text\n)[\s\S]*?(\n```)/;

try {
  await measure();
  const text = walks.map(describe).join('\n\n');
  console.log(`${text}\n`);
  for (const request of new Set(walks.map((each) => each.request))) console.log(extentOf(request));
  const document = readFileSync(DOCUMENT, 'utf8');
  if (!BLOCK.test(document)) throw new Error(`${DOCUMENT} has no block for the walk`);
  const current = document.replace(BLOCK, (_, before, after) => `${before}${text}${after}`);
  if (process.argv.includes('--write')) writeFileSync(DOCUMENT, current);
  if (process.argv.includes('--check') && current !== document) {
    console.error('docs/architecture.md tells another way: run `npm run walk -- --write`');
    process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
  rmSync(target, { recursive: true, force: true });
}

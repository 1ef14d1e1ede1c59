/*
 * The HTTP side against bare Express 5 routes that answer JSON of the same size, each in a process of its own. Rounds
 * go over all subjects in turn, so that a busy moment of the machine does not hit one of them alone; a figure is the
 * median of its rounds.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { obtainTokens } from '../../test/support/authorize.ts';
import { type StartedService, startService } from '../../test/support/start-service.ts';
import { median } from './figures.ts';
import { httpRequest, type Requests } from './load.ts';
import { insertOngoingCalls } from './ongoing-calls.ts';
import {
  measure,
  nodeArguments,
  type Peer,
  perSecond,
  printSubjects,
  repeated,
  startPeer,
  type Subject,
  subject,
} from './subjects.ts';

const CONNECTIONS = 16;
const ROUNDS = Number(process.env['ROUNDS'] ?? 7);
const ROUND_MS = Number(process.env['ROUND_MS'] ?? 1500);
const STARTS = 5;
const OWN_CALLS = 10;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const portOf = (url: string): number => Number(new URL(url).port);

const same = (bytes: Buffer): Requests[] => repeated(bytes, CONNECTIONS);

const openService = (): Promise<StartedService> =>
  startService({
    nodeArguments,
    env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' },
    settings: { limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 } },
  });

/** Each use of a refresh token gives the next one (RFC 9700 section 4.14.2): a chain for each connection. */
const refreshes = async (service: StartedService): Promise<Requests[]> => {
  const chains: Requests[] = [];
  while (chains.length < CONNECTIONS) {
    let { refreshToken } = await obtainTokens(service.baseUrl);
    chains.push({
      next: () =>
        httpRequest(
          ...(['POST', '/oauth/token', FORM] as const),
          `grant_type=refresh_token&client_id=demo-app&client_secret=demo-secret&refresh_token=${refreshToken}`,
        ),
      onReply: (body) => {
        ({ refresh_token: refreshToken } = JSON.parse(body.toString()) as { refresh_token: string });
      },
    });
  }
  return chains;
};

const startExpress = async (samples: object): Promise<Peer> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
  await writeFile(join(directory, 'samples.json'), JSON.stringify(samples));
  const { stop, ...peer } = await startPeer('bare-express.ts', join(directory, 'samples.json'));
  return { ...peer, stop: () => stop().then(() => rm(directory, { recursive: true, force: true })) };
};

const status = (port: number): Promise<number> =>
  new Promise((resolve) => {
    request({ port, host: '127.0.0.1', path: '/healthz', agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    })
      .on('error', () => resolve(0))
      .end();
  });

/** Below the range from which the kernel gives ports: those that ask whether the service is up take some themselves. */
let startPort = 18_000 + (process.pid % 100) * 10;
const nextStartPort = (): number => (startPort += 1);

/** From the spawn of `offhook serve` to the first 200 of `GET /healthz`, in milliseconds. */
const timeStart = async (directory: string): Promise<number> => {
  const port = nextStartPort();
  const begin = performance.now();
  const starting = startService({ directory, env: { PORT: String(port) } });
  while ((await status(port)) !== 200) await pause(2);
  const took = performance.now() - begin;
  await (await starting).stop();
  return took;
};

const timeStarts = async (): Promise<{ first: number[]; later: number[] }> => {
  const [first, later]: [number[], number[]] = [[], []];
  while (first.length < STARTS) {
    const directory = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
    first.push(await timeStart(directory));
    later.push(await timeStart(directory));
    await rm(directory, { recursive: true, force: true });
  }
  return { first, later };
};

const [few, many] = [await openService(), await openService()];
const { accessToken } = await obtainTokens(few.baseUrl);
const ofMany = await obtainTokens(many.baseUrl);
const tokenCall = insertOngoingCalls({ directory: few.directory, total: 100, own: OWN_CALLS });
insertOngoingCalls({ directory: many.directory, total: 10_000, own: OWN_CALLS });

const get = (path: string, token: string): Buffer => httpRequest('GET', path, { authorization: `Bearer ${token}` });
const json = async (path: string): Promise<object> => {
  const reply = await fetch(`${few.baseUrl}${path}`, { headers: { authorization: `Bearer ${accessToken}` } });
  return (await reply.json()) as object;
};
const callPath = `/rest/call?token_call=${tokenCall}`;
const samples = {
  call: await json(callPath),
  list: await json('/rest/call'),
  token: {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: accessToken,
    scope: 'call',
  },
};
const bare = await startExpress(samples);
const [fewPort, manyPort] = [portOf(few.baseUrl), portOf(many.baseUrl)];

const express = {
  call: subject('Express: one call', bare.port, same(httpRequest('GET', '/call'))),
  list: subject('Express: list of 10', bare.port, same(httpRequest('GET', '/list'))),
  token: subject('Express: token', bare.port, same(httpRequest('POST', '/token', FORM, 'a=b'.repeat(30)))),
};
const ours = {
  call: subject('GET one call', fewPort, same(get(callPath, accessToken))),
  few: subject('GET own 10 of 100 ongoing', fewPort, same(get('/rest/call', accessToken))),
  many: subject('GET own 10 of 10,000 ongoing', manyPort, same(get('/rest/call', ofMany.accessToken))),
  token: subject('POST token (refresh)', fewPort, await refreshes(few)),
};
const pairs: readonly (readonly [Subject, Subject])[] = [
  [express.call, ours.call],
  [express.list, ours.few],
  [express.list, ours.many],
  [express.token, ours.token],
];
const subjects = [...Object.values(express), ...Object.values(ours)];

try {
  await measure(subjects, { count: ROUNDS, milliseconds: ROUND_MS });
} finally {
  await Promise.all([few.stop(), many.stop(), bare.stop()]);
}

console.log(`${CONNECTIONS} connections, median of ${ROUNDS} rounds of ${ROUND_MS} ms, Node ${process.version}\n`);
printSubjects(subjects, [{ to: 'Express', pairs }]);
console.log(
  `\nthe list takes ${(perSecond(ours.few) / perSecond(ours.many)).toFixed(2)} times as long among 10,000 as among 100`,
);

const { first, later } = await timeStarts();
console.log(
  `start to the first 200: ${Math.round(median(first))} ms in a new directory, ${Math.round(median(later))} ms later`,
);

/*
 * Tokens given and checked, against bare Express 5 routes that answer the same JSON, and client_credentials against
 * oidc-provider with its tokens in memory; ours are committed to SQLite before the reply. Each subject is a process of
 * its own; rounds go over all of them in turn, and a figure is the median of its rounds.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obtainTokens } from '../../test/support/authorize.ts';
import { startService } from '../../test/support/start-service.ts';
import { httpRequest, type Requests } from './load.ts';
import { measure, nodeArguments, printSubjects, repeated, startPeer, subject } from './subjects.ts';

/** Enough for commits to be shared, as they are in a service that is busy. */
const CONNECTIONS = Number(process.env['CONNECTIONS'] ?? 64);
const ROUNDS = Number(process.env['ROUNDS'] ?? 7);
const ROUND_MS = Number(process.env['ROUND_MS'] ?? 1500);
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** The same for everybody: as long as what a service makes itself. */
const credentials = 'client_id=bench&client_secret=a-secret-of-the-bench-as-long-as-ours-are';
const clientCredentials = `grant_type=client_credentials&${credentials}&scope=call`;

const post = (path: string, body: string): Buffer => httpRequest('POST', path, FORM, body);

/** Each use of a refresh token gives the next one: a chain for each connection. */
const refreshes = async (baseUrl: string): Promise<Requests[]> => {
  const chains: Requests[] = [];
  while (chains.length < CONNECTIONS) {
    let { refreshToken } = await obtainTokens(baseUrl);
    const client = 'client_id=demo-app&client_secret=demo-secret';
    chains.push({
      next: () => post('/oauth/token', `grant_type=refresh_token&${client}&refresh_token=${refreshToken}`),
      onReply: (body) => {
        ({ refresh_token: refreshToken } = JSON.parse(body.toString()) as { refresh_token: string });
      },
    });
  }
  return chains;
};

const service = await startService({
  nodeArguments,
  env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' },
  settings: {
    limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
    clients: [{ id: 'bench', secret: 'a-secret-of-the-bench-as-long-as-ours-are', grants: ['client_credentials'] }],
  },
});
const directory = await mkdtemp(join(tmpdir(), 'offhook-bench-'));
const { accessToken } = await obtainTokens(service.baseUrl);
const token = { access_token: accessToken, token_type: 'Bearer', expires_in: 3600, scope: 'call' };
const list = { total: 0, calls: [] };
const samples = join(directory, 'samples.json');
await writeFile(samples, JSON.stringify({ call: list, list, token: { ...token, refresh_token: accessToken } }));

const [bare, oidc] = [await startPeer('bare-express.ts', samples), await startPeer('oidc-provider.ts')];
const ours = Number(new URL(service.baseUrl).port);
const same = (bytes: Buffer): Requests[] => repeated(bytes, CONNECTIONS);

const express = {
  token: subject('Express: token', bare.port, same(post('/token', clientCredentials))),
  list: subject('Express: empty list', bare.port, same(httpRequest('GET', '/list'))),
};
const provider = subject('oidc-provider: client_credentials', oidc.port, same(post('/token', clientCredentials)));
const issue = subject('POST client_credentials', ours, same(post('/oauth/token', clientCredentials)));
const refresh = subject('POST refresh_token', ours, await refreshes(service.baseUrl));
const authorization = `Bearer ${accessToken}`;
const check = subject('GET /rest/call, token checked', ours, same(httpRequest('GET', '/rest/call', { authorization })));

const subjects = [express.token, express.list, provider, issue, refresh, check];
try {
  await measure(subjects, { count: ROUNDS, milliseconds: ROUND_MS });
} finally {
  await Promise.all([service.stop(), bare.stop(), oidc.stop(), rm(directory, { recursive: true, force: true })]);
}

console.log(`${CONNECTIONS} connections, median of ${ROUNDS} rounds of ${ROUND_MS} ms, Node ${process.version}\n`);
const toExpress = [[express.token, issue] as const, [express.token, refresh] as const, [express.list, check] as const];
printSubjects(subjects, [
  { to: 'Express', pairs: toExpress },
  { to: 'oidc-provider', pairs: [[provider, issue]] },
]);

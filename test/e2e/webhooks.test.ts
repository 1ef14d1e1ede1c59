import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { webhookEvents } from '../../src/features/webhooks/model.ts';
import { Inbox } from '../features/webhooks/inbox.ts';
import { accept, answerWith, TestReceiver } from '../features/webhooks/receiver.ts';
import { freePort } from '../support/free-port.ts';
import { RestClient } from '../support/rest-client.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { runOffhook } from './run-offhook.ts';

const BUSY = '+12025550101';
const CALLS = 60;
const SECRET = 'a secret of more than 32 characters';
const LIMIT_MS = 150_000;
const clients = ['told', 'revoked', 'narrowed', 'deleted', 'of-a-deleted-user'] as const;
type ClientId = (typeof clients)[number];

const settings = {
  clients: clients.map((id) => ({
    ...{ id, secret: SECRET, grants: ['password', 'refresh_token', 'client_credentials'] },
    ...{ scopes: ['call', 'application'], default_scopes: ['call'] },
  })),
  limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
  policy: { max_ongoing_calls_per_user: 0 },
};

let directory: string;
let service: StartedService;
let port: number;
let receivers: TestReceiver[];

const start = async (): Promise<void> => {
  service = await startService({ directory, settings, env: { PORT: String(port) } });
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-webhooks-'));
  receivers = [];
  port = await freePort();
  await start();
});
afterEach(async () => {
  await service.stop();
  for (const receiver of receivers) await receiver.close();
  rmSync(directory, { recursive: true });
}, 60_000);

const offhook = (words: string) => runOffhook(words.split(' '), { directory });

const waitUntil = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
  const endsAt = performance.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > endsAt) throw new Error(`it did not come to pass: ${what}`);
    await pause(100);
  }
};

const post = (path: string, fields: Record<string, string>): Promise<Response> => {
  const body = new URLSearchParams({ client_secret: SECRET, ...fields });
  return fetch(`${service.baseUrl}${path}`, { method: 'POST', body });
};

const tokensFor = async (client: ClientId, fields: Record<string, string>) => {
  const reply = await post('/oauth/token', { client_id: client, ...fields });
  expect(reply.status).toBe(200);
  return (await reply.json()) as { readonly access_token: string; readonly refresh_token: string };
};
const userTokens = (client: ClientId) =>
  tokensFor(client, { grant_type: 'password', username: 'demo', password: 'demo' });

const ask = async (token: string, path: string, body?: object) => {
  const reply = await fetch(`${service.baseUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: reply.status, location: reply.headers.get('location') ?? '', body: await reply.text() };
};

const place = async (token: string): Promise<string> => {
  const { status, location } = await ask(token, '/rest/call', { number: BUSY });
  expect(status).toBe(201);
  return new URL(location).searchParams.get('token_call') ?? '';
};

const makeWebhook = async (client: ClientId) => {
  const receiver = await new TestReceiver().open();
  receivers.push(receiver);
  const application = await tokensFor(client, { grant_type: 'client_credentials', scope: 'application' });
  const made = await ask(application.access_token, '/rest/webhooks', {
    url: `${receiver.url}/hook`,
    events: webhookEvents,
  });
  expect(made.status).toBe(201);
  return { receiver, ...(JSON.parse(made.body) as { readonly id: string; readonly secret: string }) };
};

interface ShownDelivery {
  readonly id: number;
  readonly state: string;
  readonly last_error: string | null;
}

const deliveriesOf = async (id: string): Promise<readonly ShownDelivery[]> => {
  const { printed } = await offhook(`webhook deliveries ${id} --limit 500 --json`);
  return JSON.parse(printed) as readonly ShownDelivery[];
};

/** What happened in a call, as the service says it, once all of it is over. */
const timelineOf = async (token: string, tokenCall: string): Promise<readonly string[] | undefined> => {
  const events = await new RestClient(service.baseUrl, token).events(tokenCall);
  return events.at(-1)?.event === 'call.settled' ? events.map(({ event }) => event) : undefined;
};

const placeAll = async (token: string, disturbances: Readonly<Record<number, () => Promise<unknown>>>) => {
  const placed: string[] = [];
  for (let each = 0; each < CALLS; each += 1) {
    placed.push(await place(token));
    await disturbances[each]?.();
    await pause(30);
  }
  return placed;
};

it('a receiver that fails, and is away for a while, is told of every change over kill -9: in order, ids tell repeats', async () => {
  const { access_token: user } = await userTokens('told');
  const { id, secret, receiver } = await makeWebhook('told');
  const inbox = new Inbox(secret, 11);
  receiver.answer = inbox.take;
  const placed = await placeAll(user, {
    15: () => receiver.close(),
    25: () => service.stop('SIGKILL').then(start),
    35: () => receiver.open(),
    45: () => service.stop('SIGKILL').then(start),
  });
  for (const token of placed) {
    const isTold = (): boolean => inbox.of(token).at(-1) === 'call.settled';
    await waitUntil(`${token} is told`, isTold).catch(async (error: unknown) => {
      const waiting = (await deliveriesOf(id)).filter(({ state }) => state !== 'delivered');
      throw new Error(`told ${inbox.of(token).join()}; waiting: ${JSON.stringify(waiting)}`, { cause: error });
    });
    const told = inbox.of(token);
    expect(told).toEqual(await timelineOf(user, token));
    expect(told.filter((name) => name === 'call.ended')).toHaveLength(1);
  }
  expect(inbox.forged).toEqual([]);
  expect(inbox.repeated).toBeGreaterThan(0);
  const sent = receiver.received.length;
  process.stdout.write(
    `${CALLS} calls, ${inbox.size} messages, received ${sent} times, ${inbox.repeated} taken again\n`,
  );

  expect((await offhook('webhook list')).printed).toContain(`${receiver.url}/hook`);
  await waitUntil('nothing waits', async () => (await deliveriesOf(id)).every(({ state }) => state === 'delivered'));
  const [first] = await deliveriesOf(id);
  const before = receiver.received.length;
  expect(await offhook(`webhook resend ${id} ${first?.id}`)).toMatchObject({ code: 0 });
  await waitUntil('it is sent again', () => receiver.received.length === before + 1);
  expect(await offhook(`webhook resend ${id} 999999`)).toMatchObject({ code: 1 });
}, 240_000);

it('nothing more is sent once the grant is revoked, the client loses its scope or is deleted, or the user deleted', async () => {
  const held = async (client: ClientId) => {
    const webhook = await makeWebhook(client);
    webhook.receiver.answer = answerWith(500);
    const { access_token: token, refresh_token: refreshToken } = await userTokens(client);
    await place(token);
    await waitUntil(`${client} was told of a call once`, () => webhook.receiver.received.length > 0);
    return { ...webhook, refreshToken };
  };
  const told = await makeWebhook('told');
  const [revoked, narrowed, deleted, ofUser] = [
    ...[await held('revoked'), await held('narrowed'), await held('deleted'), await held('of-a-deleted-user')],
  ] as const;
  /** What waits is due at once where its owner asks for it: it dies, and is not sent. */
  const dies = async (id: string): Promise<void> => {
    const oldest = (await deliveriesOf(id)).at(-1)?.id;
    expect(await offhook(`webhook resend ${id} ${oldest}`)).toMatchObject({ code: 0 });
    await waitUntil(`${id} has given up`, async () =>
      (await deliveriesOf(id)).every(({ state, last_error }) => state === 'dead' && last_error === 'grant withdrawn'),
    );
  };

  expect((await post('/oauth/revoke', { client_id: 'revoked', token: revoked.refreshToken })).status).toBe(200);
  expect(await offhook('client set narrowed --scope call')).toMatchObject({ code: 0 });
  expect(await offhook('client delete deleted --yes')).toMatchObject({ code: 0 });
  const counts = [revoked, narrowed, deleted].map(({ receiver }) => receiver.received.length);
  for (const { receiver } of [revoked, narrowed, deleted]) receiver.answer = accept;
  for (const { id } of [revoked, narrowed]) await dies(id);
  expect((await offhook('webhook list')).printed).not.toContain(deleted.id);

  // A call from now on is told to the one whose grant stands, and to no other.
  await place((await userTokens('told')).access_token);
  await waitUntil('the other is told', () => told.receiver.accepted.at(-1)?.type === 'call.settled');
  expect([revoked, narrowed, deleted].map(({ receiver }) => receiver.received.length)).toEqual(counts);

  expect(await offhook('user delete demo --yes')).toMatchObject({ code: 0 });
  const count = ofUser.receiver.received.length;
  ofUser.receiver.answer = accept;
  await dies(ofUser.id);
  expect(ofUser.receiver.received).toHaveLength(count);
}, 120_000);

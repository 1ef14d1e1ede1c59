import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorize } from '../support/authorize.ts';
import { RestClient } from '../support/rest-client.ts';
import { type SippReport, startSipp } from '../support/sipp.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { isHungUp, scenarioOf, takesCall, takesOffer } from './steps.ts';

const CALLS_PER_SECOND = 20;
const CALLS = 200;
const TALK_MS = 1000;
/** The flood comes while calls are being placed already. */
const FLOOD_AFTER_MS = 2000;
const FLOODERS = 51;
const SIPP_LIMIT_MS = 40_000;

let service: StartedService;
let rest: RestClient;
/** Of the phone and the carrier, which end by themselves after their calls. */
let reports: Promise<SippReport[]>;

beforeAll(async () => {
  const extra = ['-m', String(CALLS)];
  const phone = await startSipp({ scenario: scenarioOf([...takesCall, ...takesOffer, ...isHungUp]), extra });
  const carrier = await startSipp({ scenario: scenarioOf([...takesCall, ...isHungUp]), extra });
  reports = Promise.all([phone, carrier].map((sipp) => sipp.finished(SIPP_LIMIT_MS)));
  service = await startService({
    env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn', OFFHOOK_TRUSTED_PROXIES: 'loopback' },
    settings: {
      trunks: [{ name: 'carrier', uri: `sip:127.0.0.1:${carrier.port}` }],
      phones: [{ user: 'demo', address: `sip:phone@127.0.0.1:${phone.port}` }],
      clients: [{ id: 'own', secret: 'of no use to those who guess passwords', grants: ['password'] }],
      first_party_client: 'own',
      policy: { max_ongoing_calls_per_user: 0 },
      limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
    },
  });
  rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
}, 60_000);

afterAll(async () => {
  await service.stop();
  await reports;
}, 60_000);

const oneCall = async (index: number): Promise<string> => {
  const call = await rest.place({ number: `+1202555${String(1000 + index)}` });
  await pause(TALK_MS);
  await rest.until(call, ({ state }) => state === 'connected');
  await rest.stop(call);
  return call;
};

/** Open loop: each leaves at its time, whatever came of the others. @returns their tokens */
const placeCalls = async (): Promise<string[]> => {
  const begin = performance.now();
  const calls: Promise<string>[] = [];
  while (calls.length < CALLS) {
    const due = Math.min(CALLS, Math.ceil(((performance.now() - begin) / 1000) * CALLS_PER_SECOND));
    while (calls.length < due) calls.push(oneCall(calls.length));
    await pause(10);
  }
  return Promise.all(calls);
};

interface Guess {
  readonly username: string;
  /** A proxy that is trusted says where a guess comes from. */
  readonly headers: Readonly<Record<string, string>>;
}

const post = (path: string, fields: Readonly<Record<string, string>>, { headers }: Guess): Promise<Response> =>
  fetch(`${service.baseUrl}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers,
    body: new URLSearchParams(fields),
  });

const kinds: readonly (readonly [name: string, send: (guess: Guess) => Promise<Response>])[] = [
  ['login', (guess) => post('/auth/login', { username: guess.username, password: 'wrong' }, guess)],
  [
    'token',
    (guess) => post('/oauth/token', { grant_type: 'password', username: guess.username, password: 'wrong' }, guess),
  ],
  [
    'basic',
    ({ username, headers }) => {
      const authorization = `Basic ${Buffer.from(`${username}:wrong`).toString('base64')}`;
      return fetch(`${service.baseUrl}/auth`, { headers: { ...headers, authorization } });
    },
  ],
];

/** Always from elsewhere: each a person whom nobody guessed at before, but for every third, who want the same one. */
const guessOf = (flooder: number, turn: number): Guess => ({
  username: flooder % 3 === 0 ? 'somebody' : `person-${flooder}-${turn}`,
  headers: { 'x-forwarded-for': `10.${flooder}.${Math.floor(turn / 250) % 250}.${turn % 250}` },
});

/** Guesses over one connection after the other until the signal comes. @returns how often which status came of which kind */
const flood = async (until: AbortSignal): Promise<Map<string, number>> => {
  const statuses = new Map<string, number>();
  const flooder = async (index: number): Promise<void> => {
    for (let turn = 0; !until.aborted; turn += 1) {
      const [name, send] = kinds[(index + turn) % kinds.length]!;
      const response = await send(guessOf(index, turn));
      await response.arrayBuffer();
      const outcome = `${name} ${response.status}`;
      statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: FLOODERS }, (_, index) => flooder(index)));
  return statuses;
};

/** How many messages were sent or received more than once. */
const resent = ({ messages }: SippReport): number =>
  messages.length - new Set(messages.map(({ direction, text }) => direction + text)).size;

describe('a flood of wrong passwords', () => {
  it('leaves every call clean at the phone and at the carrier', async () => {
    const over = new AbortController();
    const flooding = pause(FLOOD_AFTER_MS).then(() => flood(over.signal));
    const calls = await placeCalls().finally(() => over.abort());
    const statuses = await flooding;
    const [phone, carrier] = await reports;
    for (const { exitCode, errors } of [phone!, carrier!])
      expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
    const outcomes = await Promise.all(calls.map(async (call) => (await rest.info(call)).outcome));
    expect(outcomes.filter((outcome) => outcome !== 'completed')).toEqual([]);

    const refusals = ['login 401', 'login 429', 'token 400', 'token 429', 'basic 401', 'basic 429'];
    expect([...statuses.keys()].sort()).toEqual(refusals.sort());
    const messagesResent = resent(phone!) + resent(carrier!);
    const counts = [...statuses].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
    process.stdout.write(`${calls.length} calls beside ${counts}; ${messagesResent} messages resent\n`);
    expect(messagesResent).toBeLessThan(CALLS);
    expect(await rest.list()).toEqual([]);
  }, 60_000);
});

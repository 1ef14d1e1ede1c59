import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { createPasswordHasher } from '../../../src/oauth/model/secrets.ts';
import {
  createOAuthApp,
  demoApp,
  demoJs,
  type Fields,
  type OAuthApp,
  obtainCode,
  redemption,
  requestToken,
} from '../../support/oauth-app.ts';

const secret = 'a secret of a configuration file, long enough';
const robot: Fields = { grant_type: 'client_credentials', client_id: 'robot', client_secret: secret };
const person: Fields = { ...robot, grant_type: 'password', username: 'alice', password: 'correct horse' };

let oauth: OAuthApp;

const start = async (tokenRequestsPerSecondPerClient = 0): Promise<void> => {
  // As slow as in production: what comes in a flood has to wait.
  oauth = await createOAuthApp({ tokenRequestsPerSecondPerClient, hasher: createPasswordHasher() });
  const grantTypes = ['client_credentials', 'password'] as const;
  await oauth.clients.configure({ ...demoApp, id: 'robot', grantTypes, grantTypesByGet: [], sandbox: false }, secret);
  await oauth.users.create({ username: 'alice', password: 'correct horse', role: 'user' });
};

beforeEach(() => start());
afterEach(() => oauth.close());

/** A token request as it comes from there. */
const from = async (address: string, fields: Fields): Promise<request.Response> =>
  requestToken(oauth, fields).set('X-Forwarded-For', address);

const statusesFrom = async (addresses: readonly string[], fields: Fields): Promise<readonly number[]> => {
  const statuses: number[] = [];
  for (const address of addresses) statuses.push((await from(address, fields)).status);
  return statuses;
};

const times = (count: number, address: string): readonly string[] => Array<string>(count).fill(address);

describe('guesses of a client secret', () => {
  const wrong = { ...robot, client_secret: 'wrong' };

  it('get 429 and Retry-After after 20 of a client, wherever they come from', async () => {
    const addresses = Array.from({ length: 21 }, (_value, index) => `192.0.2.${index + 1}`);
    expect(await statusesFrom(addresses, wrong)).toEqual([...Array<number>(20).fill(401), 429]);
    const answer = await from('192.0.2.99', wrong);
    expect([answer.status, answer.body.error]).toEqual([429, 'rate_limited']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(900);
  });

  it('bar no client that has the right one, nor a public client that was given one', async () => {
    await statusesFrom(times(60, '192.0.2.1'), wrong);
    expect((await from('192.0.2.2', robot)).status).toBe(200);
    expect((await from('192.0.2.1', robot)).status).toBe(200);
    await oauth.clients.configure({ ...demoJs, id: 'front-end', sandbox: false }, null);
    const honest = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'front-end' };
    const madeUp = { ...honest, client_secret: 'made up' };
    expect(new Set(await statusesFrom(times(60, '192.0.2.3'), madeUp))).toEqual(new Set([401, 429]));
    expect((await from('192.0.2.4', honest)).body.error).toBe('invalid_grant');
  });

  it('get 429 after 50 from an address, whatever clients they name', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 51; index += 1) {
      statuses.push((await from('192.0.2.1', { ...wrong, client_id: `client-${index}` })).status);
    }
    expect(statuses).toEqual([...Array<number>(50).fill(401), 429]);
    expect((await from('192.0.2.2', wrong)).status).toBe(401);
  });

  it('count at introspection and revocation as well', async () => {
    const ask = (path: string): request.Test =>
      request(oauth.app).post(path).type('form').send({ token: 'x', client_id: 'robot', client_secret: 'wrong' });
    for (let round = 0; round < 10; round += 1) {
      expect((await ask('/oauth/revoke')).status).toBe(401);
      expect((await ask('/oauth/introspect')).status).toBe(401);
    }
    for (const path of ['/oauth/revoke', '/oauth/introspect']) expect((await ask(path)).status).toBe(429);
    expect((await requestToken(oauth, robot)).status).toBe(200);
  });

  it('are what counts: successes and other mistakes never do', async () => {
    const code = await obtainCode(oauth);
    for (let round = 0; round < 30; round += 1) {
      expect((await requestToken(oauth, robot)).status).toBe(200);
      expect((await requestToken(oauth, redemption('nonsense'))).status).toBe(400);
      expect((await requestToken(oauth, { grant_type: 'client_credentials' })).status).toBe(401);
    }
    expect((await requestToken(oauth, redemption(code))).status).toBe(200);
  });
});

describe('guesses of a password', () => {
  it('lock the account for the password grant, with 429 and Retry-After (35)', async () => {
    const wrong = { ...person, password: 'wrong' };
    expect((await from('198.51.100.1', person)).status).toBe(200);
    expect(await statusesFrom(times(11, '192.0.2.1'), wrong)).toEqual([...Array<number>(10).fill(400), 429]);
    const locked = await from('192.0.2.2', person);
    expect([locked.status, locked.body]).toEqual([
      429,
      { error: 'rate_limited', error_description: 'Too many failed logins. Try again later.' },
    ]);
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(0);
    expect((await from('198.51.100.1', person)).status).toBe(200);
  });

  it('lock it for its 15 minutes, wherever the wall clock is set meanwhile (35)', async () => {
    await statusesFrom(times(10, '192.0.2.1'), { ...person, password: 'wrong' });
    const retry = async (): Promise<unknown> => {
      const { status, headers } = await from('192.0.2.2', person);
      return [status, headers['retry-after']];
    };
    for (const step of [3_600_000, -2 * 3_600_000, 3 * 86_400_000]) {
      oauth.clock.step(step);
      expect(await retry()).toEqual([429, '900']);
    }
    oauth.clock.advance(15 * 60 * 1000 - 1);
    expect(await retry()).toEqual([429, '1']);
    oauth.clock.advance(1);
    expect(await retry()).toEqual([200, undefined]);
  });

  it('that come in a flood are refused at once beyond a hundred, and others still get their turn', async () => {
    const flood = Promise.all(
      Array.from({ length: 150 }, (_value, index) => from('192.0.2.1', { ...person, username: `nobody-${index}` })),
    );
    const other = await from('198.51.100.1', person);
    expect(other.status).toBe(200);
    const statuses = (await flood).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([400, 429]));
    expect(statuses.filter((status) => status === 400).length).toBeLessThanOrEqual(101);
  });
});

describe('a client that asks often', () => {
  it('is slowed down where that is configured, and no other client', async () => {
    await oauth.close();
    await start(3);
    const answers = await Promise.all(Array.from({ length: 8 }, () => requestToken(oauth, robot)));
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThanOrEqual(2);
    expect(answers.length - limited.length).toBeGreaterThanOrEqual(3);
    for (const { headers } of limited) expect(headers['retry-after']).toBe('1');
    expect((await requestToken(oauth, redemption('x'))).status).toBe(400);
  });
});

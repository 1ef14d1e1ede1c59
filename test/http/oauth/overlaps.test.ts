import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import type { ClientDescription } from '../../../src/oauth/clients/client-description.ts';
import { DEVICE_CODE_GRANT } from '../../../src/oauth/model/account-stores.ts';
import {
  callback,
  createOAuthApp,
  demoJs,
  type Fields,
  type OAuthApp,
  redemption,
  refreshing,
  requestToken,
  statusWith,
  type Tokens,
} from '../../support/oauth-app.ts';

const ROUNDS = 100;
const SEED = 20_261_128;

const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const codeChallenge = createHash('sha256').update(verifier).digest('base64url');

/** Park and Miller: the same numbers in each run. */
const createRandom = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
};

const radio: ClientDescription = {
  ...{ id: 'radio', name: 'Radio', type: 'public', redirectUris: [], responseTypes: [] },
  grantTypes: [DEVICE_CODE_GRANT, 'refresh_token'],
};

let oauth: OAuthApp;
let random: (below: number) => number;
let userId: string;

beforeEach(async () => {
  oauth = await createOAuthApp();
  random = createRandom(SEED);
  userId = (await oauth.stores.users.findByUsername('demo'))!.id;
  await oauth.clients.configure(radio, null);
});
afterEach(() => oauth.close());

/** Sends the requests so that they overlap in another way each time. */
const together = <Answer>(times: number, send: () => PromiseLike<Answer>): Promise<Answer[]> =>
  Promise.all(
    Array.from({ length: times }, async () => {
      for (let turns = random(4); turns > 0; turns -= 1) await nextTurn();
      return await send();
    }),
  );

/** A code as the consent of `demo` gives it. */
const issueCode = (): Promise<string> =>
  oauth.authorization.grants.authorizationCode.issue(
    {
      ...{ clientId: 'demo-app', responseType: 'code', redirectUri: callback, redirectUriFrom: 'request' },
      ...{ scopes: ['call'], state: null, codeChallenge, dpopKey: null },
    },
    userId,
  );

const redeeming = async (): Promise<Fields> => redemption(await issueCode(), { code_verifier: verifier });

const countOf = async (table: 'token_families' | 'refresh_answers' | 'refresh_tokens'): Promise<number> => {
  const { database } = oauth.stores;
  return (await database.read(database.builder.selectFrom(table).selectAll().compile())).length;
};

/** The refresh tokens that were not used. */
const current = async (): Promise<number> => {
  const { database } = oauth.stores;
  const tokens = database.builder.selectFrom('refresh_tokens').selectAll().where('rotated_at', 'is', null);
  return (await database.read(tokens.compile())).length;
};

describe('requests that overlap', () => {
  it('refresh with one token: everybody gets the same answer, and there is one line of descent (63)', async () => {
    let { body: tokens }: { body: Tokens } = await requestToken(oauth, await redeeming());
    for (let round = 0; round < ROUNDS; round += 1) {
      const { refresh_token } = tokens;
      const answers = await together(2 + random(7), () => requestToken(oauth, refreshing(refresh_token)));
      expect([round, ...new Set(answers.map(({ status }) => status))]).toEqual([round, 200]);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      tokens = answers[0]!.body;
      expect(await statusWith(oauth, tokens.access_token)).toBe(200);
      expect(await current()).toBe(1);
      oauth.clock.advance(random(10_000));
    }
    expect(await countOf('refresh_tokens')).toBe(ROUNDS + 1);
    expect(await countOf('token_families')).toBe(1);
  });

  it('redeem one code: one gets tokens, which live (30, 45 and 46)', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const fields = await redeeming();
      const answers = await together(2 + random(7), () => requestToken(oauth, fields));
      const given = answers.filter(({ status }) => status === 200);
      expect([round, given.length]).toEqual([round, 1]);
      const refused = answers.filter(({ status }) => status !== 200).map(({ status, body }) => [status, body.error]);
      for (const refusal of refused) expect(refusal).toEqual([400, 'invalid_grant']);
      expect(await statusWith(oauth, given[0]!.body.access_token)).toBe(200);
    }
    expect(await countOf('token_families')).toBe(ROUNDS);
  });

  it('poll after an approval: one gets tokens, which live (90)', async () => {
    const { deviceConsent } = oauth.authorization;
    const user = (await oauth.stores.users.find(userId))!;
    for (let round = 0; round < ROUNDS; round += 1) {
      const started = await request(oauth.app)
        .post('/oauth/device')
        .set('X-Forwarded-For', `192.0.2.${round}`)
        .type('form')
        .send({ client_id: 'radio' });
      const { device_code, user_code: userCode } = started.body as { device_code: string; user_code: string };
      const answering = deviceConsent.answer(
        { userCode, person: { user, address: null }, route: 'direct' },
        'approved',
      );
      const polling = { grant_type: DEVICE_CODE_GRANT, client_id: 'radio', device_code };
      const early = together(random(3), () => requestToken(oauth, polling));
      await answering;
      const late = await together(2 + random(4), () => requestToken(oauth, polling));
      const answers = [...(await early), ...late];
      const given = answers.filter(({ status }) => status === 200);
      expect([round, given.length]).toEqual([round, 1]);
      for (const { body } of answers.filter(({ status }) => status !== 200)) {
        expect(['authorization_pending', 'slow_down', 'invalid_grant']).toContain(body.error);
      }
      expect(await statusWith(oauth, given[0]!.body.access_token)).toBe(200);
    }
    expect(await countOf('token_families')).toBe(ROUNDS);
  });
});

describe('an answer that is given again', () => {
  const refresh = (token: string, changes: Fields = {}) => requestToken(oauth, refreshing(token, changes));
  const start = async (): Promise<Tokens> => (await requestToken(oauth, await redeeming())).body as Tokens;

  it('is the same but for the time that is left, along the whole line, until 10 seconds after each rotation (63)', async () => {
    const first = await start();
    const { body: second } = await refresh(first.refresh_token);
    oauth.clock.advance(4000);
    expect((await refresh(first.refresh_token)).body).toEqual({ ...second, expires_in: 3596 });
    const { body: third } = await refresh(second.refresh_token);
    oauth.clock.advance(6000);
    expect((await refresh(first.refresh_token)).body).toEqual({ ...second, expires_in: 3590 });
    expect((await refresh(second.refresh_token)).body).toEqual({ ...third, expires_in: 3594 });
    oauth.clock.advance(1);
    expect(await statusWith(oauth, third.access_token)).toBe(200);
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
    for (const { access_token, refresh_token } of [second, third]) {
      expect(await statusWith(oauth, access_token)).toBe(401);
      expect((await refresh(refresh_token)).body.error).toBe('invalid_grant');
    }
  });

  it('is only for the same client and scope, and another request harms nothing (63)', async () => {
    await oauth.clients.configure({ ...demoJs, id: 'other', grantTypes: ['refresh_token'] }, null);
    const first = await start();
    const { body: second } = await refresh(first.refresh_token, { scope: 'call' });
    const other = { grant_type: 'refresh_token', client_id: 'other', refresh_token: first.refresh_token };
    for (const answer of [
      await refresh(first.refresh_token),
      await refresh(first.refresh_token, { scope: 'call read' }),
      await refresh(first.refresh_token, { scope: 'nonsense' }),
      await requestToken(oauth, other),
    ]) {
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
    }
    expect((await refresh(first.refresh_token, { scope: 'call' })).body).toEqual(second);
    expect(await statusWith(oauth, second.access_token)).toBe(200);
  });

  it('is sealed, and erased when the family dies or the time is over (63)', async () => {
    const [first, other] = [await start(), await start()];
    const { body: second } = await refresh(first.refresh_token);
    await refresh(other.refresh_token);
    const { database } = oauth.stores;
    const rows = await database.read(database.builder.selectFrom('refresh_answers').selectAll().compile());
    expect(rows).toHaveLength(2);
    const dump =
      JSON.stringify(rows) + rows.map((row) => Buffer.from(row.sealed_answer, 'base64url').toString('latin1')).join();
    for (const token of Object.values(second as object)) expect(dump).not.toContain(String(token));
    expect(await oauth.tokenAdmin.revoke(second.access_token)).toBe('revoked');
    expect(await countOf('refresh_answers')).toBe(1);
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
    oauth.clock.advance(10_001);
    await oauth.stores.sweep(oauth.clock.now());
    expect(await countOf('refresh_answers')).toBe(0);
  });

  it('is for no account that was disabled, nor through a proxy where the account is of the sandbox (63)', async () => {
    const first = await start();
    await refresh(first.refresh_token);
    const forwarded = await refresh(first.refresh_token).set('X-Forwarded-For', '192.0.2.1');
    expect([400, 401]).toContain(forwarded.status);
    expect((await refresh(first.refresh_token)).status).toBe(200);
    await oauth.users.setStatus('demo', 'disabled');
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('is none for a clock that was set back: that is reuse (63)', async () => {
    const first = await start();
    const { body: second } = await refresh(first.refresh_token);
    oauth.clock.step(-10_001);
    expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant');
    expect(await statusWith(oauth, second.access_token)).toBe(401);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { UnknownAccountError } from '../../../src/oauth/model/errors.ts';
import { createOAuthApp, loggedIn, type OAuthApp, obtainTokens, statusWith } from '../../support/oauth-app.ts';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createOAuthApp();
});
afterEach(() => oauth.close());

/** A phone of a user that has registered. */
const addPhone = async (userId: string): Promise<void> => {
  const { database, phoneBook } = oauth.stores;
  const ha1 = { md5: 'a', sha256: 'b' };
  await phoneBook.addPhone(
    { userId, name: 'desk', endpoint: { kind: 'registered', account: 'demo-desk' } },
    { account: 'demo-desk', userId, realm: 'offhook', ha1 },
  );
  const binding = { account: 'demo-desk', position: 0, contact: 'sip:x@h', flow: '{}', path: '[]', q: 1 };
  const terms = { registered_at: 0, expires_at: 9e15, call_id: 'c', cseq: 1, user_agent: null };
  const query = database.builder
    .insertInto('bindings')
    .values({ ...binding, ...terms })
    .compile();
  await database.write(function* () {
    yield query;
  });
};

const countOf = async (table: 'bindings' | 'phones' | 'sip_accounts'): Promise<number> =>
  (await oauth.stores.database.read(oauth.stores.database.builder.selectFrom(table).selectAll().compile())).length;

describe('a user who is deleted', () => {
  it('loses sessions, tokens, applications and phones, says how many, and may be made anew', async () => {
    const user = await oauth.stores.users.findByUsername('demo');
    await addPhone(user?.id ?? '');
    const { access_token } = await obtainTokens(oauth);
    const others = await obtainTokens(oauth, undefined, 'operator');
    const agent = await loggedIn(oauth);
    const { body } = await agent
      .post('/management/api/applications')
      .send({ name: 'Mine', redirect_uris: ['http://127.0.0.1/'] });

    const deleted = await oauth.users.delete(' DEMO');
    expect(deleted).toMatchObject({ user: { username: 'demo' }, sessions: 2, applications: 1, grants: 1, phones: 1 });
    expect(await statusWith(oauth, access_token)).toBe(401);
    expect(await statusWith(oauth, others.access_token)).toBe(200);
    expect((await agent.get('/')).body.username).toBeNull();
    expect(await oauth.stores.clients.find(String(body.client_id))).toBeUndefined();
    expect([await countOf('bindings'), await countOf('phones'), await countOf('sip_accounts')]).toEqual([0, 0, 0]);
    const events = await oauth.stores.audit.list({ limit: 100 });
    expect(events.some(({ userId }) => userId === user?.id)).toBe(true);

    await expect(oauth.users.delete('demo')).rejects.toThrow(UnknownAccountError);
    const again = await oauth.users.create({ username: 'Demo', password: 'correct horse', role: 'user' });
    expect(again.id).not.toBe(user?.id);
  });
});

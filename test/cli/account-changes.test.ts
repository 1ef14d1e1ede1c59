import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hashSecret } from '../../src/oauth/model/secrets.ts';
import { aCode, aFamily, aUser, HOUR, tokensOf } from '../contracts/records.ts';
import { json, look, offhook, run, typing, useDirectory } from './offhook.ts';

const directory = useDirectory();
const PASSWORD = 'correct horse\n';

const clientOf = (id: string) => look(({ stores }) => stores.clients.find(id));
const auditOf = () =>
  look(async ({ stores }) => (await stores.audit.list({ limit: 50 })).map(({ event, detail }) => [event, detail]));

describe('client show, set and delete', () => {
  it('shows all of a client but its secret', async () => {
    const added = (await json('client add shop --redirect-uri https://shop.example/back --name Shop')) as {
      client_secret: string;
    };
    expect(hashSecret(added.client_secret)).toBe((await clientOf('shop'))?.secretHash);
    const rest = Object.fromEntries(Object.entries(added).filter(([name]) => name !== 'client_secret'));
    expect(await json('client show shop')).toEqual(rest);
    expect(rest).toMatchObject({
      ...{ client_id: 'shop', name: 'Shop', type: 'confidential', redirect_uris: ['https://shop.example/back'] },
      ...{ grants: ['authorization_code', 'refresh_token'], scopes: ['call'], require_pkce: true, owner_id: null },
    });
    expect((await run('client show shop')).printed).toMatch(/^grants +authorization_code refresh_token$/m);
  });

  it('changes what is named and leaves the rest, the secret too', async () => {
    await run('client add shop --redirect-uri https://shop.example/back --jwt');
    const before = await clientOf('shop');
    const words =
      '--name Shop --redirect-uri https://a.example/1 https://a.example/2 --scope read write --no-jwt --client-side';
    expect((await run(`client set shop ${words}`)).said).toBe('shop is changed.');
    expect(await clientOf('shop')).toEqual({
      ...before,
      ...{
        name: 'Shop',
        redirectUris: ['https://a.example/1', 'https://a.example/2'],
        responseTypes: ['code', 'token'],
      },
      ...{ scopes: ['read', 'write'], defaultScopes: ['read', 'write'], tokenFormat: 'opaque' },
    });
    await run('client set shop --no-pkce --query-tokens --access-token-seconds 600 --default-scope read');
    expect(await clientOf('shop')).toMatchObject({
      ...{ codeChallenge: 'optional', tokenInQuery: 'allowed', accessTokenSeconds: 600, defaultScopes: ['read'] },
      ...{ scopes: ['read', 'write'], responseTypes: ['code', 'token'] },
    });
    await run(
      'client set shop --pkce --no-query-tokens --grants client_credentials --no-client-side --no-redirect-uri',
    );
    expect(await clientOf('shop')).toMatchObject({
      ...{ codeChallenge: 'required', tokenInQuery: 'refused', grantTypes: ['client_credentials'] },
      ...{ responseTypes: [], redirectUris: [] },
    });
    expect((await auditOf()).slice(0, 3)).toEqual(Array(3).fill(['client.changed', 'by a command']));
  });

  it('changes nothing where one thing is wrong, and names it as it was typed', async () => {
    await run('client add shop --redirect-uri https://shop.example/back');
    await run('client add page --public --redirect-uri https://page.example/back');
    const before = [await clientOf('shop'), await clientOf('page')];
    for (const [words, code, said] of [
      ['shop --name Other --redirect-uri http://example.com', 1, '--redirect-uri: http://example.com must be https'],
      ['shop --name Other --default-scope read', 1, '--default-scope: must be some of scopes'],
      ['shop --name Other --no-redirect-uri', 2, '--redirect-uri is needed'],
      ['shop --name Other --token-by-get password', 2, '--token-by-get must be some of --grants'],
      ['page --name Other --grants client_credentials', 2, 'for an application that has a secret'],
      ['offhook --name Other', 1, 'There is no client offhook.'],
    ] as const) {
      expect([words, await offhook(`client set ${words}`)]).toEqual([
        words,
        { code, printed: '', said: expect.stringContaining(said) },
      ]);
    }
    expect([await clientOf('shop'), await clientOf('page')]).toEqual(before);
  });

  it('ends codes that are on their way to an address which is registered no more', async () => {
    await run('client add shop --redirect-uri https://a.example/1 https://a.example/2');
    const left = () =>
      look(({ stores }) =>
        Promise.all(['1', '2'].map((name) => stores.codes.redeem(name, () => ({ action: 'refuse' })))),
      );
    await look(async ({ stores }) => {
      await stores.users.insert(aUser('user-1'));
      for (const name of ['1', '2']) {
        const redirectUri = `https://a.example/${name}`;
        await stores.codes.insert(aCode(name, { userId: 'user-1', clientId: 'shop', redirectUri }));
      }
    });
    await run('client set shop --redirect-uri https://a.example/2');
    expect((await left()).map((code) => code !== undefined)).toEqual([false, true]);
  });

  it('says where a start writes the client anew', async () => {
    const file = join(directory.path(), 'offhook.json');
    writeFileSync(file, JSON.stringify({ clients: [{ id: 'shop', redirect_uris: ['https://shop.example/back'] }] }));
    process.env['OFFHOOK_CONFIG'] = file;
    await run('client add shop --redirect-uri https://shop.example/back');
    expect((await run('client set shop --name Shop')).said).toContain('shop stands in the settings file');
  });

  it('rotates a secret at once, or with an overlap in which both are taken', async () => {
    await run('client add shop --redirect-uri https://shop.example/back');
    const former = (await clientOf('shop'))?.secretHash;
    const rotated = (await json('client rotate shop --overlap-hours 24')) as { former_secret_ends_at: string };
    const kept = (await clientOf('shop'))?.formerSecret;
    expect(kept).toEqual({ hash: former, endsAt: Date.parse(rotated.former_secret_ends_at) });
    expect((await run('client rotate shop')).said).toBe(
      'The former secret is refused, and the tokens of the application have ended.',
    );
    expect((await clientOf('shop'))?.formerSecret).toBeNull();
    expect(await offhook('client rotate shop --overlap-hours 2161')).toMatchObject({ code: 2 });
  });

  it('deletes one once the person at the terminal has typed its id', async () => {
    await run('client add shop --redirect-uri https://shop.example/back');
    expect(await offhook('client delete shop', typing('yes'))).toMatchObject({ code: 1 });
    expect(await clientOf('shop')).toBeDefined();
    expect((await run('client delete shop', typing('shop'))).said).toContain('Deleted shop.');
    expect(await clientOf('shop')).toBeUndefined();
    expect((await auditOf())[0]).toEqual(['client.deleted', 'by a command']);
  });
});

describe('user show and set', () => {
  it('changes what is named and leaves the rest', async () => {
    await run('user add ada --extension 201 --country DE --caller-id +4930123456', PASSWORD);
    const before = (await json('user show ada')) as object;
    expect(before).toMatchObject({ username: 'ada', role: 'user', extension: '201', country: 'DE' });
    expect(before).not.toHaveProperty('password_hash');
    expect((await run('user set ada --role operator')).said).toBe('ada is changed.');
    expect(await json('user show ada')).toEqual({ ...before, role: 'operator' });
    expect(await json('user set ada --no-extension --caller-id +4930123457')).toEqual({
      ...before,
      ...{ role: 'operator', extension: null, caller_ids: ['+4930123457'] },
    });
    await run('user set ada --no-country --no-caller-id --extension 300');
    expect(await json('user list')).toEqual([
      { ...before, role: 'operator', extension: '300', country: null, caller_ids: [] },
    ]);
    expect((await auditOf()).filter(([event]) => event === 'user.changed')).toHaveLength(3);
  });

  it('changes nothing where another user has the extension', async () => {
    await run('user add ada --extension 201', PASSWORD);
    await run('user add bob --extension 202', PASSWORD);
    expect(await offhook('user set bob --role admin --extension 201')).toEqual({
      ...{ code: 1, printed: '', said: 'offhook: Another user has the extension 201.' },
    });
    expect(await json('user show bob')).toMatchObject({ role: 'user', extension: '202' });
    await run('user set bob --extension 202');
  });
});

describe('user delete', () => {
  it('says what goes along, asks, and deletes all of it and nothing of others', async () => {
    await run('user add ada', PASSWORD);
    await run('user add bob', PASSWORD);
    await run('phone add ada --name desk');
    await run('phone add ada --address sip:200@10.0.0.5');
    await run('client add shop --redirect-uri https://shop.example/back');
    const now = Date.now();
    await look(async ({ stores }) => {
      const ada = (await stores.users.findByUsername('ada'))!.id;
      const bob = (await stores.users.findByUsername('bob'))!.id;
      const shop = (await stores.clients.find('shop'))!;
      await stores.clients.insert({ ...shop, id: 'mine', name: 'Mine', ownerId: ada });
      const live = { createdAt: now, expiresAt: now + HOUR };
      for (const [name, userId, clientId] of [
        ['ada at shop', ada, 'shop'],
        ['bob at mine', bob, 'mine'],
        ['bob at shop', bob, 'shop'],
      ] as const) {
        await stores.tokens.start(aFamily(name, { userId, clientId, ...live }), tokensOf(name, name));
      }
      await stores.sessions.save({ hash: 'session', userId: ada, data: '{}', expiresAt: now + HOUR });
    });
    const refused = await offhook('user delete ada', typing('yes'));
    expect(refused.said.split('\n')).toEqual([
      'ada is deleted, with:',
      '  2 phones (desk, sip:200@10.0.0.5): they cannot register any more',
      '  1 application (Mine): their tokens end, whoever allowed them',
      '  1 session, and every token of ada',
      '  0 ongoing calls: ended first',
      'The journal keeps the calls of ada under that name, and the audit log what happened.',
      'Type "ada" to go on:',
      'offhook: Nothing was changed.',
    ]);
    expect(await json('user show ada')).toMatchObject({ status: 'active' });

    expect(await json('user delete ada --yes')).toEqual({
      username: 'ada',
      deleted: { phones: ['desk', 'sip:200@10.0.0.5'], applications: ['Mine'], sessions: 1 },
      calls: { ended: 0, asked: 0 },
    });
    expect(await json('phone list')).toEqual([]);
    expect((await json('client list')) as object[]).toHaveLength(1);
    await look(async ({ stores }) => {
      const names = ['ada at shop', 'bob at mine', 'bob at shop'];
      const found = await Promise.all(names.map((name) => stores.tokens.findFamily(`${name}-refresh`)));
      expect(found.map((family) => family !== undefined)).toEqual([false, false, true]);
      expect(await stores.sessions.find('session', now)).toBeUndefined();
      expect(await stores.credentials.ha1('desk', 'offhook', 'MD5')).toBeUndefined();
    });
    expect((await auditOf())[0]).toEqual(['user.deleted', 'ada, by a command']);
    await run('user add ada', PASSWORD);
    await run('phone add ada --name desk');
  });
});

describe('--json', () => {
  it('answers each command with one object or one list, and shows what is shown once', async () => {
    expect(await json('migrate')).toEqual({ migrated: true });
    expect(await json('user add ada', PASSWORD)).toMatchObject({ username: 'ada', role: 'user', status: 'active' });
    expect(await json('user disable ada')).toMatchObject({ status: 'disabled' });
    expect(await json('user enable ada')).toMatchObject({ status: 'active' });
    expect(await json('user password ada', 'another password')).toMatchObject({ username: 'ada' });
    expect(await json('phone add ada --name desk')).toEqual({
      ...{ user: 'ada', kind: 'registered', name: 'desk', password: expect.stringMatching(/^\S{24}$/) },
      ...{ registrar: '127.0.0.1:5060', addresses: [] },
    });
    expect(await json('phone add ada --address sip:200@10.0.0.5')).toMatchObject({ name: 'sip:200@10.0.0.5' });
    expect(await json('phone list ada')).toMatchObject([{ user: 'ada', name: 'desk' }, { kind: 'address' }]);
    expect(await json('phone remove ada desk')).toEqual({ user: 'ada', name: 'desk', removed: true });
    await json('client add shop --redirect-uri https://shop.example/back');
    expect(await json('client rotate shop')).toMatchObject({ client_secret: expect.stringMatching(/^\S{43}$/) });
    expect(await json('client list')).toEqual([expect.objectContaining({ client_id: 'shop' })]);
    expect(await json('token revoke --client shop')).toEqual({ revoked: 0 });
    expect(await json('call list')).toEqual([]);
    expect(await json('key show')).toMatchObject({
      state: 'fits',
      fits: true,
      unreadable: { signing_keys: 0, phones: 0 },
    });
    expect(await json('config check')).toEqual({ ok: true, mistakes: [] });
    expect(await json('client delete shop --yes')).toEqual({ client_id: 'shop', deleted: true });
    expect((await run('--json user list')).printed).toMatch(/^\[\n/);
    expect((await run('--version')).printed).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request, { type Agent, type Response } from 'supertest';
import {
  application,
  createApplication as create,
  createManagementApp,
  follow,
  html,
  tokenStatusOf,
  visitorOf,
} from '../../support/management.ts';
import { asked, callback, type OAuthApp, queryOf } from '../../support/oauth-app.ts';

let oauth: OAuthApp;
beforeEach(async () => {
  oauth = await createManagementApp();
});
afterEach(() => oauth.close());

const visitor = (username: string, password?: string): Promise<Agent> => visitorOf(oauth, username, password);
const tokenStatus = (client: Response, secret?: string): Promise<number> => tokenStatusOf(oauth, client, secret);

describe('the change of an application', () => {
  const editOf = (id: string): string => `/management/api/applications/${id}/edit`;
  const ofAlice = async (fields: object = application): Promise<{ alice: Agent; id: string }> => {
    const alice = await visitor('alice');
    return { alice, id: String((await create(alice, fields)).body.client_id) };
  };

  it('is done by a form that has what it is, and leads back to the list', async () => {
    const { alice, id } = await ofAlice();
    const form = await alice.get(editOf(id)).set(html).expect(200);
    expect(form.text).toContain('value="My application"');
    expect(form.text).toContain(callback);
    const fields =
      'name=New+name&redirect_uris=https%3A%2F%2Fnew.example%2Fcb%0D%0Ahttp%3A%2F%2F127.0.0.1%2Fcb' +
      '&grant_types=&grant_types=authorization_code&grant_types=client_credentials';
    const saved = await alice.post(editOf(id)).set(html).type('form').send(fields).expect(303);
    expect((await follow(alice, saved)).text).toContain('The application is changed.');
    expect((await alice.get('/management/api')).body.applications).toMatchObject([
      {
        ...{ client_id: id, name: 'New name', type: 'confidential', scopes: ['call'] },
        redirect_uris: ['https://new.example/cb', 'http://127.0.0.1/cb'],
        grant_types: ['authorization_code', 'client_credentials'],
      },
    ]);
    const events = (await alice.get('/management/account')).body.events as { event: string }[];
    expect(events.map(({ event }) => event)).toContain('client.changed');
  });

  it('counts at once: the old address is refused, the new one taken, and the secret stays', async () => {
    const { alice, id } = await ofAlice({ ...application, grant_types: ['authorization_code', 'client_credentials'] });
    const created = await create(alice, { ...application, grant_types: 'client_credentials' });
    const next = String(created.body.client_id);
    await alice
      .post(editOf(next))
      .send({ redirect_uris: ['https://new.example/cb'], name: 'Renamed' })
      .expect(204);
    expect(await tokenStatus(created)).toBe(200);
    await alice
      .post(editOf(id))
      .send({ redirect_uris: ['https://new.example/cb'] })
      .expect(204);
    const start = (uri: string): request.Test =>
      request(oauth.app).get(`/oauth/auth?${queryOf(asked({ client_id: id, redirect_uri: uri }))}`);
    expect((await start(callback)).status).toBe(400);
    expect((await start('https://new.example/cb')).status).toBe(302);
  });

  it('shows what was wrong in the form again, and changes nothing', async () => {
    const { alice, id } = await ofAlice();
    const fields = 'name=Mine&redirect_uris=http%3A%2F%2Fa.example&grant_types=&grant_types=authorization_code';
    const refused = await alice.post(editOf(id)).set(html).type('form').send(fields).expect(400);
    expect(refused.text).toContain('<li>Redirect addresses: http://a.example must be https');
    expect(refused.text).toContain('value="Mine"');
    expect(refused.text).toContain(`<link rel="canonical" href="${editOf(id)}">`);
    expect((await alice.get('/management/api')).body.applications).toMatchObject([{ name: 'My application' }]);
  });

  it.each<[object]>([
    [{ redirect_uris: [] }],
    [{ redirect_uris: ['javascript:alert(1)'] }],
    [{ grant_types: [] }],
    [{ grant_types: ['password'] }],
    [{ grant_types: ['refresh_token'] }],
    [{ name: '' }],
    [{ name: 'x'.repeat(101) }],
    [{ name: { a: 1 } }],
  ])('refuses %j with 400', async (changes) => {
    const { alice, id } = await ofAlice();
    await alice.post(editOf(id)).send(changes).expect(400);
    expect((await alice.get('/management/api')).body.applications).toMatchObject([
      { name: 'My application', redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token'] },
    ]);
  });

  it('does not give a public application what needs a secret', async () => {
    const { alice, id } = await ofAlice({ ...application, type: 'public' });
    await alice
      .post(editOf(id))
      .send({ grant_types: ['client_credentials'] })
      .expect(400);
    await alice
      .post(editOf(id))
      .send({ grant_types: ['authorization_code'] })
      .expect(204);
  });
});

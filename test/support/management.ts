import { expect } from '@jest/globals';
import request, { type Agent, type Response } from 'supertest';
import { callback, createOAuthApp, type OAuthApp, requestToken } from './oauth-app.ts';

/** What a browser asks for. */
export const html = { Accept: 'text/html' };

/** The application with the administrator `root` and the user `alice`, who have one password. */
export const createManagementApp = async (): Promise<OAuthApp> => {
  const oauth = await createOAuthApp();
  await oauth.users.create({ username: 'root', password: 'correct horse', role: 'admin' });
  await oauth.users.create({ username: 'alice', password: 'correct horse', role: 'user' });
  return oauth;
};

export const visitorOf = async (oauth: OAuthApp, username: string, password = 'correct horse'): Promise<Agent> => {
  const agent = request.agent(oauth.app);
  await agent.post('/auth/login').type('form').send({ username, password }).expect(303);
  return agent;
};

export const application = { name: 'My application', redirect_uris: callback };

/** Makes an application by the form of the page. */
export const createApplication = (agent: Agent, fields: object = application): request.Test =>
  agent.post('/management/api/applications').type('form').send(fields);

/** What the token endpoint says to an application, as the page that made it shows it. */
export const tokenStatusOf = async (
  oauth: OAuthApp,
  client: Response,
  secret = String(client.body.client_secret),
): Promise<number> => {
  const fields = { grant_type: 'client_credentials', client_id: String(client.body.client_id), client_secret: secret };
  return (await requestToken(oauth, fields)).status;
};

/** The page that a form led to: a browser asks for it by GET. */
export const follow = (agent: Agent, { status, headers }: Response): request.Test => {
  expect(status).toBe(303);
  return agent.get(headers['location'] ?? '').set(html);
};

import type { Agent } from 'supertest';
import { visitorOf } from '../../../support/management.ts';
import { createOAuthApp, type OAuthApp } from '../../../support/oauth-app.ts';
import { createProjectPages } from '../../../support/project-pages.ts';

export interface ProjectApp {
  readonly oauth: OAuthApp;
  readonly alice: Agent;
  readonly bob: Agent;
  readonly root: Agent;
}

/** The pages with three people who are logged in; `root` is an administrator. */
export const createProjectApp = async (): Promise<ProjectApp> => {
  const oauth = await createOAuthApp({ featurePages: createProjectPages });
  const password = 'correct horse';
  for (const username of ['alice', 'bob']) await oauth.users.create({ username, password, role: 'user' });
  await oauth.users.create({ username: 'root', password, role: 'admin' });
  return {
    oauth,
    alice: await visitorOf(oauth, 'alice'),
    bob: await visitorOf(oauth, 'bob'),
    root: await visitorOf(oauth, 'root'),
  };
};

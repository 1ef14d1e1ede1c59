import express, { type Express } from 'express';
import request, { type Agent, type Response } from 'supertest';
import { authenticate } from '../../src/http/authenticate.ts';
import { sendProblem } from '../../src/http/problem.ts';
import { createOAuthRouter } from '../../src/http/routes/oauth.ts';
import { createAdmission } from '../../src/oauth/admission.ts';
import { createAuthenticators } from '../../src/oauth/authenticators.ts';
import { createAuthorizationCheck } from '../../src/oauth/authorization-check.ts';
import { createAuthorizationServer } from '../../src/oauth/authorization-server.ts';
import { type ClientAdmin, createClientAdmin } from '../../src/oauth/client-admin.ts';
import { createClientAuthenticator } from '../../src/oauth/client-authenticator.ts';
import type { ClientDescription } from '../../src/oauth/client-description.ts';
import { createConcurrencyLimit } from '../../src/oauth/concurrency-limit.ts';
import { createCurrentUser } from '../../src/oauth/current-user.ts';
import { createAuthorizationCodeGrant } from '../../src/oauth/grants/authorization-code.ts';
import { createImplicitGrant } from '../../src/oauth/grants/implicit.ts';
import { createRefreshTokenGrant } from '../../src/oauth/grants/refresh-token.ts';
import { createLoginBrake } from '../../src/oauth/login-brake.ts';
import { createLoginService } from '../../src/oauth/login-service.ts';
import { createPasswordHasher } from '../../src/oauth/password-hasher.ts';
import { createPendingDecisions } from '../../src/oauth/pending-decisions.ts';
import type { TokenVerifier } from '../../src/oauth/principal.ts';
import { createRememberedGrants } from '../../src/oauth/remembered-grants.ts';
import { createTokenAdmin, type TokenAdmin } from '../../src/oauth/token-admin.ts';
import { createTokenVerifier } from '../../src/oauth/token-verifier.ts';
import { createUserAdmin, type UserAdmin } from '../../src/oauth/user-admin.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import type { Log } from '../../src/shared/log.ts';
import { silentLog } from '../../src/shared/log.ts';
import { createGrantRouter } from '../../src/web/grant.ts';
import { createLoginRouter } from '../../src/web/login.ts';
import { createLogoutRouter } from '../../src/web/logout.ts';
import { createPageErrorHandler } from '../../src/web/page-errors.ts';
import { createPageRenderer } from '../../src/web/page-renderer.ts';
import { createSessionMiddleware } from '../../src/web/session.ts';
import { FakeClock } from './fake-clock.ts';
import { createTestStores, type TestStores } from './test-database.ts';

export const issuer = 'http://localhost:8888';
export const callback = `${issuer}/test`;

const viewsDirectory = new URL('../../views', import.meta.url).pathname;

/** The clients of the sandbox that the flows need, as `demo-app` and `demo-js` are. */
export const demoApp: ClientDescription = {
  id: 'demo-app',
  name: 'Demo <b>application</b>',
  type: 'confidential',
  redirectUris: [callback],
  responseTypes: ['code', 'token'],
  grantTypesByGet: ['authorization_code'],
  scopes: ['call', 'read', 'operator'],
  defaultScopes: ['call'],
  sandbox: true,
};

export const demoJs: ClientDescription = {
  id: 'demo-js',
  name: 'Demo in the browser',
  type: 'public',
  redirectUris: [callback],
  responseTypes: ['code', 'token'],
  sandbox: true,
};

export interface OAuthApp {
  readonly app: Express;
  readonly stores: TestStores;
  readonly clock: FakeClock;
  readonly users: UserAdmin;
  readonly clients: ClientAdmin;
  readonly tokenAdmin: TokenAdmin;
  readonly tokenVerifier: TokenVerifier;
  close(): Promise<void>;
}

export interface OAuthAppOptions {
  readonly sandbox?: 'on' | 'off';
  readonly publicUrl?: string;
  readonly log?: Log;
}

/** The authorization server, its pages and one protected address, over a real database and a clock of the test. */
export const createOAuthApp = async (options: OAuthAppOptions = {}): Promise<OAuthApp> => {
  const { sandbox = 'on', publicUrl = issuer, log = silentLog } = options;
  const clock = new FakeClock();
  const ids = createSystemIds();
  const stores = await createTestStores({ clock });
  const hasher = createPasswordHasher();
  const admission = createAdmission({ sandbox });
  const base = { ...stores, clock, ids, hasher, admission };
  const logins = createLoginService({ ...base, brake: createLoginBrake(), limit: createConcurrencyLimit(2) });
  const pendingDecisions = createPendingDecisions(base);
  const authorizationCheck = createAuthorizationCheck(base);
  const tokenVerifier = createTokenVerifier(base);
  const renderPage = createPageRenderer({ viewsDirectory });
  const authorizationServer = createAuthorizationServer({
    issuer: publicUrl,
    authorizationCode: createAuthorizationCodeGrant(base),
    implicit: createImplicitGrant(base),
    refreshToken: createRefreshTokenGrant(base),
    pendingDecisions,
    rememberedGrants: createRememberedGrants(base),
  });
  const pages = {
    ...{ authorizationServer, authorizationCheck, pendingDecisions, renderPage, publicUrl, tokenVerifier },
    authenticators: createAuthenticators({ logins }),
    currentUser: createCurrentUser(base),
    tokens: stores.tokens,
  };

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', 'loopback');
  app.get('/rest/call', async (incoming, response) => {
    const query = new URL(incoming.url, issuer).searchParams;
    response.json(await authenticate(tokenVerifier, incoming, query));
  });
  const clientAuthenticator = createClientAuthenticator(base);
  const pageErrors = createPageErrorHandler({ renderPage, publicUrl });
  app.use(createOAuthRouter({ authorizationServer, authorizationCheck, clientAuthenticator, pageErrors, log }));
  app.use(createSessionMiddleware({ sessions: stores.sessions, clock, ids, secret: 'a secret', publicUrl }));
  app.use(createLoginRouter(pages), createGrantRouter(pages), createLogoutRouter(pages));
  app.use((error: unknown, incoming: express.Request, response: express.Response, _next: express.NextFunction) =>
    sendProblem(incoming, response, error),
  );

  const users = createUserAdmin(base);
  const clients = createClientAdmin(base);
  await users.create({ username: 'demo', password: 'demo', role: 'user', sandbox: true });
  await users.create({ username: 'operator', password: 'operator', role: 'operator', sandbox: true });
  await clients.configure(demoApp, 'demo-secret');
  await clients.configure(demoJs, null);
  const tokenAdmin = createTokenAdmin(base);
  return { app, stores, clock, users, clients, tokenAdmin, tokenVerifier, close: () => stores.close() };
};

export type Fields = Readonly<Record<string, string>>;

/** What an application asks for, as the documentation writes it. */
export const asked = (changes: Fields = {}): Fields => ({
  client_id: 'demo-app',
  response_type: 'code',
  redirect_uri: callback,
  scope: 'call',
  ...changes,
});

export const without = (fields: Fields, ...names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

export const queryOf = (fields: Fields): string => new URLSearchParams(fields).toString();

/** A browser, or a program with a cookie jar, that has logged in on the way to an application. */
export const loggedIn = async ({ app }: OAuthApp, fields: Fields = asked(), name = 'demo'): Promise<Agent> => {
  const agent = request.agent(app);
  await agent
    .post('/auth/login')
    .type('form')
    .send({ ...fields, username: name, password: name })
    .expect(303);
  return agent;
};

/** Where a redirect leads, and what it carries there. */
export const arrival = (response: Response): { place: string; query: URLSearchParams; fragment: URLSearchParams } => {
  const url = new URL(response.headers['location'] ?? '', issuer);
  const fragment = new URLSearchParams(url.hash.slice(1));
  return { place: `${url.origin}${url.pathname}`, query: url.searchParams, fragment };
};

/** Walks through login and consent. @returns the code */
export const obtainCode = async (oauth: OAuthApp, fields: Fields = asked(), name = 'demo'): Promise<string> => {
  const agent = await loggedIn(oauth, fields, name);
  const answer = await agent
    .post('/auth/grant')
    .type('form')
    .send({ ...fields, grant: 'true' });
  const code = arrival(answer).query.get('code');
  if (code === null) throw new Error(`no code: ${answer.status} ${answer.text}`);
  return code;
};

/** A token request by POST, as `demo-app` unless the fields say otherwise. */
export const requestToken = ({ app }: OAuthApp, fields: Fields): request.Test =>
  request(app).post('/oauth/token').type('form').send(fields);

export const redemption = (code: string, changes: Fields = {}): Fields => ({
  grant_type: 'authorization_code',
  client_id: 'demo-app',
  client_secret: 'demo-secret',
  redirect_uri: callback,
  code,
  ...changes,
});

export const refreshing = (refreshToken: string, changes: Fields = {}): Fields => ({
  grant_type: 'refresh_token',
  client_id: 'demo-app',
  client_secret: 'demo-secret',
  refresh_token: refreshToken,
  ...changes,
});

/** Whether the API takes the token. */
export const statusWith = async ({ app }: OAuthApp, token: string): Promise<number> =>
  (await request(app).get('/rest/call').set('Authorization', `Bearer ${token}`)).status;

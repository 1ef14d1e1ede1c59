import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import express, { type Express, type Router } from 'express';
import request, { type Agent, type Response } from 'supertest';
import { ensureBuiltInClient } from '../../src/app/accounts/prepare-accounts.ts';
import { composeAuthorization } from '../../src/app/authorization.ts';
import { composeWeb, type FeaturePageParts } from '../../src/app/web.ts';
import { authenticate } from '../../src/http/authenticate.ts';
import { sendProblem } from '../../src/http/problem.ts';
import { createAdministration, type OAuthAdministration } from '../../src/oauth/administration.ts';
import type { Authorization } from '../../src/oauth/authorization.ts';
import type { ClientDescription } from '../../src/oauth/clients/client-description.ts';
import type { PasswordHasher } from '../../src/oauth/model/secrets.ts';
import type { PresentedToken, TokenVerifier } from '../../src/oauth/request/principal.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { type Log, silentLog } from '../../src/shared/log.ts';
import { SecretBox } from '../../src/storage/secret-box.ts';
import { createCheapHasher } from './cheap-hasher.ts';
import { FakeClock } from './fake-clock.ts';
import { signingKeyOf } from './signing-key.ts';
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
  tokenInQuery: 'allowed',
  codeChallenge: 'optional',
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
  /** Listens already: supertest would open and close a port for each request. */
  readonly app: Server;
  /** What it serves, for a server of the test's own. */
  readonly handler: Express;
  readonly stores: TestStores;
  readonly clock: FakeClock;
  readonly users: OAuthAdministration['users'];
  readonly clients: OAuthAdministration['clients'];
  readonly tokenAdmin: OAuthAdministration['tokens'];
  readonly authorization: Authorization;
  readonly tokenVerifier: TokenVerifier;
  close(): Promise<void>;
}

export interface OAuthAppOptions {
  readonly sandbox?: 'on' | 'off';
  readonly publicUrl?: string;
  readonly log?: Log;
  /** Whose password grant needs no client: by default that of `demo-tests`. */
  readonly firstParty?: 'none';
  readonly tokenRequestsPerSecondPerClient?: number;
  /** As the sandbox by default. */
  readonly basicLogin?: 'on' | 'off';
  /** A cheap one by default. */
  readonly hasher?: PasswordHasher;
  /** The pages of a feature, over the stores of the application. */
  readonly featurePages?: (parts: FeaturePageParts, under: Pick<OAuthApp, 'stores' | 'clock'>) => Router;
}

/** The authorization server, its pages and one protected address, over a real database and a clock of the test. */
export const createOAuthApp = async (options: OAuthAppOptions = {}): Promise<OAuthApp> => {
  const { sandbox = 'on', publicUrl = issuer, log = silentLog, hasher = createCheapHasher() } = options;
  const clock = new FakeClock();
  const ids = createSystemIds();
  const stores = await createTestStores({ clock });
  await stores.signingKeys.insert(signingKeyOf(clock.now()));
  const parts = {
    stores,
    hasher,
    publicUrl,
    sandbox: sandbox === 'on',
    firstPartyClientId: options.firstParty === 'none' ? undefined : 'demo-tests',
    basicLogin: (options.basicLogin ?? sandbox) === 'on',
    tokenRequestsPerSecondPerClient: options.tokenRequestsPerSecondPerClient ?? 0,
    clock,
    ids,
    log,
  };
  const authorization = composeAuthorization(parts);
  const { tokenVerifier } = authorization;
  const { directRoutes, routers, verifier } = composeWeb({
    ...{ ...parts, authorization, cookieSecret: 'a secret', viewsDirectory },
    pageTokenSeal: new SecretBox(stores.secretKey, 'page token'),
    featurePages: (pages) => options.featurePages?.(pages, { stores, clock }) ?? express.Router(),
  });

  const handler = express();
  handler.disable('x-powered-by');
  handler.set('trust proxy', 'loopback');
  handler.get('/rest/call', async (incoming, response) => {
    const query = new URL(incoming.url, issuer).searchParams;
    response.json(await authenticate(verifier, incoming, query));
  });
  handler.use(async (incoming, response, next) => {
    const route = directRoutes.find((candidate) => candidate.matches(incoming.path));
    if (route === undefined) next();
    else await route.handle(incoming, response, () => incoming.ip ?? '');
  });
  handler.use(...routers);
  handler.use((error: unknown, incoming: express.Request, response: express.Response, _next: express.NextFunction) =>
    sendProblem(incoming, response, error),
  );

  const { users, clients, tokens: tokenAdmin } = createAdministration({ stores, hasher, clock, ids, log });
  await ensureBuiltInClient(stores);
  await users.create({ username: 'demo', password: 'demo', role: 'user', sandbox: true });
  await users.create({ username: 'operator', password: 'operator', role: 'operator', sandbox: true });
  await clients.configure(demoApp, 'demo-secret');
  await clients.configure(demoJs, null);
  const app = createServer(handler).listen(0, '127.0.0.1');
  app.keepAliveTimeout = 0; // no pause of a slow machine closes a connection that is about to be used
  await once(app, 'listening');
  const close = async (): Promise<void> => {
    app.close();
    app.closeAllConnections();
    await stores.close();
  };
  return { app, handler, stores, clock, users, clients, tokenAdmin, authorization, tokenVerifier, close };
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

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly scope: string;
  readonly expires_in: number;
}

/** Walks through login and consent and redeems the code, as `demo-app`. */
export const obtainTokens = async (oauth: OAuthApp, fields: Fields = asked(), name = 'demo'): Promise<Tokens> =>
  (await requestToken(oauth, redemption(await obtainCode(oauth, fields, name)))).body as Tokens;

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

/** A token as a request from this machine has it in its header. */
export const presented = (token: string): PresentedToken => ({
  ...{ token, scheme: 'bearer', transport: 'header', route: 'direct' },
  proof: { value: undefined, method: 'GET', path: '/rest/call' },
});

/** Whether the API takes the token. */
export const statusWith = async ({ app }: OAuthApp, token: string): Promise<number> =>
  (await request(app).get('/rest/call').set('Authorization', `Bearer ${token}`)).status;

/** Answers the question that a consent page asks. */
export const answerConsent = (agent: Agent, fields: Fields, grant = 'true'): request.Test =>
  agent
    .post('/auth/grant')
    .type('form')
    .send({ ...fields, grant });

/** The cookies that a response sets. */
export const cookieOf = (response: Response): string => response.get('Set-Cookie')?.join() ?? '';

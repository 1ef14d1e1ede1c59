import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { AuthorizationCode, ClientCredentials, ResourceOwnerPassword } from 'simple-oauth2';
import { type Administration, openAdministration } from '../../src/app/administration.ts';
import { readConfig } from '../../src/config/config.ts';
import { createRegistrationTokens } from '../../src/oauth/clients/registration-tokens.ts';
import { DEVICE_CODE_GRANT } from '../../src/oauth/model/account-stores.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { approveDevice, grantAccess } from '../support/authorize.ts';
import { type StartedService, startService } from '../support/start-service.ts';

/*
 * Client libraries as they are, against the service as it runs: what they find out for themselves has to be right, and
 * what they check of each answer has to hold.
 */

/** Loopback is plain http; nothing else is switched off. */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- it is not: its authors only want it to stand out
const plain = { [oauth.allowInsecureRequests]: true };

let service: StartedService;
let base: string;
let redirectUri: string;
let admin: Administration;
let server: oauth.AuthorizationServer;

/** A client of the service's administrator, made while the service runs. */
const createClient = async (description: Parameters<Administration['clients']['create']>[0]): Promise<string> => {
  const { secret } = await admin.clients.create(description);
  return secret ?? '';
};

beforeAll(async () => {
  service = await startService();
  base = service.baseUrl;
  redirectUri = `${base}/test`;
  admin = await openAdministration(
    readConfig({
      OFFHOOK_DATABASE_URL: `sqlite:${join(service.directory, 'offhook.db')}`,
      OFFHOOK_SECRET_FILE: join(service.directory, 'offhook.key'),
    }),
  );
  const issuer = new URL(base);
  const answer = await oauth.discoveryRequest(issuer, { ...plain, algorithm: 'oauth2' });
  server = await oauth.processDiscoveryResponse(issuer, answer);
}, 60_000);

afterAll(async () => {
  await admin.close();
  await service.stop();
}, 30_000);

interface CodeFlow {
  readonly client: oauth.Client;
  readonly authentication: oauth.ClientAuth;
  readonly scope?: string;
  readonly redirectUri?: string;
  readonly DPoP?: oauth.DPoPHandle;
}

const authorizationUrl = (parameters: Readonly<Record<string, string>>): URL => {
  const url = new URL(server.authorization_endpoint ?? '');
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
};

/** The code flow with PKCE, state and issuer, as the library's own example has it. */
const runCodeFlow = async (flow: CodeFlow): Promise<oauth.TokenEndpointResponse> => {
  const { client, authentication, scope = 'call', redirectUri: redirect_uri = redirectUri, DPoP } = flow;
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = authorizationUrl({
    ...{ client_id: client.client_id, response_type: 'code', redirect_uri, scope, state },
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const callback = oauth.validateAuthResponse(server, client, await grantAccess(url), state);
  const answer = await oauth.authorizationCodeGrantRequest(
    ...([server, client, authentication, callback, redirect_uri, verifier] as const),
    { ...plain, ...(DPoP && { DPoP }) },
  );
  return oauth.processAuthorizationCodeResponse(server, client, answer);
};

const callsUrl = (): URL => new URL(`${base}/rest/call`);

const statusWith = async (accessToken: string, DPoP?: oauth.DPoPHandle): Promise<number> => {
  try {
    const options = { ...plain, ...(DPoP && { DPoP }) };
    return (await oauth.protectedResourceRequest(accessToken, 'GET', callsUrl(), undefined, null, options)).status;
  } catch (error) {
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.status;
    throw error;
  }
};

const demoApp = { client_id: 'demo-app' };
const demoAuthentication = oauth.ClientSecretBasic('demo-secret');

describe('oauth4webapi', () => {
  it('discovers the authorization server, and the resource', async () => {
    expect(server.issuer).toBe(base);
    const answer = await oauth.resourceDiscoveryRequest(callsUrl(), plain);
    const resource = await oauth.processResourceDiscoveryResponse(callsUrl(), answer);
    expect(resource.authorization_servers).toEqual([base]);
  });

  it('runs the code flow of a public client, and refreshes', async () => {
    const client = { client_id: 'demo-js' };
    const tokens = await runCodeFlow({ client, authentication: oauth.None() });
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'call' });
    expect(await statusWith(tokens.access_token)).toBe(200);
    const answer = await oauth.refreshTokenGrantRequest(
      ...([server, client, oauth.None(), tokens.refresh_token ?? ''] as const),
      plain,
    );
    const refreshed = await oauth.processRefreshTokenResponse(server, client, answer);
    expect(await statusWith(refreshed.access_token)).toBe(200);
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
  });

  it.each([
    ['Basic', demoAuthentication],
    ['the body', oauth.ClientSecretPost('demo-secret')],
  ])('runs the code flow of a confidential client that proves itself by %s', async (_way, authentication) => {
    const tokens = await runCodeFlow({ client: demoApp, authentication });
    expect(await statusWith(tokens.access_token)).toBe(200);
  });

  it('runs client credentials and the password grant', async () => {
    const machine = { client_id: 'machine' };
    const secret = await createClient({
      ...{ id: 'machine', name: 'Machine', type: 'confidential', redirectUris: [], responseTypes: [] },
      ...{ grantTypes: ['client_credentials'], scopes: ['read'] },
    });
    const authentication = oauth.ClientSecretBasic(secret);
    const answer = await oauth.clientCredentialsGrantRequest(server, machine, authentication, { scope: 'read' }, plain);
    expect(await oauth.processClientCredentialsResponse(server, machine, answer)).toMatchObject({ scope: 'read' });

    const client = { client_id: 'demo-password' };
    const given = await oauth.genericTokenEndpointRequest(
      ...([server, client, demoAuthentication, 'password', { username: 'demo', password: 'demo' }] as const),
      plain,
    );
    const tokens = await oauth.processGenericTokenEndpointResponse(server, client, given);
    expect(tokens.scope).toBe('read write');
    expect(await statusWith(tokens.access_token)).toBe(200);
  });

  it('lets a device in', async () => {
    const client = { client_id: 'desk-phone' };
    await createClient({
      ...{ id: 'desk-phone', name: 'Desk phone', type: 'public', redirectUris: [], responseTypes: [] },
      ...{ grantTypes: [DEVICE_CODE_GRANT, 'refresh_token'], scopes: ['call'] },
    });
    const start = async (): Promise<oauth.DeviceAuthorizationResponse> => {
      const answer = await oauth.deviceAuthorizationRequest(server, client, oauth.None(), { scope: 'call' }, plain);
      return oauth.processDeviceAuthorizationResponse(server, client, answer);
    };
    const poll = async ({ device_code }: oauth.DeviceAuthorizationResponse): Promise<oauth.TokenEndpointResponse> => {
      const answer = await oauth.deviceCodeGrantRequest(server, client, oauth.None(), device_code, plain);
      return oauth.processDeviceCodeResponse(server, client, answer);
    };
    await expect(poll(await start())).rejects.toMatchObject({ error: 'authorization_pending' });
    const started = await start();
    expect(started.verification_uri).toBe(`${base}/device`);
    expect(await approveDevice(base, started.user_code)).toBe(200);
    expect(await statusWith((await poll(started)).access_token)).toBe(200);
  });

  it('introspects and revokes', async () => {
    const tokens = await runCodeFlow({ client: demoApp, authentication: demoAuthentication });
    const introspect = async (token: string): Promise<oauth.IntrospectionResponse> => {
      const answer = await oauth.introspectionRequest(server, demoApp, demoAuthentication, token, plain);
      return oauth.processIntrospectionResponse(server, demoApp, answer);
    };
    expect(await introspect(tokens.access_token)).toMatchObject({ active: true, username: 'demo', iss: base });
    const revoke = async (token: string): Promise<void> => {
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, demoApp, demoAuthentication, token, plain),
      );
    };
    await revoke(tokens.refresh_token ?? '');
    expect(await introspect(tokens.access_token)).toEqual({ active: false });
    expect(await statusWith(tokens.access_token)).toBe(401);
    await revoke('nonsense');
  });

  it('registers a client, which then works', async () => {
    const maker = await admin.stores.users.findByUsername('admin');
    const registrationTokens = createRegistrationTokens({
      ...{ registrationTokens: admin.stores.registrationTokens, auditLog: { record: () => undefined } },
      ...{ clock: systemClock, ids: admin.ids },
    });
    const { token } = await registrationTokens.create({ user: maker!, address: null }, { name: 'a test', days: 1 });
    const nativeRedirect = 'http://127.0.0.1/callback';
    const metadata = {
      ...{
        client_name: 'Registered',
        redirect_uris: [nativeRedirect],
        token_endpoint_auth_method: 'client_secret_post',
      },
      ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], scope: 'call' },
    };
    const refused = await oauth.dynamicClientRegistrationRequest(server, metadata, plain);
    await expect(oauth.processDynamicClientRegistrationResponse(refused)).rejects.toThrow();

    const options = { ...plain, initialAccessToken: token };
    const answer = await oauth.dynamicClientRegistrationRequest(server, metadata, options);
    const client = await oauth.processDynamicClientRegistrationResponse(answer);
    const authentication = oauth.ClientSecretPost(client['client_secret'] as string);
    const tokens = await runCodeFlow({ client, authentication, redirectUri: 'http://127.0.0.1:51004/callback' });
    expect(await statusWith(tokens.access_token)).toBe(200);
  });

  it('validates an access token that is a JWT, with the keys that it finds', async () => {
    const client = { client_id: 'jwt-app' };
    const secret = await createClient({
      ...{ id: 'jwt-app', name: 'JWT', type: 'confidential', redirectUris: [redirectUri], tokenFormat: 'jwt' },
    });
    const tokens = await runCodeFlow({ client, authentication: oauth.ClientSecretBasic(secret) });
    const presented = new Request(callsUrl(), { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const claims = await oauth.validateJwtAccessToken(server, presented, callsUrl().href, plain);
    expect(claims).toMatchObject({ iss: base, client_id: 'jwt-app', scope: 'call' });
    expect(await statusWith(tokens.access_token)).toBe(200);
  });

  it('binds tokens to a key (DPoP)', async () => {
    const client = { client_id: 'demo-js' };
    const DPoP = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
    const tokens = await runCodeFlow({ client, authentication: oauth.None(), DPoP });
    expect(tokens.token_type).toBe('dpop');
    expect(await statusWith(tokens.access_token, DPoP)).toBe(200);
    expect(await statusWith(tokens.access_token)).toBe(401);
    const stolen = oauth.DPoP({}, await oauth.generateKeyPair('ES256'));
    expect(await statusWith(tokens.access_token, stolen)).toBe(401);
    const refresh = (handle: oauth.DPoPHandle): Promise<Response> =>
      oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh_token ?? '', {
        ...plain,
        DPoP: handle,
      });
    expect((await refresh(stolen)).status).toBe(400);
    const refreshed = await oauth.processRefreshTokenResponse(server, client, await refresh(DPoP));
    expect(await statusWith(refreshed.access_token, DPoP)).toBe(200);
  });
});

describe('simple-oauth2', () => {
  const configuration = (id: string, secret: string) => ({
    client: { id, secret },
    auth: { tokenHost: base, tokenPath: '/oauth/token', revokePath: '/oauth/revoke' },
  });

  const statusOf = ({ token }: { readonly token: Readonly<Record<string, unknown>> }): Promise<number> =>
    statusWith(String(token['access_token']));

  it('runs the code flow, refreshes, and revokes', async () => {
    const { client, auth } = configuration('demo-app', 'demo-secret');
    const flow = new AuthorizationCode({ client, auth: { ...auth, authorizePath: '/oauth/auth' } });
    const url = new URL(flow.authorizeURL({ redirect_uri: redirectUri, scope: 'call', state: 'a state' }));
    const arrival = await grantAccess(url);
    expect(arrival.searchParams.get('state')).toBe('a state');
    const code = arrival.searchParams.get('code') ?? '';
    const tokens = await flow.getToken({ code, redirect_uri: redirectUri, scope: 'call' });
    expect(tokens.expired()).toBe(false);
    expect(await statusOf(tokens)).toBe(200);
    const refreshed = await tokens.refresh();
    expect(await statusOf(refreshed)).toBe(200);
    await refreshed.revoke('access_token');
    expect(await statusOf(refreshed)).toBe(401);
    expect(await statusOf(tokens)).toBe(200);
    await refreshed.revokeAll();
    expect(await statusOf(tokens)).toBe(401);
  });

  it('runs client credentials and the password grant', async () => {
    const secret = await createClient({
      ...{ id: 'second-machine', name: 'Machine', type: 'confidential', redirectUris: [], responseTypes: [] },
      ...{ grantTypes: ['client_credentials'], scopes: ['read'] },
    });
    const machine = new ClientCredentials(configuration('second-machine', secret));
    const { token } = await machine.getToken({ scope: 'read' });
    expect(token).toMatchObject({ token_type: 'bearer', scope: 'read' });
    const person = new ResourceOwnerPassword(configuration('demo-password', 'demo-secret'));
    const tokens = await person.getToken({ username: 'demo', password: 'demo', scope: 'read' });
    expect(await statusOf(tokens)).toBe(200);
    await expect(person.getToken({ username: 'demo', password: 'wrong' })).rejects.toThrow('400');
  });
});

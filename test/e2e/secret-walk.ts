import { createHash, randomBytes } from 'node:crypto';
import { DEVICE_CODE_GRANT } from '../../src/oauth/model/account-stores.ts';
import type { StartedService } from '../support/start-service.ts';
import { runOffhook } from './run-offhook.ts';

type Fields = Readonly<Record<string, string>>;

const configuredSecret = (): string => randomBytes(32).toString('hex');

/** The clients of the configuration file, with a secret of each. */
const secrets = { shop: configuredSecret(), front: configuredSecret(), words: configuredSecret() };

const HOME = 'http://127.0.0.1/back';

export const walkSettings = {
  clients: [
    { id: 'shop', secret: secrets.shop, redirect_uris: [HOME], query_tokens: true },
    {
      ...{ id: 'front', secret: secrets.front, redirect_uris: [HOME], response_types: ['code', 'token'] },
      ...{ token_by_get: ['authorization_code'], require_pkce: false, token_format: 'jwt' },
    },
    { id: 'words', secret: secrets.words, grants: ['password', 'refresh_token'], token_by_get: ['password'] },
    { id: 'desk', grants: [DEVICE_CODE_GRANT, 'refresh_token'] },
  ],
  first_party_client: 'words',
  limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
};

const basic = (name: string, secret: string): string => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

/** A person and programs that use every way in to a service that runs. What is secret is noted. */
export class SecretWalk {
  /** What was handed out or typed, with what it is. */
  readonly secrets = new Map<string, string>();
  /** Access tokens that are in force at the end. */
  readonly livingTokens: string[] = [];
  /** The cookie of a session that is in force at the end, signed. */
  cookie = '';
  readonly #service: StartedService;

  constructor(service: StartedService) {
    this.#service = service;
    for (const [name, secret] of Object.entries(secrets)) this.#note(secret, `the secret of ${name}`);
  }

  async walk(): Promise<void> {
    await this.#addAccounts();
    await this.#logIn();
    await this.#codeFlow();
    await this.#clientSideFlow();
    await this.#passwordGrant();
    await this.#deviceFlow();
    await this.#basicLogin();
    await this.#administration();
    await this.#passwordChange();
  }

  #note(secret: unknown, name: string): string {
    if (typeof secret !== 'string' || secret === '') throw new Error(`no secret: ${name}`);
    this.secrets.set(secret, name);
    // Of a JWT, nothing but the signature is a secret, and a part of a secret must not be stored either.
    const [, , signature] = secret.split('.');
    if (signature !== undefined) this.secrets.set(signature, `the signature of ${name}`);
    return secret;
  }

  /** A password that nobody else has. */
  #password(name: string): string {
    return this.#note(`pass word ${randomBytes(12).toString('hex')}`, name);
  }

  #send(path: string, init: RequestInit = {}, cookie = this.cookie): Promise<Response> {
    const headers = { ...(cookie !== '' && { cookie }), ...(init.headers as Fields | undefined) };
    return fetch(`${this.#service.baseUrl}${path}`, { redirect: 'manual', ...init, headers });
  }

  #post(path: string, fields: Fields, cookie?: string): Promise<Response> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(fields) }, cookie);
  }

  /** The named secrets of a JSON reply. */
  async #take(reply: Promise<Response>, name: string, fields: readonly string[]): Promise<Fields> {
    const response = await reply;
    const body = (await response.json()) as Fields;
    if (!response.ok) throw new Error(`${name}: ${response.status} ${JSON.stringify(body)}`);
    for (const field of fields) this.#note(body[field], `${field} of ${name}`);
    return body;
  }

  #token(fields: Fields, name: string, given = ['access_token', 'refresh_token']): Promise<Fields> {
    return this.#take(this.#post('/oauth/token', fields, ''), name, given);
  }

  async #offhook(words: string, input = ''): Promise<string> {
    const run = await runOffhook(words.split(' '), { directory: this.#service.directory, input });
    if (run.code !== 0) throw new Error(`offhook ${words}: ${run.said}`);
    return run.printed;
  }

  #alice = '';
  #root = '';

  async #addAccounts(): Promise<void> {
    [this.#alice, this.#root] = [this.#password('password of alice'), this.#password('password of root')];
    await this.#offhook('user add alice', this.#alice);
    await this.#offhook('user add root --role admin', this.#root);
    const phone = await this.#offhook('phone add alice --name desk');
    this.#note(/^password +(\S+)$/m.exec(phone)?.[1], 'password of the SIP phone');
    const added = await this.#offhook(`client add added --redirect-uri ${HOME}`);
    this.#note(/^client_secret +(\S+)$/m.exec(added)?.[1], 'secret of an added client');
    const rotated = await this.#offhook('client rotate added');
    this.#note(/^client_secret +(\S+)$/m.exec(rotated)?.[1], 'secret of a rotated client');
  }

  async #sessionOf(username: string, password: string): Promise<string> {
    const response = await this.#post('/auth/login', { username, password }, '');
    return this.#noteCookie(response, `session of ${username}`);
  }

  #noteCookie(response: Response, name: string): string {
    const [line = ''] = response.headers.getSetCookie();
    const [, id, signature] = /^offhook-\d+=s%3A([^.]+)\.([^;]+)/.exec(line) ?? [];
    this.#note(id, `id of the ${name}`);
    this.#note(decodeURIComponent(signature ?? ''), `signature of the ${name}`);
    return line.split(';')[0] ?? '';
  }

  async #logIn(): Promise<void> {
    const wrong = this.#password('a wrong password');
    await this.#post('/auth/login', { username: 'alice', password: wrong }, '');
    await this.#send(`/auth/login?username=alice&password=${wrong}`);
    this.cookie = await this.#sessionOf('alice', this.#alice);
  }

  /** Where the browser is sent after the consent. */
  async #consent(asked: Fields): Promise<URL> {
    await this.#send(`/auth/grant?${new URLSearchParams(asked).toString()}`);
    const response = await this.#post('/auth/grant', { ...asked, grant: 'true' });
    return new URL(response.headers.get('location') ?? HOME);
  }

  async #code(client_id: string, challenge: Fields = {}): Promise<string> {
    const asked = { client_id, response_type: 'code', redirect_uri: HOME, scope: 'call', ...challenge };
    return this.#note((await this.#consent(asked)).searchParams.get('code'), `code of ${client_id}`);
  }

  #shop(fields: Fields): Fields {
    return { client_id: 'shop', client_secret: secrets.shop, redirect_uri: HOME, ...fields };
  }

  async #codeFlow(): Promise<void> {
    const code_verifier = this.#note(randomBytes(48).toString('base64url'), 'code verifier');
    const code_challenge = createHash('sha256').update(code_verifier).digest('base64url');
    const code = await this.#code('shop', { code_challenge, code_challenge_method: 'S256' });
    const redemption = this.#shop({ grant_type: 'authorization_code', code, code_verifier });
    const { refresh_token = '' } = await this.#token(redemption, 'the code');
    const refreshed = await this.#token(this.#shop({ grant_type: 'refresh_token', refresh_token }), 'a refresh');
    await this.#post(`/rest/call?access_token=${refreshed['access_token']}`, { number: 'none' });
    this.livingTokens.push(refreshed['access_token'] ?? '');
    const wrongCode = this.#note(randomBytes(32).toString('base64url'), 'a wrong code');
    await this.#post('/oauth/token', { ...redemption, code: wrongCode }, '');
  }

  async #clientSideFlow(): Promise<void> {
    const asked = { client_id: 'front', response_type: 'token', redirect_uri: HOME, scope: 'call' };
    const fragment = new URLSearchParams((await this.#consent(asked)).hash.slice(1));
    this.livingTokens.push(this.#note(fragment.get('access_token'), 'token in the fragment'));
    const redemption = new URLSearchParams({
      ...{ grant_type: 'authorization_code', client_id: 'front', client_secret: secrets.front, redirect_uri: HOME },
      code: await this.#code('front'),
    });
    const answer = await this.#send(`/oauth/token?${redemption.toString()}`);
    const byGet = new URLSearchParams(new URL(answer.headers.get('location') ?? HOME).hash.slice(1));
    this.#note(byGet.get('access_token'), 'token for a code by GET');
  }

  async #passwordGrant(): Promise<void> {
    const person = { grant_type: 'password', username: 'alice', password: this.#alice };
    await this.#token(person, 'the clientless password');
    const asked = { ...person, client_id: 'words', client_secret: secrets.words };
    await this.#token(asked, 'the password');
    const query = new URLSearchParams(asked).toString();
    await this.#take(this.#send(`/api/oauth/token?${query}`), 'the password by GET', ['access_token', 'refresh_token']);
  }

  async #deviceFlow(): Promise<void> {
    const started = this.#post('/oauth/device', { client_id: 'desk' }, '');
    const { device_code = '', user_code = '' } = await this.#take(started, 'the device', ['device_code', 'user_code']);
    this.#note(user_code.replace('-', ''), 'user code without its dash');
    const polled = { grant_type: DEVICE_CODE_GRANT, client_id: 'desk', device_code };
    await this.#send(`/device?user_code=${user_code}`);
    await this.#post('/device', { user_code, grant: 'true' });
    await this.#token(polled, 'the device');
    const pending = this.#post('/oauth/device', { client_id: 'desk' }, '');
    await this.#take(pending, 'a device that waits', ['device_code', 'user_code']);
  }

  async #basicLogin(): Promise<void> {
    const given = ['access_token', 'refresh_token'];
    const authorization = basic('alice', this.#alice);
    await this.#send('/auth/test', { headers: { authorization } }, '');
    const first = await this.#take(this.#send('/auth', { headers: { authorization } }, ''), 'Basic', given);
    const renewal = {
      method: 'POST',
      headers: { authorization: `Bearer ${first['access_token']}`, 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: first['refresh_token'] }),
    };
    const renewed = await this.#take(this.#send('/auth/token', renewal, ''), 'Basic renewed', given);
    this.livingTokens.push(renewed['access_token'] ?? '');
  }

  async #administration(): Promise<void> {
    const root = await this.#sessionOf('root', this.#root);
    for (const turn of ['first', 'second']) {
      const generated = this.#post('/management/api/keys', {}, root);
      const pair = await this.#take(generated, `the ${turn} key pair`, ['client_secret']);
      const fields = { grant_type: 'client_credentials', client_id: pair['client_id'] ?? '' };
      const asked = { ...fields, client_secret: pair['client_secret'] ?? '' };
      await this.#token(asked, `the ${turn} key pair`, ['access_token']);
    }
    const created = this.#post('/management/api/registration-tokens', { name: 'the build', days: '7' }, root);
    const { token = '' } = await this.#take(created, 'the registration', ['token']);
    const registration = {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [HOME] }),
    };
    await this.#take(this.#send('/oauth/register', registration, ''), 'the registered client', ['client_secret']);
    const application = { name: 'Mine', redirect_uris: HOME };
    const mine = this.#post('/management/api/applications', application);
    const { client_id } = await this.#take(mine, 'an application', ['client_secret']);
    const rotated = this.#post(`/management/api/applications/${client_id}/secret`, {});
    await this.#take(rotated, 'an application, rotated', ['client_secret']);
  }

  /** Ends everything of root; alice keeps what she has. */
  async #passwordChange(): Promise<void> {
    const root = await this.#sessionOf('root', this.#root);
    const new_password = this.#password('new password of root');
    const change = { current_password: this.#root, new_password };
    const changed = await this.#post('/management/account/password', change, root);
    this.#noteCookie(changed, 'session after the change of the password');
  }
}

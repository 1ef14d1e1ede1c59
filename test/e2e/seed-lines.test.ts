import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StartedService, startService } from '../support/start-service.ts';
import { type Answer, Terminal } from './curl.ts';
import { runOffhook } from './run-offhook.ts';

/*
 * The command lines of five documents of others, letter by letter, with the host and what stands in brackets replaced, run
 * by curl against the built service. What has to come back is what each document shows; nothing here knows our own types.
 */

let service: StartedService;
let base: string;
let terminal: Terminal;

beforeAll(async () => {
  terminal = await Terminal.open();
  service = await startService({
    settings: {
      clients: [
        {
          id: '6a2a39ba-9688-493d-b348-187468f599ae',
          secret: 'a28e0ca4-27cb-4361-bf97-3b26c612d66a',
          grants: ['password', 'refresh_token'],
          token_by_get: ['password'],
          query_tokens: true,
          scopes: ['read', 'write'],
          access_token_seconds: 86_400,
        },
      ],
    },
  });
  base = service.baseUrl;
  const { directory } = service;
  for (const [username, password] of [
    ['username', 'password'],
    ['myusername', 'mypassword'],
  ] as const) {
    await runOffhook(['user', 'add', username], { directory, input: `${password}\n` });
  }
}, 60_000);

afterAll(async () => {
  await service.stop();
  await terminal.close();
}, 30_000);

const run = (line: string): Promise<Answer> => terminal.run(line);

const jsonOf = ({ body }: Answer): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;

/** A line with other values: each of the words once, wherever it stands. */
const filled = (line: string, values: Readonly<Record<string, unknown>>): string =>
  Object.entries(values).reduce((result, [word, value]) => result.replaceAll(word, String(value)), line);

/** A redirect may name its place from the root of the host. */
const placeOf = ({ location }: Answer): string => new URL(location, base).href;

const pattern = (shown: string, values: Readonly<Record<string, string>>): RegExp =>
  new RegExp(`^${filled(shown.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), values)}$`);

const TOKEN = '[\\w-]+';

/** What a person goes through until an application has a code. */
const codeFor = async (client: string, scope: string): Promise<string> => {
  const asked = `client_id=${client}&response_type=code&redirect_uri=${base}/test&scope=${scope}`;
  await terminal.send(`POST ${base}/auth/login`, { who: client, body: `${asked}&username=demo&password=demo` });
  const answer = await terminal.send(`POST ${base}/auth/grant`, { who: client, body: `${asked}&grant=true` });
  return new URL(answer.location).searchParams.get('code') ?? '';
};

describe('the test service (000)', () => {
  const HOST = 'http://www.awetest.com';
  const SHOWN = { token_type: 'bearer', expires_in: 7200, scope: 'public' };

  const values = (more: Readonly<Record<string, unknown>>) => ({
    [HOST]: base,
    '<ApplicationId>': 'demo-tests',
    '<Secret>': 'demo-secret',
    '<CallbackURL>': `${base}/test`,
    ...more,
  });

  const expectShown = (answer: Answer): Record<string, unknown> => {
    expect(answer.status).toBe('HTTP/1.1 200 OK');
    const given = jsonOf(answer);
    expect(given).toEqual({ access_token: expect.any(String), refresh_token: expect.any(String), ...SHOWN });
    return given;
  };

  it('gives tokens for a code, and for a refresh token', async () => {
    const code = await codeFor('demo-tests', 'public');
    const redeem =
      'curl -X POST -d "client_id=<ApplicationId>&client_secret=<Secret>&grant_type=authorization_code&code=<Code>&redirect_uri=<CallbackURL>" http://www.awetest.com/oauth/token';
    const { refresh_token } = expectShown(await run(filled(redeem, values({ '<Code>': code }))));
    const refresh =
      'curl -X POST -d "client_id=<ApplicationId>&client_secret=<Secret>&redirect_uri=<CallbackURL>&grant_type=refresh_token&refresh_token=<RefreshToken>" http://www.awetest.com/oauth/token';
    expectShown(await run(filled(refresh, values({ '<RefreshToken>': refresh_token }))));
  });

  it('gives them for a username and a password without an application', async () => {
    const line =
      'curl -X POST -d "grant_type=password&username=<Username>&password=<Password>" http://www.awetest.com/oauth/token';
    expectShown(await run(filled(line, values({ '<Username>': 'demo', '<Password>': 'demo' }))));
  });

  it('lists projects, shows a job and restarts it', async () => {
    const script = { name: 'busy', number: '+12025550101', expect: { outcome: 'completed' } };
    const project = { name: 'Nightly', scripts: [script, script] };
    await writeFile(join(service.directory, 'nightly.json'), JSON.stringify(project));
    const command = ['project', 'import', join(service.directory, 'nightly.json'), '--user', 'demo'];
    const imported = await runOffhook(command, { directory: service.directory });
    const projectId = imported.printed.trim();
    const ran = await runOffhook(['job', 'run', projectId, '--wait', '--json'], { directory: service.directory });
    expect([imported.code, ran.code, ran.said.split('\n').length]).toEqual([0, 1, 4]);
    const jobId = (JSON.parse(ran.printed) as { id: number }).id;

    const password =
      'curl -X POST -d "grant_type=password&username=<Username>&password=<Password>" http://www.awetest.com/oauth/token';
    const given = expectShown(await run(filled(password, values({ '<Username>': 'demo', '<Password>': 'demo' }))));
    const shown = values({ '<AccessToken>': given['access_token'], '<JobID>': jobId });
    for (const line of [
      'curl --header "Authorization: Bearer <AccessToken>" http://www.awetest.com/api/v1/projects.json',
      'curl http://www.awetest.com/api/v1/projects.json?access_token=<AccessToken>',
    ]) {
      const projects = await run(filled(line, shown));
      expect([projects.status, projects.type]).toEqual([
        ...['HTTP/1.1 200 OK', expect.stringMatching(/^application\/json/)],
      ]);
      const listed = { total_scripts: 2, last_job: { id: jobId, status: 'finished' } };
      const list: unknown = JSON.parse(projects.body);
      expect(list).toContainEqual({ id: Number(projectId), name: 'Nightly', ...listed });
    }
    const status = await run(
      filled('curl http://www.awetest.com/api/v1/jobs/<JobID>.json?access_token=<AccessToken>', shown),
    );
    const sample =
      '{"id":4941,"status":"finished","total_scripts":2,"test_runs":[{"id":12539,"status":"Fail"},{"id":12540,"status":"Fail"}],"total_scripts_completed":2}';
    expect(status.body.replace(/"id":\d+/g, '"id":N')).toBe(sample.replace(/"id":\d+/g, '"id":N'));
    const restart = await run(
      filled('curl -X POST http://www.awetest.com/api/v1/jobs/<JobID>/restart?access_token=<AccessToken>', shown),
    );
    expect([restart.status, restart.body]).toEqual(['HTTP/1.1 201 Created', expect.stringMatching(/^\{"id":\d+\}$/)]);
  });
});

/** The document writes every address with this host. */
const at = (line: string, values: Readonly<Record<string, unknown>> = {}): string =>
  filled(line, { ...values, 'http://localhost:8888': base });

describe('the REST API (001)', () => {
  const who = 'browser';

  it('goes the application flow', async () => {
    const client = { '<client_id>': 'demo-app', '<secret_id>': 'demo-secret' };
    const start = await terminal.send(
      at(
        'GET http://localhost:8888/oauth/auth?client_id=<client_id>&response_type=code&redirect_uri=http://localhost:8888/test&scope=call',
        client,
      ),
      { who },
    );
    expect(start.status).toBe('HTTP/1.1 302 Found');
    const login = at(
      'http://localhost:8888/auth/login?client_id=<client_id>&response_type=code&redirect_uri=http://localhost:8888/test&scope=call',
      client,
    );
    expect(placeOf(start)).toBe(login);
    const asked = { client_id: 'demo-app', response_type: 'code', redirect_uri: `${base}/test`, scope: 'call' };
    expect(jsonOf(await terminal.send(`GET ${login}`, { who }))).toEqual(asked);

    const entered = await terminal.send(at('POST http://localhost:8888/auth/login'), {
      who,
      body: at(
        'client_id=<client_id>&response_type=code&redirect_uri=http://localhost:8888/test&scope=call&username=<user_username>&password=<user_password>',
        { ...client, '<user_username>': 'demo', '<user_password>': 'demo' },
      ),
    });
    expect([entered.status, new URL(placeOf(entered)).pathname]).toEqual(['HTTP/1.1 303 See Other', '/auth/grant']);
    expect(jsonOf(await terminal.send(`GET ${placeOf(entered)}`, { who }))).toEqual(asked);
    const again = await terminal.send(`GET ${login}`, { who });
    expect([again.status, new URL(placeOf(again)).pathname]).toEqual(['HTTP/1.1 303 See Other', '/auth/grant']);

    const granted = await terminal.send(at('POST http://localhost:8888/auth/grant'), {
      who,
      body: at(
        'client_id=<client_id>&response_type=code&redirect_uri=http://localhost:8888/test&scope=call&grant=true',
        client,
      ),
    });
    expect(granted.location).toMatch(
      pattern(`${at('http://localhost:8888/test?code=<code>')}<more>`, {
        '<code>': TOKEN,
        '<more>': '(&.*)?',
      }),
    );
    const { code } = jsonOf(await terminal.send(`GET ${granted.location}`, { who }));
    const token = await terminal.send(
      at(
        'GET http://localhost:8888/oauth/token?client_id=<client_id>&client_secret=<secret_id>&code=<code>&redirect_uri=http://localhost:8888/test&grant_type=authorization_code',
        { ...client, '<code>': code },
      ),
      { who },
    );
    expect(token.status).toBe('HTTP/1.1 303 See Other');
    expect(token.location).toMatch(
      pattern(at('http://localhost:8888/test#access_token=<token>&token_type=Bearer&expires_in=3600'), {
        '<token>': TOKEN,
      }),
    );
  });

  const clientSideToken = async (): Promise<string> => {
    const client = { '<client_id>': 'demo-app' };
    const asked = 'client_id=<client_id>&response_type=token&redirect_uri=http://localhost:8888/test&scope=call';
    const start = await terminal.send(at(`GET http://localhost:8888/oauth/auth?${asked}`, client), { who: 'script' });
    expect(placeOf(start)).toBe(at(`http://localhost:8888/auth/login?${asked}`, client));
    await terminal.send(at('POST http://localhost:8888/auth/login'), {
      who: 'script',
      body: at(`${asked}&username=<user_username>&password=<user_password>`, {
        ...client,
        '<user_username>': 'demo',
        '<user_password>': 'demo',
      }),
    });
    const granted = await terminal.send(at('POST http://localhost:8888/auth/grant'), {
      who: 'script',
      body: at(`${asked}&grant=true`, client),
    });
    expect(granted.location).toMatch(
      pattern(`${at('http://localhost:8888/test#access_token=<token>&token_type=Bearer&expires_in=3600')}<more>`, {
        '<token>': TOKEN,
        '<more>': '(&.*)?',
      }),
    );
    return new URLSearchParams(new URL(granted.location).hash.slice(1)).get('access_token') ?? '';
  };

  it('goes the client-side flow, and places, shows, lists and stops a call', async () => {
    const token = await clientSideToken();
    const api = (line: string, header = '', body = ''): Promise<Answer> => {
      const [method, address] = at(line).split(' ');
      return run(`curl -X ${method} '${address}' -H '${header || `Authorization: Bearer ${token}`}'${body}`);
    };
    const all = await run(
      `curl '${at('http://localhost:8888/rest/call?access_token=<access_token>', { '<access_token>': token })}'`,
    );
    expect([all.status, all.type]).toEqual(['HTTP/1.1 200 OK', expect.stringMatching(/^application\/json/)]);

    const placed = await api(
      'POST http://localhost:8888/rest/call',
      filled('Authentication: Bearer <your-token>', { '<your-token>': token }),
      ' --data-urlencode number=+12025550102',
    );
    expect([placed.status.slice(0, 12), placed.body]).toEqual(['HTTP/1.1 201', '']);
    expect(placed.location).toMatch(
      pattern(at('http://localhost:8888/rest/call?token_call=<token_call>'), { '<token_call>': TOKEN }),
    );
    const tokenCall = new URL(placed.location).searchParams.get('token_call') ?? '';
    const info = filled('GET http://localhost:8888/rest/call?token_call=<token_call>', { '<token_call>': tokenCall });
    expect((await api(info)).body).toContain(tokenCall);
    const xml = await api(info, `Authorization: Bearer ${token}' -H 'Accept: application/xml`);
    expect([xml.type, xml.body]).toEqual([
      expect.stringMatching(/^application\/xml/),
      expect.stringContaining(`<token_call>${tokenCall}</token_call>`),
    ]);
    expect((await api('GET http://localhost:8888/rest/call')).body).toContain(tokenCall);

    const body = filled(" -d 'token_call=<token_call>'", { '<token_call>': tokenCall });
    expect((await api('PUT http://localhost:8888/rest/call', '', body)).status).toBe('HTTP/1.1 200 OK');
    const unknown = await api('GET http://localhost:8888/rest/call?token_call=unknown');
    expect(unknown.status).toBe('HTTP/1.1 409 Conflict');
  });
});

describe('the password flow (002)', () => {
  it('answers the address of the example', async () => {
    const example =
      'http://teamserver.example.com/api/oauth/token?username=username&password=password&client_id=6a2a39ba-9688-493d-b348-187468f599ae&client_secret=a28e0ca4-27cb-4361-bf97-3b26c612d66a&grant_type=password';
    const answer = await run(`curl '${example.replace('http://teamserver.example.com', base)}'`);
    expect([answer.status, answer.type]).toEqual(['HTTP/1.1 200 OK', expect.stringMatching(/^application\/json/)]);
    const given = jsonOf(answer);
    expect(Object.keys(given).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type']);
    expect(given).toMatchObject({ token_type: 'bearer', scope: 'read write' });
    expect([86_399, 86_400]).toContain(given['expires_in']);
  });
});

describe('the authorization API (003)', () => {
  const HOST = 'http://127.0.0.1:8080';
  const SHOWN = 'eyJhbGciOiJIUzI1NiIs...';

  const expectShown = (answer: Answer): Record<string, unknown> => {
    expect(answer.status).toBe('HTTP/1.1 200 OK');
    const given = jsonOf(answer);
    expect(Object.keys(given)).toEqual(['access_token', 'expires_at', 'refresh_token']);
    const jwt = expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(given).toEqual({ access_token: jwt, expires_at: expect.any(Number), refresh_token: jwt });
    const minutes = (Number(given['expires_at']) - answer.date / 1000) / 60;
    expect(Math.round(minutes)).toBe(15);
    return given;
  };

  it.each([HOST, 'http://hostname:8080/api/core/v2'])('gives tokens, tests a password and renews: %s', async (host) => {
    const prefix = host === HOST ? '' : '/api/core/v2';
    const here = (line: string): string => line.replaceAll(HOST, base + prefix);
    const given = expectShown(await run(here('curl -u myusername:mypassword http://127.0.0.1:8080/auth')));
    const tested = await run(here('curl -u myusername:mypassword http://127.0.0.1:8080/auth/test'));
    expect(tested.status).toBe('HTTP/1.1 200 OK');
    const renewal = `curl -H "Authorization: Bearer eyJhbGciOiJIUzI1NiIs..." \\
-H 'Content-Type: application/json' \\
-d '{"refresh_token": "eyJhbGciOiJIUzI1NiIs..."}' \\
http://127.0.0.1:8080/auth/token`;
    const { access_token, refresh_token } = given;
    const line = renewal.replace(SHOWN, String(access_token)).replace(SHOWN, String(refresh_token));
    expectShown(await run(here(line)));
  });

  it('refuses a wrong password, and what is malformed', async () => {
    for (const path of ['/auth', '/auth/test']) {
      const refused = await run(`curl -u myusername:wrong ${base}${path}`);
      expect(refused.status).toBe('HTTP/1.1 401 Unauthorized');
    }
    const given = jsonOf(await run(`curl -u myusername:mypassword ${base}/auth`));
    const bearer = `-H "Authorization: Bearer ${String(given['access_token'])}"`;
    const malformed = await run(`curl ${bearer} -H 'Content-Type: application/json' -d '{' ${base}/auth/token`);
    expect(malformed.status).toBe('HTTP/1.1 400 Bad Request');
  });
});

describe('the key pair (004)', () => {
  const generate = async (): Promise<Record<string, unknown>> => {
    await terminal.send(`POST ${base}/auth/login`, { who: 'admin', body: 'username=admin&password=admin' });
    return jsonOf(await terminal.send(`POST ${base}/management/api/keys`, { who: 'admin' }));
  };

  const lines = [
    'curl --data "grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}" https://cloudacademy.com/oauth2/token/',
    'curl --data "grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}" https://app.qa.com/oauth2/token/',
  ];

  const withPair = (line: string, { client_id, client_secret }: Readonly<Record<string, unknown>>): string =>
    filled(line, { '{client_id}': client_id, '{client_secret}': client_secret }).replace(/https:\/\/[^/]+/, base);

  it('generates a token for ten hours, until there is a new pair', async () => {
    const pair = await generate();
    let accessToken: unknown;
    for (const line of lines) {
      const answer = await run(withPair(line, pair));
      expect(answer.status).toBe('HTTP/1.1 200 OK');
      const shown = { access_token: expect.any(String), token_type: 'Bearer', expires_in: 36_000, scope: 'all' };
      expect(jsonOf(answer)).toEqual(shown);
      expect(Object.keys(jsonOf(answer))).toEqual(Object.keys(shown));
      accessToken = jsonOf(answer)['access_token'];
    }
    const useIt = `curl -H 'Authorization: Bearer ${String(accessToken)}' ${base}/rest/call`;
    expect((await run(useIt)).status).toBe('HTTP/1.1 200 OK');
    await generate();
    expect((await run(useIt)).status).toBe('HTTP/1.1 401 Unauthorized');
    expect((await run(withPair(lines[0] ?? '', pair))).status).toBe('HTTP/1.1 401 Unauthorized');
  });
});

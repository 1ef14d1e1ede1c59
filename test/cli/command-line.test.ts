import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Administration, openAdministration } from '../../src/app/administration.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { readSecret } from '../../src/cli/terminal.ts';
import { readConfig } from '../../src/config/config.ts';
import { createPasswordHasher, hashSecret } from '../../src/oauth/model/secrets.ts';
import { ha1 } from '../../src/sip/auth/digest.ts';

const untouched = { ...process.env };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-cli-'));
  process.env['OFFHOOK_DATABASE_URL'] = `sqlite:${join(directory, 'data', 'offhook.db')}`;
  process.env['OFFHOOK_SECRET_FILE'] = join(directory, 'data', 'offhook.key');
  process.env['OFFHOOK_SANDBOX'] = 'off';
});

afterEach(() => {
  process.env = { ...untouched };
  rmSync(directory, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly printed: string;
  readonly said: string;
}

const offhook = async (words: string, input = ''): Promise<Ran> => {
  const printed: string[] = [];
  const said: string[] = [];
  const code = await runCommandLine(words.split(' '), {
    input: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    print: (line) => printed.push(line),
    say: (line) => said.push(line),
  });
  return { code, printed: printed.join('\n'), said: said.join('\n') };
};

const run = async (words: string, input?: string): Promise<Ran> => {
  const ran = await offhook(words, input);
  expect(ran).toMatchObject({ code: 0 });
  return ran;
};

/** What a command left in the database. */
const look = async <Result>(work: (administration: Administration) => Promise<Result>): Promise<Result> => {
  const administration = await openAdministration(readConfig());
  try {
    return await work(administration);
  } finally {
    await administration.close();
  }
};

const userOf = (username: string) => look(({ stores }) => stores.users.findByUsername(username));

const addAlice = () => run('user add alice', 'correct horse\n');

describe('the command line', () => {
  it('explains itself', async () => {
    const { printed } = await run('--help');
    const commands = ['serve', 'migrate', 'user', 'client', 'phone', 'call', 'token', 'key'];
    for (const command of [...commands, 'config', 'backup', 'completion']) expect(printed).toContain(command);
    expect((await run('user --help')).printed).toMatch(
      /add .*list .*show .*set .*disable .*enable .*password .*delete /s,
    );
    expect((await run('phone add --help')).printed).toContain('--address <address>');
  });

  it.each([
    ['usr list', "unknown command 'usr'\n(Did you mean user?)"],
    ['user lst', "unknown command 'lst'\n(Did you mean list?)"],
    ['user list --jsn', "unknown option '--jsn'\n(Did you mean --json?)"],
    ['user', 'Usage: offhook user'],
    ['user frobnicate', "unknown command 'frobnicate'"],
    ['user add', "missing required argument 'username'"],
    ['user list --all', "unknown option '--all'"],
    ['user set alice', 'Name at least one option'],
    ['user set alice --extension 12a', '--extension is 1 to 10 digits'],
    ['user delete alice', '--yes is needed where no terminal is'],
    ['client delete shop', '--yes is needed where no terminal is'],
    ['client add shop --grants password --access-token-seconds 5', '--access-token-seconds is a number of seconds'],
    ['client add shop --grants password --token-by-get device_code', '--token-by-get must be some of --grants'],
    ['call end token --wait soon', '--wait is a number of seconds, 0 to 600'],
    ['completion tcsh', 'The shell is one of bash, zsh, fish'],
    ['user add bob --role king', '--role is one of user, operator, admin'],
    ['user add bob --extension 12a', '--extension is 1 to 10 digits'],
    ['user add bob --country UK', '--country is a country'],
    ['user add bob --caller-id +12025550199 2025550199', '--caller-id 2025550199 is not a number in E.164'],
    ['client add shop', '--redirect-uri is needed'],
    ['client add shop --grants password --client-side', '--redirect-uri is needed'],
    ['client add shop --grants device', '--grants are some of authorization_code, refresh_token, password, '],
    ['client add shop --grants constructor', '--grants are some of'],
    ['client add shop --redirect-uri https://shop.example/ --scope calls', '--scope is some of call, read, '],
    ['client add shop --public --grants client_credentials', 'not with --public'],
    ['phone add alice --address 200@10.0.0.5', '--address is a SIP address'],
    ['phone add alice --address +12025550123', '--address is a SIP address'],
    ['phone add alice --name a@b', '--name is letters, digits and ._-'],
    ['phone add alice --name a --address sip:200@10.0.0.5', '--name is for a phone without --address'],
    ['token revoke', 'Give a token on standard input, or --user, or --client.'],
    ['key replace', '--yes is needed where no terminal is'],
  ])('does not understand "%s", says why and exits 2', async (words, reason) => {
    const { code, said, printed } = await offhook(words);
    expect({ code, printed }).toEqual({ code: 2, printed: '' });
    expect(said).toContain(reason);
    expect(said).not.toMatch(/^ +at /m);
  });

  it.each([
    ['user disable bob', 'offhook: There is no user bob.'],
    ['user enable bob', 'offhook: There is no user bob.'],
    ['user password bob', 'offhook: There is no user bob.'],
    ['user show bob', 'offhook: There is no user bob.'],
    ['user set bob --role admin', 'offhook: There is no user bob.'],
    ['user delete bob --yes', 'offhook: There is no user bob.'],
    ['client show shop', 'offhook: There is no client shop.'],
    ['client set shop --name Shop', 'offhook: There is no client shop.'],
    ['client delete shop --yes', 'offhook: There is no client shop.'],
    ['call show nothing', 'offhook: There is no call nothing.'],
    ['call end nothing', 'offhook: There is no call nothing.'],
    ['call show -MY5Mvs9dkD4J9YuS3Vplw', 'offhook: There is no call -MY5Mvs9dkD4J9YuS3Vplw.'],
    ['call end --Y5Mvs9dkD4J9YuS3Vplw --wait 1', 'offhook: There is no call --Y5Mvs9dkD4J9YuS3Vplw.'],
    ['call list --user bob', 'offhook: There is no user bob.'],
    ['phone add bob', 'offhook: There is no user bob.'],
    ['phone add bob --address sip:200@10.0.0.5', 'offhook: There is no user bob.'],
    ['phone list bob', 'offhook: There is no user bob.'],
    ['phone remove bob desk', 'offhook: There is no user bob.'],
    ['phone remove alice desk', 'offhook: alice has no phone desk.'],
    ['client rotate shop', 'offhook: There is no client shop.'],
    ['token revoke', 'offhook: There is no such token.'],
    ['token revoke --user bob', 'offhook: There is no user bob.'],
    ['token revoke --client shop', 'offhook: There is no client shop.'],
    ['user add bob/x', 'offhook: The username must be letters, digits and ._@+-'],
    [
      'client add shop --redirect-uri http://example.com',
      /^offhook: --redirect-uri: http:\/\/example.com must be https/,
    ],
  ])('understands "%s", cannot do it and exits 1', async (words, reason) => {
    await addAlice();
    const { code, said } = await offhook(words, 'long enough\n');
    expect(code).toBe(1);
    expect(said.split('\n')).toEqual([
      typeof reason === 'string' ? reason : (expect.stringMatching(reason) as unknown as string),
    ]);
  });

  it('names what is wrong with the configuration, or with the files it leads to', async () => {
    process.env['PORT'] = 'http';
    process.env['OFFHOOK_RTP'] = '::1';
    expect(await offhook('user list')).toEqual({
      code: 1,
      printed: '',
      said: [
        'offhook: The configuration has 2 mistakes:',
        '  PORT: is not a port, 0 to 65535',
        '  OFFHOOK_RTP: is not address or address:from-to',
      ].join('\n'),
    });
    delete process.env['PORT'];
    delete process.env['OFFHOOK_RTP'];
    writeFileSync(join(directory, 'short.key'), 'short');
    process.env['OFFHOOK_SECRET_FILE'] = join(directory, 'short.key');
    expect(await offhook('migrate')).toMatchObject({
      code: 1,
      said: expect.stringMatching(/^offhook: The key file \S+ of the database \S+ is truncated or damaged [^\n]+\.$/),
    });
    process.env['OFFHOOK_SECRET_FILE'] = join(directory, 'offhook.key');
    for (const url of [`sqlite:${directory}`, `sqlite:${join(directory, 'short.key', 'offhook.db')}`, 'sqlite:']) {
      process.env['OFFHOOK_DATABASE_URL'] = url;
      expect(await offhook('migrate')).toEqual({
        code: 1,
        printed: '',
        said: expect.stringMatching(/^offhook: [^\n]+$/),
      });
    }
  });

  it('makes and migrates the database', async () => {
    expect((await run('migrate')).said).toBe('The database is up to date.');
    expect((await run('migrate')).said).toBe('The database is up to date.');
    expect((await run('user list')).printed).toBe('USERNAME  ROLE  STATUS');
  });
});

describe('user', () => {
  it('adds, lists, disables and enables', async () => {
    expect((await addAlice()).said).toBe('Added alice.');
    await run(
      'user add bob --role operator --extension 200 --country DE --caller-id +4930123456 +4930123457',
      'correct horse\r\n',
    );
    expect((await run('user list')).printed).toBe(
      ['USERNAME  ROLE      STATUS', 'alice     user      active', 'bob       operator  active'].join('\n'),
    );
    const bob = await look(({ stores }) => stores.phones.userByExtension('200'));
    expect(bob).toMatchObject({ username: 'bob', homeCountry: 'DE', callerIds: ['+4930123456', '+4930123457'] });
    expect((await run('user disable alice')).said).toBe('alice is disabled.');
    expect((await run('user list')).printed).toMatch(/^alice +user +disabled$/m);
    await run('user enable alice');
    expect(await userOf('alice')).toMatchObject({ status: 'active', role: 'user' });
  });

  it('takes passwords from standard input, whole, and from nowhere else', async () => {
    const hasher = createPasswordHasher();
    const matches = async (password: string) => hasher.verify(password, (await userOf('zoë'))?.passwordHash);
    await run('user add zoë', '  pässword with spaces \nsecond line\n');
    expect(await matches('  pässword with spaces ')).toBe(true);
    await run('user password zoë', 'another password');
    expect([await matches('  pässword with spaces '), await matches('another password')]).toEqual([false, true]);
    const surplus = await offhook('user password zoë hush-hush');
    expect(surplus).toMatchObject({ code: 2, said: expect.stringContaining('too many arguments') });
    expect(surplus.said).not.toContain('hush');
    expect(await matches('another password')).toBe(true);
  });

  it.each(['', '\n', 'short\n', `${'x'.repeat(1025)}\n`])('takes no password of a wrong length', async (input) => {
    const refused = { code: 1, said: 'offhook: The password must have 8 to 1024 characters.' };
    expect(await offhook('user add alice', input)).toMatchObject(refused);
    expect(await userOf('alice')).toBeUndefined();
  });

  it('takes no name and no extension twice', async () => {
    await run('user add alice --extension 200', 'correct horse\n');
    expect(await offhook('user add alice', 'correct horse\n')).toMatchObject({
      code: 1,
      said: 'offhook: There is a user alice already.',
    });
    expect(await offhook('user add bob --extension 200', 'correct horse\n')).toMatchObject({
      code: 1,
      said: 'offhook: Another user has the extension 200.',
    });
    expect(await userOf('bob')).toBeUndefined();
  });
});

describe('client', () => {
  it('adds one and shows its secret once, lists and rotates', async () => {
    const { printed } = await run('client add shop --redirect-uri https://shop.example/back --name Shop');
    const secret = /^client_id {6}shop\nclient_secret {2}(\S{43})$/.exec(printed)?.[1] ?? '';
    const shop = () => look(({ stores }) => stores.clients.find('shop'));
    expect(await shop()).toMatchObject({ name: 'Shop', secretHash: hashSecret(secret), responseTypes: ['code'] });
    const list = (await run('client list')).printed;
    expect(list).toMatch(
      /^CLIENT +TYPE +NAME +GRANTS +REDIRECT\nshop +confidential +Shop +authorization_code refresh_token +https:\/\/shop.example\/back$/,
    );
    const next = /^client_secret {2}(\S{43})$/.exec((await run('client rotate shop')).printed)?.[1] ?? '';
    expect(next).not.toBe(secret);
    expect(await shop()).toMatchObject({ secretHash: hashSecret(next) });
  });

  it('adds one as strict as it can be, and what is named is all that it may', async () => {
    const find = (id: string) => look(({ stores }) => stores.clients.find(id));
    await run('client add shop --redirect-uri https://shop.example/back');
    expect(await find('shop')).toMatchObject({
      ...{ grantTypes: ['authorization_code', 'refresh_token'], grantTypesByGet: [], scopes: ['call'] },
      ...{ codeChallenge: 'required', tokenInQuery: 'refused', tokenFormat: 'opaque', tokenBinding: 'on-request' },
    });
    await run('client add night --grants client_credentials password --scope read write --jwt --dpop');
    expect(await find('night')).toMatchObject({
      ...{
        grantTypes: ['client_credentials', 'password'],
        scopes: ['read', 'write'],
        defaultScopes: ['read', 'write'],
      },
      ...{ tokenFormat: 'jwt', tokenBinding: 'dpop', responseTypes: [], redirectUris: [] },
    });
    expect((await run('client add desk --public --grants device_code refresh_token')).printed).toBe(
      'client_id      desk',
    );
    expect(await find('desk')).toMatchObject({
      grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    });
    expect((await run('client list')).printed).toMatch(/^desk +public +desk +device_code refresh_token$/m);
  });

  it('adds a public one without a secret, which cannot be rotated', async () => {
    const words = 'client add page --public --client-side --redirect-uri https://a.example/x com.example.app:/back';
    expect((await run(words)).printed).toBe('client_id      page');
    expect(await look(({ stores }) => stores.clients.find('page'))).toMatchObject({
      secretHash: null,
      responseTypes: ['code', 'token'],
      redirectUris: ['https://a.example/x', 'com.example.app:/back'],
    });
    expect(await offhook(words)).toMatchObject({ code: 1, said: 'offhook: There is a client page already.' });
    expect(await offhook('client rotate page')).toMatchObject({
      code: 1,
      said: 'offhook: page is a public client and has no secret.',
    });
  });
});

describe('phone', () => {
  const phonesOf = async (username: string) => {
    const { id = '' } = (await userOf(username)) ?? {};
    return look(({ stores }) => stores.phones.phonesOf({ userId: id, username }));
  };

  const secretOf = (account: string) =>
    look(({ stores }) =>
      Promise.all((['MD5', 'SHA-256'] as const).map((name) => stores.credentials.ha1(account, 'offhook', name))),
    );

  it('adds one that registers and prints how', async () => {
    await addAlice();
    process.env['OFFHOOK_SIP_LISTEN'] = 'tcp:127.0.0.1:5070,udp:127.0.0.1:5080';
    const { printed } = await run('phone add alice --name desk');
    const [, password = ''] =
      /^name {7}desk\npassword {3}(\S{24})\nregistrar {2}127\.0\.0\.1:5080$/.exec(printed) ?? [];
    const account = { username: 'desk', realm: 'offhook', password };
    expect(await secretOf('desk')).toEqual([ha1('MD5', account), ha1('SHA-256', account)]);
    expect(await phonesOf('alice')).toMatchObject([
      { name: 'desk', endpoint: { kind: 'registered', account: 'desk' } },
    ]);
  });

  it('makes up a SIP name, whatever the username looks like', async () => {
    const awkward = `björn+sip@${'x'.repeat(50)}`;
    for (const username of ['alice', awkward, 'émile', 'x'.repeat(64)]) {
      await run(`user add ${username}`, 'correct horse\n');
      const { printed } = await run(`phone add ${username}`);
      expect(/^name {7}(.+)$/m.exec(printed)?.[1]).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
      expect(await phonesOf(username)).toHaveLength(1);
    }
  });

  it('adds one at an address, lists and removes', async () => {
    await addAlice();
    await run('user add bob', 'correct horse\n');
    expect((await run('phone add alice --address sip:200@10.0.0.5')).said).toBe('Added sip:200@10.0.0.5.');
    await run('phone add bob --name desk');
    expect((await run('phone list')).printed).toBe(
      [
        'USER   KIND        PHONE             REGISTERED FROM',
        'alice  address     sip:200@10.0.0.5',
        'bob    registered  desk              not registered',
      ].join('\n'),
    );
    expect((await run('phone list bob')).printed).not.toContain('alice');
    await run('phone remove bob desk');
    expect(await phonesOf('bob')).toEqual([]);
    expect(await secretOf('desk')).toEqual([undefined, undefined]);
    expect(await offhook('phone remove bob desk')).toMatchObject({ code: 1 });
  });

  it('takes no SIP name twice, nor an address of one user', async () => {
    await addAlice();
    await run('user add bob', 'correct horse\n');
    await run('phone add alice --name desk');
    await run('phone add alice --address sip:200@10.0.0.5');
    expect(await offhook('phone add bob --name desk')).toEqual({
      code: 1,
      printed: '',
      said: 'offhook: There is a phone named desk already.',
    });
    expect(await offhook('phone add alice --address sip:200@10.0.0.5')).toMatchObject({
      code: 1,
      said: 'offhook: alice has the phone sip:200@10.0.0.5 already.',
    });
    await run('phone add bob --address sip:200@10.0.0.5');
  });
});

describe('token revoke', () => {
  const HOUR_MS = 3_600_000;

  /** Of alice and bob at two clients: the tokens `alice-shop`, `alice-desk` and `bob-shop`. */
  const giveTokens = async (): Promise<void> => {
    await addAlice();
    await run('user add bob', 'correct horse\n');
    for (const client of ['shop', 'desk']) await run(`client add ${client} --redirect-uri https://a.example/${client}`);
    await look(async ({ stores }) => {
      for (const token of ['alice-shop', 'alice-desk', 'bob-shop']) {
        const [username = '', clientId = ''] = token.split('-');
        const { id: userId = '' } = (await stores.users.findByUsername(username)) ?? {};
        const times = { createdAt: Date.now(), expiresAt: Date.now() + HOUR_MS };
        const common = { familyId: `family of ${token}`, dpopKey: null, ...times };
        await stores.tokens.start(
          { id: `family of ${token}`, clientId, userId, scopes: ['call'], ...times },
          {
            access: { ...common, hash: hashSecret(token), scopes: ['call'] },
            refresh: { ...common, hash: hashSecret(`${token}-refresh`) },
          },
        );
      }
    });
  };

  const valid = () =>
    look(async ({ stores }) => {
      const tokens = ['alice-shop', 'alice-desk', 'bob-shop'];
      const found = await Promise.all(tokens.map((token) => stores.tokens.findAccess(hashSecret(token))));
      return tokens.filter((_, index) => found[index] !== undefined);
    });

  it('revokes the grant of an access or a refresh token', async () => {
    await giveTokens();
    expect((await run('token revoke', 'alice-shop\n')).said).toBe('Revoked the token and all of its grant.');
    expect(await valid()).toEqual(['alice-desk', 'bob-shop']);
    await run('token revoke', 'bob-shop-refresh');
    expect(await valid()).toEqual(['alice-desk']);
    expect(await offhook('token revoke', 'bob-shop\n')).toMatchObject({ code: 1 });
  });

  it('revokes all of a user, of a client, or of a user at a client', async () => {
    await giveTokens();
    expect((await run('token revoke --user alice --client shop')).said).toBe('Revoked 1 grant.');
    expect(await valid()).toEqual(['alice-desk', 'bob-shop']);
    expect((await run('token revoke --client shop')).said).toBe('Revoked 1 grant.');
    expect((await run('token revoke --user alice')).said).toBe('Revoked 1 grant.');
    expect((await run('token revoke --user alice')).said).toBe('Revoked 0 grants.');
    expect(await valid()).toEqual([]);
  });

  it('is written to the audit log, as is all that commands do to accounts, from no address', async () => {
    await giveTokens();
    await run('user password alice', 'another password\n');
    await run('user disable bob');
    await run('user enable bob');
    await run('client rotate shop');
    await run('token revoke --user alice');
    const events = await look(({ stores }) => stores.audit.list({ limit: 50 }));
    expect(events.map(({ event, username, clientId }) => [event, username ?? clientId]).reverse()).toEqual([
      ...['alice', 'bob'].map((username) => ['user.created', username]),
      ...['shop', 'desk'].map((clientId) => ['client.created', clientId]),
      ...[
        ['password.changed', 'alice'],
        ['user.disabled', 'bob'],
        ['user.enabled', 'bob'],
      ],
      ...[
        ['client.secret_rotated', 'shop'],
        ['token.revoked', 'alice'],
      ],
    ]);
    expect(new Set(events.map(({ address }) => address))).toEqual(new Set([null]));
    expect(JSON.stringify(events)).not.toMatch(/password\W*[^.]*another|horse/);
  });

  it('comes with the end of a user’s account or password, or of a client’s secret', async () => {
    await giveTokens();
    await run('user password alice', 'another password\n');
    expect(await valid()).toEqual(['bob-shop']);
    await run('user disable bob');
    expect(await valid()).toEqual([]);
    await run('user enable bob');
    expect(await valid()).toEqual([]);
  });
});

describe('a secret that a person types', () => {
  it('is asked for and not shown', async () => {
    const typed = Object.assign(new PassThrough(), { isTTY: true });
    const shown: string[] = [];
    const show = (line: string): void => void shown.push(line);
    const secret = readSecret({ input: typed, print: show, say: show }, 'Password:');
    typed.write('husj');
    typed.write('\u007fh-hush\r'); // after a backspace
    expect(await secret).toBe('hush-hush');
    expect(shown).toEqual(['Password:']);
  });
});

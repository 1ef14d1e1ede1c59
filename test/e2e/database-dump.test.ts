import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEVICE_CODE_GRANT } from '../../src/oauth/model/account-stores.ts';
import { hashSecret } from '../../src/oauth/model/secrets.ts';
import { ha1 } from '../../src/sip/auth/digest.ts';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { deriveKey } from '../../src/storage/secret-key.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { SecretWalk, walkSettings } from './secret-walk.ts';

/** A service that is started again is the same issuer only at the same port. */
const startOn = (port: string): Promise<StartedService> =>
  startService({ directory, settings: walkSettings, env: { OFFHOOK_LOG_LEVEL: 'debug', PORT: port } });

let directory: string;
let service: StartedService;
let walked: SecretWalk;
/** The database files while the service ran, its write-ahead log included, and after it ended. */
let dump: Buffer;
let logged: string;

/** All that somebody gets who can read the database: everything but the key file and the configuration. */
const readDump = (): Buffer => {
  const names = readdirSync(directory).filter((name) => name.startsWith('offhook.db'));
  return Buffer.concat(names.map((name) => readFileSync(join(directory, name))));
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'offhook-dump-'));
  const first = await startOn('0');
  walked = new SecretWalk(first);
  try {
    await walked.walk();
    dump = readDump();
  } finally {
    await first.stop();
  }
  dump = Buffer.concat([dump, readDump()]);
  logged = first.output.join('\n');
  service = await startOn(new URL(first.baseUrl).port);
}, 90_000);

afterAll(async () => {
  await service.stop();
  rmSync(directory, { recursive: true });
}, 30_000);

const rowsOf = <Row>(query: string): Row[] => {
  const database = openSqlite(join(directory, 'offhook.db'), { readonly: true });
  try {
    return database.prepare(query).all() as Row[];
  } finally {
    database.close();
  }
};

/** Every text of the database that could stand for a secret: hashes, ids, what is sealed. */
const storedTexts = (): Set<string> => {
  const tables = rowsOf<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
  const values = tables.flatMap(({ name }) => rowsOf<object>(`SELECT * FROM "${name}"`).flatMap(Object.values));
  return new Set(values.filter((value): value is string => typeof value === 'string' && /^[\w-]{22,}$/.test(value)));
};

const post = async (path: string, fields: Readonly<Record<string, string>>): Promise<string> => {
  const response = await fetch(`${service.baseUrl}${path}`, { method: 'POST', body: new URLSearchParams(fields) });
  return `${response.status} ${((await response.json()) as { error?: string }).error ?? ''}`;
};

const statusOf = async (path: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<number> =>
  (await fetch(`${service.baseUrl}${path}`, { method, headers, redirect: 'manual' })).status;

const shop = { client_id: 'shop', client_secret: walkSettings.clients[0]?.secret ?? '' };

describe('a dump of the database (50)', () => {
  it('shows no secret that was handed out or typed (50)', () => {
    const found = [...walked.secrets].filter(([secret]) => dump.includes(secret)).map(([, name]) => name);
    expect(found).toEqual([]);
    expect(walked.secrets.size).toBeGreaterThan(50);
    // It is the right place to look: what stands for a secret is there.
    const [token = ''] = walked.livingTokens;
    expect(dump.includes(hashSecret(token))).toBe(true);
  });

  it('shows nothing that a phone logs in with (50)', () => {
    const [password = ''] = [...walked.secrets].find(([, name]) => name === 'password of the SIP phone') ?? [];
    const account = { username: 'desk', realm: 'offhook', password };
    for (const algorithm of ['MD5', 'SHA-256'] as const) {
      const secret = ha1(algorithm, account);
      expect([dump.includes(secret), dump.includes(Buffer.from(secret, 'hex'))]).toEqual([false, false]);
    }
  });

  it('shows no private key: those that sign tokens are sealed (50)', () => {
    for (const part of ['"d":', '"p":', 'PRIVATE KEY']) expect([part, dump.includes(part)]).toEqual([part, false]);
    const keys = rowsOf<{ id: string; sealed_private_jwk: string }>('SELECT * FROM signing_keys');
    expect(keys).toHaveLength(1);
    for (const { sealed_private_jwk: sealed } of keys) {
      expect(sealed).toMatch(/^[\w-]{1000,}$/);
      expect(Buffer.from(sealed, 'base64url').includes('"kty"')).toBe(false);
    }
  });

  it('is of no use: nothing in it is taken for a token, a code, a secret or a session (50)', async () => {
    const cookieKey = deriveKey(readFileSync(join(directory, 'offhook.key')), 'session cookie').toString('base64url');
    /** As if the key file were known too. */
    const cookieOf = (id: string): string => {
      const signature = createHmac('sha256', cookieKey).update(id).digest('base64').replace(/=+$/, '');
      return `offhook-${new URL(service.baseUrl).port}=${encodeURIComponent(`s:${id}.${signature}`)}`;
    };
    const texts = [...storedTexts()];
    expect(texts.length).toBeGreaterThan(40);
    for (const text of texts) {
      const answers = {
        access: await statusOf('/rest/call', { authorization: `Bearer ${text}` }),
        session: await statusOf('/management/account', { cookie: cookieOf(text) }),
        registration: await statusOf('/oauth/register', { authorization: `Bearer ${text}` }, 'POST'),
        code: await post('/oauth/token', { ...shop, grant_type: 'authorization_code', code: text }),
        refresh: await post('/oauth/token', { ...shop, grant_type: 'refresh_token', refresh_token: text }),
        device: await post('/oauth/token', { client_id: 'desk', grant_type: DEVICE_CODE_GRANT, device_code: text }),
      };
      expect([text, answers]).toEqual([
        text,
        {
          ...{ access: 401, session: 401, registration: 401 },
          ...{ code: '400 invalid_grant', refresh: '400 invalid_grant', device: '400 invalid_grant' },
        },
      ]);
    }
    const hashes = rowsOf<{ id: string; secret_hash: string }>('SELECT * FROM clients WHERE secret_hash IS NOT NULL');
    for (const { id, secret_hash } of hashes) {
      const fields = { grant_type: 'refresh_token', refresh_token: 'x', client_id: id, client_secret: secret_hash };
      expect([id, await post('/oauth/token', fields)]).toEqual([id, '401 invalid_client']);
    }
    const people = rowsOf<{ username: string; password_hash: string }>('SELECT * FROM users');
    for (const { username, password_hash: password } of people) {
      const fields = { grant_type: 'password', username, password };
      expect([username, await post('/oauth/token', fields)]).toEqual([username, '400 invalid_grant']);
    }
  }, 60_000);

  it('takes nothing from those who hold the secrets themselves (50)', async () => {
    for (const token of walked.livingTokens) {
      expect(await statusOf('/rest/call', { authorization: `Bearer ${token}` })).toBe(200);
    }
    expect(await statusOf('/management/account', { cookie: walked.cookie })).toBe(200);
  });
});

describe('the log, however much it tells (59)', () => {
  it('shows no secret that was handed out or typed (59)', () => {
    const written = [...walked.secrets].flatMap(([secret, name]) =>
      [secret, encodeURIComponent(secret)].some((text) => logged.includes(text)) ? [name] : [],
    );
    expect(written).toEqual([]);
    expect(logged).toContain('access_token=-');
    expect(logged).toContain('password=-');
  });
});

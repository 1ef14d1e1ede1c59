import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/config/config.ts';
import { fileOf, mistakes, outside, refusal, trunk } from './written-config.ts';

const settingsOf = (content: object) => readConfig({ OFFHOOK_CONFIG: fileOf(content) }).settings;

/** The mistakes of a file, without its name before each. */
const fileMistakes = (content: string | object): string[] => {
  const file = fileOf(content);
  return mistakes({ OFFHOOK_CONFIG: file }).map((mistake) => {
    expect(mistake.startsWith(`OFFHOOK_CONFIG ${file}: `)).toBe(true);
    return mistake.slice(`OFFHOOK_CONFIG ${file}: `.length);
  });
};
describe('the environment', () => {
  it('needs nothing: everything has a default', () => {
    expect(readConfig({})).toEqual({
      http: { hosts: undefined, port: 8888, trustedProxies: [] },
      publicUrl: undefined,
      databaseUrl: 'sqlite:data/offhook.db',
      secretFile: 'data/offhook.key',
      sip: {
        listen: [
          { protocol: 'udp', host: '127.0.0.1', port: 5060 },
          { protocol: 'tcp', host: '127.0.0.1', port: 5060 },
        ],
        advertise: undefined,
      },
      rtp: { host: undefined, ports: undefined },
      sandbox: true,
      logLevel: 'info',
      logFormat: 'auto',
      logColours: 'at-terminal',
      settings: {
        trunks: [],
        routes: [],
        phones: [],
        policy: {
          home_country: 'US',
          allowed_countries: ['US'],
          barred_prefixes: [],
          allow_premium: false,
          max_ongoing_calls_per_user: 20,
          max_ongoing_calls: 0,
          calls_per_day_per_user: 0,
          minutes_per_day_per_user: 0,
        },
        limits: {
          calls_per_second_per_token: 10,
          reads_per_second_per_token: 100,
          token_requests_per_second_per_client: 0,
          sip_requests_per_second_per_address: 100,
          sip_connections: 10_000,
          sip_connections_per_address: 500,
        },
        sip: { session_expires_seconds: 1800, redirect_hosts: [] },
        clients: [],
        busy_tone_ms: 2000,
        stop_seconds: 8,
        retention: { call_days: 365, audit_days: 90, job_days: 365 },
        webhooks: { allow_private: [] },
        digest_algorithms: ['MD5'],
      },
    });
  });

  it('sets each of them', () => {
    const config = readConfig({
      PORT: '443',
      OFFHOOK_HOST: '[::], 192.0.2.7',
      OFFHOOK_PUBLIC_URL: 'https://calls.example.com/voice//',
      OFFHOOK_TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::1,loopback',
      OFFHOOK_DATABASE_URL: 'sqlite:/var/lib/offhook/calls.db?synchronous=normal',
      OFFHOOK_SECRET_FILE: '/var/lib/offhook/key',
      OFFHOOK_SIP_LISTEN: 'udp:[::1]:5060, TCP:sip.example.com:0',
      OFFHOOK_SIP_ADVERTISE: '[2001:db8::2]',
      OFFHOOK_RTP: '[2001:db8::3]:10000-20000',
      OFFHOOK_METRICS_LISTEN: '[2001:db8::4]:9464',
      OFFHOOK_SANDBOX: 'off',
      OFFHOOK_LOG_LEVEL: 'debug',
      OFFHOOK_LOG_FORMAT: 'pretty',
      NO_COLOR: '1',
      OFFHOOK_CONFIG: fileOf({ busy_tone_ms: 0 }),
    });
    expect(config).toMatchObject({
      http: { hosts: ['::', '192.0.2.7'], port: 443, trustedProxies: ['10.0.0.0/8', '2001:db8::1', 'loopback'] },
      publicUrl: 'https://calls.example.com/voice',
      databaseUrl: 'sqlite:/var/lib/offhook/calls.db?synchronous=normal',
      secretFile: '/var/lib/offhook/key',
      sip: {
        listen: [
          { protocol: 'udp', host: '::1', port: 5060 },
          { protocol: 'tcp', host: 'sip.example.com', port: 0 },
        ],
        advertise: '2001:db8::2',
      },
      rtp: { host: '2001:db8::3', ports: { from: 10_000, to: 20_000 } },
      metrics: { host: '2001:db8::4', port: 9464 },
      sandbox: false,
      logLevel: 'debug',
      logFormat: 'pretty',
      logColours: 'never',
      settings: { busy_tone_ms: 0 },
    });
    expect(readConfig({ OFFHOOK_RTP: '192.0.2.1' }).rtp).toEqual({ host: '192.0.2.1', ports: undefined });
    expect(readConfig({ PORT: '', OFFHOOK_CONFIG: '', OFFHOOK_SANDBOX: '' })).toEqual(readConfig({}));
  });

  it('cannot be changed once it was read', () => {
    const config = readConfig({ OFFHOOK_CONFIG: fileOf(trunk('sip:127.0.0.1:5080')) });
    const parts = [config, config.http, config.sip.listen, config.sip.listen[0], config.settings.trunks[0]];
    expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true));
  });

  it.each([
    ['PORT', ['65536', '-1', 'http', '80.5', ' 80', '0x50'], 'is not a port, 0 to 65535'],
    ['OFFHOOK_DATABASE_URL', ['postgres://db', 'data/offhook.db'], 'must begin with sqlite:'],
    ['OFFHOOK_SANDBOX', ['yes', 'On'], 'Invalid option: expected one of "on"|"off"'],
    ['OFFHOOK_LOG_FORMAT', ['text', 'JSON'], 'Invalid option: expected one of "auto"|"json"|"pretty"'],
    ['OFFHOOK_LOG_LEVEL', ['loud'], /^Invalid option: expected one of "debug"\|/],
    [
      'OFFHOOK_RTP',
      ['::1', 'host:', 'host:1-', 'host:0-9', 'host:9-8', 'host:1-65536', '[host]', ''],
      /address:from-to$/,
    ],
    [
      'OFFHOOK_METRICS_LISTEN',
      ['9464', ':9464', '127.0.0.1', '::1:9464', '[host]:1', 'host:65536'],
      'is not address:port',
    ],
    ['OFFHOOK_HOST', ['127.0.0.1,', '[::1', '[host]', 'a b'], /is not an address/],
    ['OFFHOOK_PUBLIC_URL', ['localhost:8888', 'ftp://localhost', '/'], 'is not an http(s) address'],
    [
      'OFFHOOK_PUBLIC_URL',
      ['https://me:hush@example.com', 'https://:hush@example.com', 'https://example.com/?hush', 'https://example.com#'],
      'has more than scheme, host, port and path',
    ],
    [
      'OFFHOOK_PUBLIC_URL',
      ['http://calls.example.com', 'http://192.0.2.1:8888', 'http://[2001:db8::1]', 'http://localhost.example.com'],
      'must be https unless its host is loopback',
    ],
    [
      'OFFHOOK_PUBLIC_URL',
      ['https://example.com/a//b', 'https://example.com/a%20b', 'https://example.com/a;b', 'https://example.com/"'],
      'has a path with more than letters, digits, -._~ and single slashes',
    ],
    [
      'OFFHOOK_PUBLIC_URL',
      ['https://example.com/rest', 'https://example.com/OAuth/a', 'https://example.com/.well-known'],
      /has a path that begins with \/[a-z.-]+, as addresses of Offhook do$/,
    ],
  ])('%s is refused as %j', (name, values, message) => {
    for (const value of values.filter((each) => each !== '')) {
      expect(mistakes({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
      const words = refusal({ [name]: value }).split(`${name}: `)[1];
      if (typeof message === 'string') expect(words).toBe(message);
      else expect(words).toMatch(message);
    }
  });

  it('no name at the root of our addresses begins the path of OFFHOOK_PUBLIC_URL', () => {
    const sources = ['http', 'web'].flatMap((folder) => {
      const path = fileURLToPath(new URL(`../../src/${folder}/`, import.meta.url));
      return readdirSync(path, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(join(path, name), 'utf8'));
    });
    const names = new Set(
      sources.flatMap((source) => [...source.matchAll(/'\/(\.?[a-z][\w.-]*)/g)].map(([, name]) => name)),
    );
    expect([...names]).toEqual(expect.arrayContaining(['auth', 'oauth', 'rest', 'management', 'assets']));
    for (const name of names) {
      const path = `has a path that begins with /${name}, as addresses of Offhook do`;
      expect(refusal({ OFFHOOK_PUBLIC_URL: `https://calls.example.com/${name}` })).toContain(path);
    }
  });

  it.each([
    'udp:127.0.0.1',
    'tls:127.0.0.1:5061',
    'udp:::1:5060',
    'udp:[localhost]:5060',
    'udp:[::1:5060',
    'udp:127.0.0.1:65536',
    '127.0.0.1:5060',
  ])('names the SIP listener "%s" that it cannot use', (item) => {
    const mistake = `OFFHOOK_SIP_LISTEN: "${item}" is not protocol:address:port with udp or tcp`;
    expect(mistakes({ OFFHOOK_SIP_LISTEN: `udp:127.0.0.1:5060,${item}` })).toEqual([mistake]);
  });

  it('names every proxy that is no address', () => {
    expect(mistakes({ OFFHOOK_TRUSTED_PROXIES: '10.0.0.0/33,proxy.internal,10.0.0.1,::1/128/1,' })).toEqual([
      'OFFHOOK_TRUSTED_PROXIES: "10.0.0.0/33" is not an address or a network',
      'OFFHOOK_TRUSTED_PROXIES: "proxy.internal" is not an address or a network',
      'OFFHOOK_TRUSTED_PROXIES: "::1/128/1" is not an address or a network',
      'OFFHOOK_TRUSTED_PROXIES: "" is not an address or a network',
    ]);
  });
});

describe('the configuration file', () => {
  it('is read whole', () => {
    const settings = settingsOf({
      trunks: [
        { name: 'a', uri: 'sip:127.0.0.1:15062;transport=tcp', username: 'me', password: 'hush', register: true },
        {
          name: 'b',
          uri: 'sip:[::1]',
          caller_id: '+12025550199',
          from_domain: 'customers.example',
          from_user: 'acme',
          outbound_proxy: 'sip:edge.example:5070',
          number_format: 'national',
          max_calls: 30,
          max_calls_per_second: 5,
          auto_answer: true,
          number_prefix: '9',
          identity: 'pai',
          headers: { 'X-Account': '17' },
          first_response_ms: 2000,
          options_seconds: 60,
        },
      ],
      routes: [{ prefix: '+1', trunks: ['a', 'b'] }],
      phones: [
        { user: 'demo', address: 'sip:phone@127.0.0.1:15061;transport=tcp', username: 'phone', password: 'hush' },
      ],
      policy: { home_country: 'DE', allowed_countries: [], barred_prefixes: ['+1900'], max_ongoing_calls: 9 },
      limits: { calls_per_second_per_token: 0.5 },
      clients: [{ id: 'shop', secret: 'x'.repeat(32), redirect_uris: ['https://shop.example/back'] }],
    });
    expect(settings.trunks).toEqual([
      {
        name: 'a',
        uri: 'sip:127.0.0.1:15062;transport=tcp',
        host: '127.0.0.1',
        credentials: { username: 'me', password: 'hush' },
        register: true,
        callerId: undefined,
        firstResponseMs: 4000,
        optionsSeconds: 0,
        limits: { maxCalls: 0, maxCallsPerSecond: 0 },
        autoAnswer: 'manual',
        dialect: {
          fromDomain: undefined,
          fromUser: undefined,
          outboundProxy: undefined,
          numberFormat: 'e164',
          numberPrefix: undefined,
          identity: 'from',
          headers: [],
        },
      },
      {
        name: 'b',
        uri: 'sip:[::1]',
        host: '::1',
        credentials: undefined,
        register: false,
        callerId: '+12025550199',
        firstResponseMs: 2000,
        optionsSeconds: 60,
        limits: { maxCalls: 30, maxCallsPerSecond: 5 },
        autoAnswer: 'automatic',
        dialect: {
          fromDomain: 'customers.example',
          fromUser: 'acme',
          outboundProxy: 'sip:edge.example:5070',
          numberFormat: 'national',
          numberPrefix: '9',
          identity: 'pai',
          headers: [['X-Account', '17']],
        },
      },
    ]);
    expect(settings).toMatchObject({
      routes: [{ prefix: '+1', trunks: [{ name: 'a' }, { name: 'b' }] }],
      phones: [
        {
          user: 'demo',
          address: 'sip:phone@127.0.0.1:15061;transport=tcp',
          credentials: { username: 'phone', password: 'hush' },
        },
      ],
      policy: { home_country: 'DE', allowed_countries: [], max_ongoing_calls: 9, max_ongoing_calls_per_user: 20 },
      limits: {
        calls_per_second_per_token: 0.5,
        reads_per_second_per_token: 100,
        token_requests_per_second_per_client: 0,
        sip_requests_per_second_per_address: 100,
        sip_connections: 10_000,
        sip_connections_per_address: 500,
      },
      clients: [
        {
          id: 'shop',
          grants: ['authorization_code', 'refresh_token'],
          token_by_get: [],
          query_tokens: false,
          require_pkce: true,
          scopes: ['call'],
          access_token_seconds: 3600,
          token_format: 'opaque',
          token_binding: 'on-request',
        },
      ],
    });
  });

  it('names every mistake by its path, those of the environment as well', () => {
    const file = fileOf({
      trunk: [],
      trunks: [{ name: 'a', uri: 'sip:127.0.0.1' }, { uri: 'carrier' }],
      policy: { home_country: 'UK', max_calls: 1 },
      limits: { calls_per_second_per_token: -1 },
    });
    const wrong = mistakes({ PORT: 'x', OFFHOOK_HOST: '127.0.0.1', OFFHOOK_SANDBOX: 'maybe', OFFHOOK_CONFIG: file });
    expect(wrong.map((mistake) => mistake.replace(file, 'FILE'))).toEqual([
      'PORT: is not a port, 0 to 65535',
      'OFFHOOK_SANDBOX: Invalid option: expected one of "on"|"off"',
      'OFFHOOK_CONFIG FILE: trunks[1].name: Invalid input: expected string, received undefined',
      expect.stringMatching(/^OFFHOOK_CONFIG FILE: trunks\[1\]\.uri: is not sip:host:port/),
      'OFFHOOK_CONFIG FILE: policy.home_country: is not a country of two capital letters (ISO 3166-1)',
      'OFFHOOK_CONFIG FILE: policy.max_calls: there is no such setting',
      'OFFHOOK_CONFIG FILE: limits.calls_per_second_per_token: Too small: expected number to be >=0',
      'OFFHOOK_CONFIG FILE: trunk: there is no such setting',
    ]);
    expect(refusal({ PORT: 'x' })).toMatch(/^The configuration has a mistake:\n/);
    expect(refusal({ PORT: 'x', OFFHOOK_SANDBOX: 'x' })).toMatch(/^The configuration has 2 mistakes:\n/);
  });

  it.each([
    'sips:example.com',
    'sip:example.com:65536',
    'sip:[example]',
    'sip:me@example.com',
    'sip:127.0.0.1;maddr=192.0.2.1',
    'sip:127.0.0.1?Route=192.0.2.1',
    'sip:127.0.0.1;transport=tls',
  ])('takes no trunk at %s', (uri) => {
    expect(fileMistakes(trunk(uri))).toEqual([expect.stringMatching(/^trunks\[0\]\.uri: is not sip:host:port/)]);
  });

  it.each<[string, object, string]>([
    [
      'half of a trunk’s credentials',
      trunk('sip:a', { username: 'me' }),
      'trunks[0]: username and password go together',
    ],
    ['nobody to register', trunk('sip:a', { register: true }), 'trunks[0]: register needs username and password'],
    [
      'a trunk that is not there',
      { ...outside, routes: [{ prefix: '+', trunks: ['carrier', 'other'] }] },
      'routes[0].trunks: there is no trunk "other"',
    ],
    [
      'two trunks of one name',
      { trunks: ['sip:a', 'sip:b'].map((uri) => ({ name: 'c', uri })) },
      'trunks: two have the same name',
    ],
    [
      'two clients of one id',
      { clients: ['a', 'a'].map((id) => ({ id, redirect_uris: ['https://a.example'] })) },
      'clients: two have the same id',
    ],
    [
      'a national caller id',
      trunk('sip:a', { caller_id: '2025550199' }),
      'trunks[0].caller_id: is not a number in E.164, such as +12025550199',
    ],
    [
      'a phone over TLS',
      { phones: [{ user: 'demo', address: 'sips:200@10.0.0.5' }] },
      'phones[0].address: asks for TLS or WebSockets, which are not spoken: udp or tcp',
    ],
    [
      'a barred prefix without its plus',
      { policy: { barred_prefixes: ['+1900', '1900'] } },
      'policy.barred_prefixes[1]: is not the beginning of a number in E.164',
    ],
    [
      'a session that would be a flood of refreshes, or never end',
      { sip: { session_expires_seconds: 60 } },
      'sip.session_expires_seconds: Too small: expected number to be >=90',
    ],
    [
      'a redirect host that is none',
      { sip: { redirect_hosts: ['sip:carrier.example'] } },
      'sip.redirect_hosts[0]: is no host in lower case',
    ],
    [
      'a digest that we do not speak',
      { digest_algorithms: ['MD5', 'SHA-1'] },
      'digest_algorithms[1]: Invalid option: expected one of "MD5"|"SHA-256"',
    ],
    ['anything but an object', [], 'Invalid input: expected object, received array'],
  ])('refuses %s', (_name, content, mistake) => {
    expect(fileMistakes(content)).toEqual([mistake]);
  });

  it('says where the file is no JSON, or that it is not there', () => {
    const file = fileOf('{\n  "trunks": [],\n  "phones": [{}] "limits": {}\n}');
    expect(mistakes({ OFFHOOK_CONFIG: file })).toEqual([
      `OFFHOOK_CONFIG ${file}: is not JSON: line 3, column 18: a comma or } is expected`,
      ...['"phones": [{}] "limits": {}', '^'],
    ]);
    const directory = dirname(file);
    const missing = join(directory, 'missing.json');
    expect(mistakes({ OFFHOOK_CONFIG: missing })).toEqual([
      `OFFHOOK_CONFIG ${missing}: cannot be read: ENOENT: no such file or directory, open '${missing}'`,
    ]);
    expect(mistakes({ OFFHOOK_CONFIG: directory })).toEqual([expect.stringMatching(/cannot be read: EISDIR/)]);
  });

  it('never repeats a secret', () => {
    const client = { id: 'shop', redirect_uris: ['https://shop.example/back'], secret: 'hush-hush' };
    const credentials = { username: 'me', password: { text: 'hush-hush' } };
    expect(fileMistakes({ clients: [client] })).toEqual(['clients[0].secret: has fewer than 32 characters']);
    const refusals = [
      { OFFHOOK_CONFIG: fileOf({ clients: [{ ...client, name: 7 }] }) },
      { OFFHOOK_CONFIG: fileOf(trunk('sip:me:hush-hush@127.0.0.1', credentials)) },
      { OFFHOOK_PUBLIC_URL: 'http://me:hush-hush@localhost:8888' },
      { OFFHOOK_DATABASE_URL: 'postgres://me:hush-hush@db/offhook' },
    ].map(refusal);
    for (const broken of ['"secret": hush-hush"', '"secret": "hush-hush', "'secret': 'hush-hush'"]) {
      refusals.push(refusal({ OFFHOOK_CONFIG: fileOf(`{"clients":[{"id":"shop",${broken}}]}`) }));
    }
    expect(refusals).toHaveLength(7);
    for (const message of refusals) expect(message).not.toContain('hush');
  });
});

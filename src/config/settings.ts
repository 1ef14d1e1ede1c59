import { isSupportedCountry } from 'libphonenumber-js/min';
import { z } from 'zod';
import { bracketless } from '../shared/loopback.ts';
import { isSipAddress, wantsUnspokenTransport } from '../shared/sip-address.ts';
import { mistakesInRoutes, routeSchema } from './route-settings.ts';

/** The file that `OFFHOOK_CONFIG` names. Unknown keys are mistakes: a misspelt limit must not pass for none. */

const e164 = z.string().regex(/^\+[1-9]\d{4,14}$/, 'is not a number in E.164, such as +12025550199');
const country = z.string().refine(isSupportedCountry, 'is not a country of two capital letters (ISO 3166-1)');
const sipAddress = z
  .string()
  .refine((text) => !wantsUnspokenTransport(text), 'asks for TLS or WebSockets, which are not spoken: udp or tcp')
  .refine(
    (text) => wantsUnspokenTransport(text) || isSipAddress(text),
    'is not a SIP address, such as sip:200@10.0.0.5',
  );
const count = z.number().int().min(0);

/** No user, which is the number, and no parameter that could lead elsewhere than the host says. */
const TRUNK_URI = /^sip:([\w.-]+|\[.+\])(?::\d+)?(?:;transport=(?:udp|tcp))?$/i;

const trunkUri = z.string().refine((text) => TRUNK_URI.test(text) && isSipAddress(text), {
  message: 'is not sip:host:port, perhaps with ;transport=udp or ;transport=tcp',
});

/** What we write ourselves: a header of one's own must not contradict it. */
const OWN_HEADERS = new Set(
  (
    'via from to call-id cseq contact max-forwards route record-route content-length content-type content-encoding ' +
    'authorization proxy-authorization allow supported require proxy-require user-agent p-asserted-identity ' +
    'remote-party-id privacy v f t i m l c e k'
  ).split(' '),
);

const headers = z
  .record(
    z.string().regex(/^[\w.!%*+`'~-]{1,64}$/, 'is not the name of a header'),
    z
      .string()
      .max(512)
      .regex(/^[^\p{Cc}]*$/u, 'has a control character'),
  )
  .superRefine((value, context) => {
    for (const name of Object.keys(value).filter((each) => OWN_HEADERS.has(each.toLowerCase()))) {
      context.addIssue({ code: 'custom', path: [name], message: 'is written by Offhook itself' });
    }
  });

const sipHost = z
  .string()
  .regex(/^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])$/i, 'is not a host, such as sip.example.com');

const trunk = z
  .strictObject({
    name: z.string().min(1),
    uri: trunkUri,
    username: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    register: z.boolean().default(false),
    caller_id: e164.optional(),
    from_domain: sipHost.optional(),
    from_user: z.string().min(1).max(128).optional(),
    outbound_proxy: trunkUri.optional(),
    number_format: z.enum(['e164', 'e164-without-plus', 'national', 'as-dialled']).default('e164'),
    number_prefix: z
      .string()
      .regex(/^[0-9*#+]{1,16}$/, 'is not made of digits, *, # and +')
      .optional(),
    identity: z.enum(['from', 'pai', 'rpid']).default('from'),
    headers: headers.default({}),
    first_response_ms: count.min(500).max(32_000).default(4000),
    options_seconds: count.max(86_400).default(0),
    max_calls: count.default(0),
    max_calls_per_second: count.default(0),
    auto_answer: z.boolean().default(false),
  })
  .refine((value) => (value.username === undefined) === (value.password === undefined), {
    message: 'username and password go together',
  })
  .refine((value) => !value.register || value.username !== undefined, {
    message: 'register needs username and password',
  })
  .transform(({ name, uri, username, password, register, caller_id, ...dialect }) => ({
    name,
    uri,
    host: bracketless(TRUNK_URI.exec(uri)?.[1] ?? ''),
    credentials: username === undefined || password === undefined ? undefined : { username, password },
    register,
    callerId: caller_id,
    firstResponseMs: dialect.first_response_ms,
    optionsSeconds: dialect.options_seconds,
    limits: { maxCalls: dialect.max_calls, maxCallsPerSecond: dialect.max_calls_per_second },
    autoAnswer: dialect.auto_answer ? ('automatic' as const) : ('manual' as const),
    dialect: {
      fromDomain: dialect.from_domain,
      fromUser: dialect.from_user,
      outboundProxy: dialect.outbound_proxy,
      numberFormat: dialect.number_format,
      numberPrefix: dialect.number_prefix,
      identity: dialect.identity,
      headers: Object.entries(dialect.headers),
    },
  }));

const phone = z
  .strictObject({
    user: z.string().min(1),
    address: sipAddress,
    username: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    auto_answer: z.boolean().default(false),
  })
  .refine((value) => (value.username === undefined) === (value.password === undefined), {
    message: 'username and password go together',
  })
  .transform(({ user, address, username, password, auto_answer: autoAnswer }) => ({
    user,
    address,
    autoAnswer,
    credentials: username === undefined || password === undefined ? undefined : { username, password },
  }));

const policy = z
  .strictObject({
    home_country: country.default('US'),
    allowed_countries: z.array(country).default(['US']),
    barred_prefixes: z.array(z.string().regex(/^\+\d+$/, 'is not the beginning of a number in E.164')).default([]),
    /** Premium-rate, shared-cost, personal and satellite numbers. */
    allow_premium: z.boolean().default(false),
    max_ongoing_calls_per_user: count.default(20),
    max_ongoing_calls: count.default(0),
    calls_per_day_per_user: count.default(0),
    minutes_per_day_per_user: count.default(0),
  })
  .prefault({});

const limits = z
  .strictObject({
    calls_per_second_per_token: z.number().min(0).default(10),
    reads_per_second_per_token: z.number().min(0).default(100),
    token_requests_per_second_per_client: count.default(0),
    /** Of a stranger at the SIP port; ten times as many of a peer that is none. */
    sip_requests_per_second_per_address: count.default(100),
    sip_connections: count.min(4).default(10_000),
    sip_connections_per_address: count.min(1).default(500),
  })
  .prefault({});

/** For how many days what has happened is kept. */
const retention = z
  .strictObject({
    call_days: count.min(1).max(36_500).default(365),
    audit_days: count.min(1).max(36_500).default(90),
    job_days: count.min(1).max(36_500).default(365),
  })
  .prefault({});

const network = z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], {
  error: 'is no network, such as 10.20.0.0/16',
});

/** Where webhooks may lead besides the internet; plain HTTP may be spoken there. */
const webhooks = z.strictObject({ allow_private: z.array(network).default([]) }).prefault({});

const grant = z.enum([
  'authorization_code',
  'refresh_token',
  'password',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
]);

const YEAR_SECONDS = 366 * 86_400;

/** What is left out is as strict as RFC 9700 asks for. */
const client = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1).max(100).optional(),
  secret: z.string().min(32, 'has fewer than 32 characters').optional(),
  redirect_uris: z.array(z.string()).default([]),
  /** By default `code`, where the grants have a use for it. */
  response_types: z.array(z.enum(['code', 'token'])).optional(),
  grants: z.array(grant).default(['authorization_code', 'refresh_token']),
  /** Those of the grants whose token request may also be a GET. */
  token_by_get: z.array(grant).default([]),
  query_tokens: z.boolean().default(false),
  require_pkce: z.boolean().default(true),
  scopes: z.array(z.string()).min(1).default(['call']),
  default_scopes: z.array(z.string()).min(1).optional(),
  access_token_seconds: z.number().int().min(60).max(86_400).default(3600),
  refresh_idle_seconds: z.number().int().min(60).max(YEAR_SECONDS).optional(),
  refresh_absolute_seconds: z.number().int().min(60).max(YEAR_SECONDS).optional(),
  token_format: z.enum(['opaque', 'jwt']).default('opaque'),
  token_binding: z.enum(['on-request', 'dpop']).default('on-request'),
});

export type ClientSetting = z.infer<typeof client>;

const host = z.string().regex(/^(?:\[[\da-f:.]+\]|[a-z\d](?:[a-z\d.-]*[a-z\d])?)$/, 'is no host in lower case');

const sip = z
  .strictObject({
    /** How long a session may live without a sign of life (RFC 4028). */
    session_expires_seconds: z.number().int().min(90).max(86_400).default(1800),
    /** Where a 3xx may lead: it is money, so nowhere by default. */
    redirect_hosts: z.array(host).default([]),
  })
  .prefault({});

export const settingsSchema = z
  .strictObject({
    trunks: z.array(trunk).default([]),
    routes: z.array(routeSchema).default([]),
    phones: z.array(phone).default([]),
    policy,
    limits,
    sip,
    retention,
    webhooks,
    clients: z.array(client).default([]),
    /** The one of them whose password grant needs no client: only its own programs should know of it. */
    first_party_client: z.string().optional(),
    /** Whether programs get JWT for a person's name and password by Basic at `/auth`; by default in the sandbox only. */
    basic_login: z.boolean().optional(),
    /** Challenges for phones, the favourite first; many phones stop at one that they do not know. */
    digest_algorithms: z
      .array(z.enum(['MD5', 'SHA-256']))
      .min(1)
      .default(['MD5']),
    /** Milliseconds of busy tone before the user's phone is hung up; 0 skips it. */
    busy_tone_ms: count.max(30_000).default(2000),
    /** How long an orderly stop may take, whatever stays silent. */
    stop_seconds: count.min(3).max(60).default(8),
  })
  .superRefine(({ trunks, routes, clients, first_party_client: firstParty }, context) => {
    const names = new Set(trunks.map(({ name }) => name));
    if (names.size < trunks.length)
      context.addIssue({ code: 'custom', path: ['trunks'], message: 'two have the same name' });
    const ids = new Set(clients.map(({ id }) => id));
    if (ids.size < clients.length)
      context.addIssue({ code: 'custom', path: ['clients'], message: 'two have the same id' });
    if (firstParty !== undefined && !ids.has(firstParty)) {
      context.addIssue({ code: 'custom', path: ['first_party_client'], message: `there is no client "${firstParty}"` });
    }
    for (const issue of mistakesInRoutes(routes, names)) context.addIssue({ code: 'custom', ...issue });
  });

export type Settings = z.infer<typeof settingsSchema>;
export type Trunk = Settings['trunks'][number];

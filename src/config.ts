import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { settingsSchema, type Settings } from './settings.ts';
import { isLoopbackHost } from './shared/loopback.ts';

/** An address at which we listen for SIP. */
export interface SipListen {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

/** Everything that can be set, checked and frozen. */
export interface Config {
  readonly http: { readonly host: string; readonly port: number; readonly trustedProxies: readonly string[] };
  /** Issuer and base of every address we hand out; no slash at its end. Undefined: http://localhost:<the bound port>. */
  readonly publicUrl: string | undefined;
  readonly databaseUrl: string;
  readonly secretFile: string;
  readonly sip: {
    readonly listen: readonly SipListen[];
    /** What Via, Contact and SDP show behind NAT. */
    readonly advertise: string | undefined;
  };
  readonly rtp: { readonly host: string | undefined; readonly ports: { readonly from: number; readonly to: number } | undefined };
  readonly sandbox: boolean;
  readonly logLevel: string;
  readonly settings: Settings;
}

/** The configuration cannot be used; every mistake is named by where it stands. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`The configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n  ${mistakes.join('\n  ')}`);
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

const port = z.coerce.number().int().min(0).max(65535);

const bracketless = (host: string): string => host.replace(/^\[|\]$/g, '');

const LISTEN = /^(udp|tcp):(\[[0-9a-f:.]+\]|[^:\s]+):(\d{1,5})$/i;

const sipListen = z.string().transform((text, context): SipListen[] =>
  text.split(',').map((item) => {
    const match = LISTEN.exec(item.trim());
    if (match === null || Number(match[3]) > 65535) {
      context.addIssue({ code: 'custom', message: `"${item.trim()}" is not protocol:address:port with udp or tcp` });
      return { protocol: 'udp', host: '', port: 0 };
    }
    const [, protocol = '', host = '', number] = match;
    return { protocol: protocol.toLowerCase() as SipListen['protocol'], host: bracketless(host), port: Number(number) };
  }),
);

const RTP = /^(\[[0-9a-f:.]+\]|[^:\s]+)(?::(\d{1,5})-(\d{1,5}))?$/i;

const rtp = z.string().transform((text, context): Config['rtp'] => {
  const match = RTP.exec(text.trim());
  const [from, to] = [Number(match?.[2]), Number(match?.[3])];
  if (match === null || from > to || to > 65535) {
    context.addIssue({ code: 'custom', message: 'is not address or address:from-to' });
    return { host: undefined, ports: undefined };
  }
  return { host: bracketless(match[1] ?? ''), ports: Number.isNaN(from) ? undefined : { from, to } };
});

const publicUrl = z.string().transform((text, context): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const complain = (message: string): string => {
    context.addIssue({ code: 'custom', message });
    return '';
  };
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return complain('is not an http(s) address');
  if (url.username !== '' || url.search !== '' || url.hash !== '') return complain('has more than scheme, host, port and path');
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) return complain('must be https unless its host is loopback');
  return url.href.replace(/\/+$/, '');
});

const environmentSchema = z.object({
  PORT: port.default(8888),
  OFFHOOK_HOST: z.string().min(1).default('127.0.0.1').transform(bracketless),
  OFFHOOK_PUBLIC_URL: publicUrl.optional(),
  OFFHOOK_TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((text) => text.split(',').map((item) => item.trim()).filter((item) => item !== '')),
  OFFHOOK_DATABASE_URL: z.string().startsWith('sqlite:', 'must begin with sqlite:').default('sqlite:data/offhook.db'),
  OFFHOOK_SECRET_FILE: z.string().min(1).default('data/offhook.key'),
  OFFHOOK_SIP_LISTEN: sipListen.prefault('udp:127.0.0.1:5060,tcp:127.0.0.1:5060'),
  OFFHOOK_SIP_ADVERTISE: z.string().min(1).transform(bracketless).optional(),
  OFFHOOK_RTP: rtp.optional(),
  OFFHOOK_SANDBOX: z.enum(['on', 'off']).optional(),
  OFFHOOK_CONFIG: z.string().min(1).optional(),
  OFFHOOK_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

type Environment = z.infer<typeof environmentSchema>;

const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}${text === '' ? '' : '.'}${String(key)}`), '');

const mistakesOf = (error: z.ZodError, where = ''): string[] =>
  error.issues.map((issue) => {
    const path = pathOf(issue.path);
    return `${where}${where !== '' && path !== '' ? ': ' : ''}${path}: ${issue.message}`;
  });

const readSettings = (file: string | undefined): Settings => {
  if (file === undefined) return settingsSchema.parse({});
  const where = `OFFHOOK_CONFIG ${file}`;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError([`${where}: ${cause instanceof SyntaxError ? 'is not JSON: ' : 'cannot be read: '}${(cause as Error).message}`]);
  }
  const parsed = settingsSchema.safeParse(json);
  if (!parsed.success) throw new ConfigError(mistakesOf(parsed.error, where));
  return parsed.data;
};

const hostOfUrl = (url: string): string => bracketless(new URL(url).hostname);

/** What keeps the sandbox from being on, in the words of the setting; empty where everything is loopback. */
const openDoors = (environment: Environment, settings: Settings): { listeners: string[]; trunks: string[] } => {
  const listeners: string[] = [];
  if (!isLoopbackHost(environment.OFFHOOK_HOST)) listeners.push(`OFFHOOK_HOST ${environment.OFFHOOK_HOST}`);
  for (const { host } of environment.OFFHOOK_SIP_LISTEN) {
    if (!isLoopbackHost(host)) listeners.push(`OFFHOOK_SIP_LISTEN ${host}`);
  }
  if (environment.OFFHOOK_PUBLIC_URL !== undefined && !isLoopbackHost(hostOfUrl(environment.OFFHOOK_PUBLIC_URL))) {
    listeners.push(`OFFHOOK_PUBLIC_URL ${environment.OFFHOOK_PUBLIC_URL}`);
  }
  const trunks = settings.trunks.filter(({ host }) => !isLoopbackHost(host)).map(({ name }) => `trunk ${name}`);
  return { listeners, trunks };
};

/** On by default only while everything is loopback; never beside a listener or public address that is not. */
const decideSandbox = (environment: Environment, settings: Settings): boolean => {
  const { listeners, trunks } = openDoors(environment, settings);
  if (environment.OFFHOOK_SANDBOX === 'on' && listeners.length > 0) {
    throw new ConfigError(
      listeners.map((door) => `OFFHOOK_SANDBOX: cannot be on while ${door} is not loopback: its passwords are well known`),
    );
  }
  return environment.OFFHOOK_SANDBOX === undefined
    ? listeners.length === 0 && trunks.length === 0
    : environment.OFFHOOK_SANDBOX === 'on';
};

const isSet = ([, value]: [string, string | undefined]): boolean => value !== undefined && value !== '';

/**
 * Reads the environment, and the file that `OFFHOOK_CONFIG` names.
 * @throws ConfigError naming every mistake
 */
export const readConfig = (variables: Readonly<Record<string, string | undefined>> = process.env): Config => {
  const parsed = environmentSchema.safeParse(Object.fromEntries(Object.entries(variables).filter(isSet)));
  if (!parsed.success) throw new ConfigError(mistakesOf(parsed.error));
  const environment = parsed.data;
  const settings = readSettings(environment.OFFHOOK_CONFIG);
  return Object.freeze({
    http: {
      host: environment.OFFHOOK_HOST,
      port: environment.PORT,
      trustedProxies: environment.OFFHOOK_TRUSTED_PROXIES,
    },
    publicUrl: environment.OFFHOOK_PUBLIC_URL,
    databaseUrl: environment.OFFHOOK_DATABASE_URL,
    secretFile: environment.OFFHOOK_SECRET_FILE,
    sip: { listen: environment.OFFHOOK_SIP_LISTEN, advertise: environment.OFFHOOK_SIP_ADVERTISE },
    rtp: environment.OFFHOOK_RTP ?? { host: undefined, ports: undefined },
    sandbox: decideSandbox(environment, settings),
    logLevel: environment.OFFHOOK_LOG_LEVEL,
    settings,
  });
};

/** How a host is written in an address. */
export const hostInUrl = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

/** Where phones register: the first UDP listener, under the name that they reach it by. */
export const sipServerOf = ({ sip }: Config): string => {
  const listener = sip.listen.find(({ protocol }) => protocol === 'udp') ?? sip.listen[0];
  return `${hostInUrl(sip.advertise ?? listener?.host ?? '127.0.0.1')}:${listener?.port ?? 5060}`;
};

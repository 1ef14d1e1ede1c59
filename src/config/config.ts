import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { z } from 'zod';
import { isLoopbackHost } from '../shared/loopback.ts';
import { reachableHost } from '../shared/reachable-host.ts';
import { type Environment, environmentSchema, type RtpAddress, type SipListen } from './environment.ts';
import { faultOfJson } from './json-fault.ts';
import { type Settings, settingsSchema } from './settings.ts';
import { shownLine } from './shown-line.ts';

/** Everything that can be set, checked and frozen. */
export interface Config {
  readonly http: {
    /** Undefined: both loopbacks, that of IPv6 where there is one. */
    readonly hosts: readonly string[] | undefined;
    readonly port: number;
    readonly trustedProxies: readonly string[];
  };
  /** Issuer and base of every address we hand out; no slash at its end. Undefined: http://localhost:<the bound port>. */
  readonly publicUrl: string | undefined;
  readonly databaseUrl: string;
  readonly secretFile: string;
  readonly sip: {
    readonly listen: readonly SipListen[];
    /** What Via, Contact and SDP show behind NAT. */
    readonly advertise: string | undefined;
  };
  readonly rtp: RtpAddress;
  /** Where metrics are read; undefined: nowhere, but for the sandbox's own. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  readonly sandbox: boolean;
  readonly logLevel: string;
  readonly logFormat: Environment['OFFHOOK_LOG_FORMAT'];
  readonly logColours: 'at-terminal' | 'never';
  readonly settings: Settings;
}

/** The configuration cannot be used; every mistake is named by where it stands. No message repeats a secret. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    const count = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
    super(`The configuration has ${count}:\n  ${mistakes.join('\n  ')}`);
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/** What was read, or what keeps it from being read. */
type Reading<Value> = { readonly value: Value } | { readonly mistakes: readonly string[] };

const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');

const mistakesOf = (issue: z.core.$ZodIssue): string[] => {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${pathOf([...issue.path, key])}: there is no such setting`);
  }
  const path = pathOf(issue.path);
  return [path === '' ? issue.message : `${path}: ${issue.message}`];
};

const check = <Schema extends z.ZodType>(schema: Schema, input: unknown): Reading<z.infer<Schema>> => {
  const { success, data, error } = schema.safeParse(input);
  return success ? { value: data } : { mistakes: error.issues.flatMap(mistakesOf) };
};

/** Says where a file is no JSON. The system's own words repeat what stands around the mistake: that could be a secret. */
const jsonMistake = (text: string): string => {
  const fault = faultOfJson(text);
  if (fault === undefined) return 'is not JSON';
  const { line, column, reason } = fault;
  const shown = shownLine(text.split('\n')[line - 1] ?? '', column).map((each) => `\n    ${each}`);
  return `is not JSON: line ${line}, column ${column}: ${reason}${shown.join('')}`;
};

const readJson = (file: string): Reading<unknown> => {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    const mistake = error instanceof SyntaxError ? jsonMistake(text) : `cannot be read: ${(error as Error).message}`;
    return { mistakes: [mistake] };
  }
};

const readSettings = (file: string | undefined): Reading<Settings> => {
  const json = file === undefined ? { value: {} } : readJson(file);
  const settings = 'value' in json ? check(settingsSchema, json.value) : json;
  return 'value' in settings
    ? settings
    : { mistakes: settings.mistakes.map((mistake) => `OFFHOOK_CONFIG ${file ?? ''}: ${mistake}`) };
};

/** Listeners and the public address, as far as others could reach them. */
const openAddresses = ({ OFFHOOK_HOST = [], OFFHOOK_SIP_LISTEN, OFFHOOK_PUBLIC_URL: url }: Environment): string[] => {
  const addresses = [
    ...OFFHOOK_HOST.map((host) => ({ address: `OFFHOOK_HOST ${host}`, host })),
    ...OFFHOOK_SIP_LISTEN.map(({ host }) => ({ address: `OFFHOOK_SIP_LISTEN ${host}`, host })),
    ...(url === undefined ? [] : [{ address: `OFFHOOK_PUBLIC_URL ${url}`, host: new URL(url).hostname }]),
  ];
  return addresses.filter(({ host }) => !isLoopbackHost(host)).map(({ address }) => address);
};

/**
 * On by default only while everything is loopback; never beside a listener or public address that is not.
 * @throws ConfigError when it is asked for beside such an address
 */
const decideSandbox = (environment: Environment, { trunks }: Settings): boolean => {
  const open = openAddresses(environment);
  switch (environment.OFFHOOK_SANDBOX) {
    case 'off':
      return false;
    case undefined:
      return open.length === 0 && trunks.every(({ host }) => isLoopbackHost(host));
    case 'on':
      if (open.length === 0) return true;
      throw new ConfigError(
        open.map((address) => `OFFHOOK_SANDBOX: its passwords are well known, and ${address} is not loopback`),
      );
  }
};

const deepFreeze = <Value>(value: Value): Value => {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
};

/**
 * Reads the environment, and the file that `OFFHOOK_CONFIG` names. An empty variable counts as one that is not set.
 * @throws ConfigError naming every mistake
 */
export const readConfig = (variables: Readonly<Record<string, string | undefined>> = process.env): Config => {
  const set = Object.fromEntries(Object.entries(variables).filter(([, text]) => text !== undefined && text !== ''));
  const readings = { environment: check(environmentSchema, set), settings: readSettings(set['OFFHOOK_CONFIG']) };
  const mistakes = Object.values(readings).flatMap((reading) => ('value' in reading ? [] : reading.mistakes));
  const { environment, settings } = readings;
  if (!('value' in environment) || !('value' in settings)) throw new ConfigError(mistakes);
  return configOf(environment.value, settings.value);
};

/** Variables whose names look like ours and are not: misspelt, they would go unnoticed. */
export const unknownVariables = (
  variables: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] =>
  Object.keys(variables).filter((name) => name.startsWith('OFFHOOK_') && !(name in environmentSchema.shape));

const configOf = (environment: Environment, settings: Settings): Config =>
  deepFreeze({
    http: {
      hosts: environment.OFFHOOK_HOST,
      port: environment.PORT,
      trustedProxies: environment.OFFHOOK_TRUSTED_PROXIES,
    },
    publicUrl: environment.OFFHOOK_PUBLIC_URL,
    databaseUrl: environment.OFFHOOK_DATABASE_URL,
    secretFile: environment.OFFHOOK_SECRET_FILE,
    sip: { listen: environment.OFFHOOK_SIP_LISTEN, advertise: environment.OFFHOOK_SIP_ADVERTISE },
    rtp: environment.OFFHOOK_RTP,
    metrics: environment.OFFHOOK_METRICS_LISTEN,
    sandbox: decideSandbox(environment, settings),
    logLevel: environment.OFFHOOK_LOG_LEVEL,
    logFormat: environment.OFFHOOK_LOG_FORMAT,
    logColours: environment.NO_COLOR === undefined ? 'at-terminal' : 'never',
    settings,
  });

/** How a host is written in an address. */
export const hostInUrl = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

/** Where phones register: the first UDP listener, under the name that they reach it by. */
export const sipServerOf = ({ sip }: Pick<Config, 'sip'>): string => {
  const listener = sip.listen.find(({ protocol }) => protocol === 'udp') ?? sip.listen[0];
  const host = sip.advertise ?? reachableHost(listener?.host ?? '127.0.0.1');
  return `${hostInUrl(host)}:${listener?.port ?? 5060}`;
};

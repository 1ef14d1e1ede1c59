import { isIP, isIPv6 } from 'node:net';
import { z } from 'zod';
import { bracketless, isLoopbackHost } from '../shared/loopback.ts';

/** An address at which we listen for SIP. */
export interface SipListen {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

/** Where media are received; undefined: the host of the first SIP listener, and any free port. */
export interface RtpAddress {
  readonly host: string | undefined;
  readonly ports: { readonly from: number; readonly to: number } | undefined;
}

const LAST_PORT = 65_535;

const port = z
  .string()
  .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= LAST_PORT, `is not a port, 0 to ${LAST_PORT}`)
  .transform(Number);

/** An address as it stands before a port: of version 6 in brackets. */
const isHost = (text: string): boolean => (text.startsWith('[') ? isIPv6(bracketless(text)) : text !== '');

const LISTEN = /^(udp|tcp):(\[.+\]|[^:\s[\]]+):(\d{1,5})$/i;

const sipListen = z.string().transform((text, context): SipListen[] =>
  text.split(',').map((item) => {
    const [, protocol = '', host = '', number] = LISTEN.exec(item.trim()) ?? [];
    if (!isHost(host) || Number(number) > LAST_PORT) {
      context.addIssue({ code: 'custom', message: `"${item.trim()}" is not protocol:address:port with udp or tcp` });
    }
    return { protocol: protocol.toLowerCase() as SipListen['protocol'], host: bracketless(host), port: Number(number) };
  }),
);

const RTP = /^(\[.+\]|[^:\s[\]]+)(?::(\d{1,5})-(\d{1,5}))?$/;

const rtp = z.string().transform((text, context): RtpAddress => {
  const [, host = '', from, to] = RTP.exec(text) ?? [];
  const ports = from === undefined ? undefined : { from: Number(from), to: Number(to) };
  const isRange = ports === undefined || (ports.from > 0 && ports.from <= ports.to && ports.to <= LAST_PORT);
  if (!isHost(host) || !isRange) {
    context.addIssue({ code: 'custom', message: 'is not address or address:from-to' });
  }
  return { host: bracketless(host), ports };
});

const PLACE = /^(\[.+\]|[^:\s[\]]+):(\d{1,5})$/;

/** One address with its port. */
const place = z.string().transform((text, context) => {
  const [, host = '', number] = PLACE.exec(text) ?? [];
  if (!isHost(host) || Number(number) > LAST_PORT) context.addIssue({ code: 'custom', message: 'is not address:port' });
  return { host: bracketless(host), port: Number(number) };
});

/** Where HTTP listens: addresses, or names that stand for one. */
const httpHosts = z.string().transform((text, context): readonly string[] =>
  text.split(',').map((item) => {
    const host = item.trim();
    if (/\s/.test(host) || !isHost(host)) {
      context.addIssue({ code: 'custom', message: `"${host}" is not an address` });
    }
    return bracketless(host);
  }),
);

/** What Offhook has at its root. Under one of these names a proxy that keeps the path could not be told from one that strips it. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  ...['.well-known', 'api', 'assets', 'auth', 'calls', 'console', 'device', 'docs', 'health', 'healthz', 'management'],
  ...['metrics', 'oauth', 'oauth2', 'openapi.json', 'problems', 'rest', 'test'],
]);

const faultOfPublicPath = (path: string): string | undefined => {
  if (!/^(?:\/[\w.~-]+)*$/.test(path)) return 'has a path with more than letters, digits, -._~ and single slashes';
  const name = path.split('/')[1]?.toLowerCase() ?? '';
  return OWN_NAMES.has(name) ? `has a path that begins with /${name}, as addresses of Offhook do` : undefined;
};

/** What may be wrong with a public address; its value is never repeated, as it could hold a password. */
const faultOfPublicUrl = (text: string): string | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'is not an http(s) address';
  if (url.href !== url.origin + url.pathname) return 'has more than scheme, host, port and path';
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) return 'must be https unless its host is loopback';
  return faultOfPublicPath(url.pathname.replace(/\/+$/, ''));
};

const publicUrl = z
  .string()
  .superRefine((text, context) => {
    const message = faultOfPublicUrl(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .transform((text) => (URL.canParse(text) ? new URL(text).href.replace(/\/+$/, '') : ''));

/** As express takes them: its names of networks, an address, or an address with the length of its prefix. */
const isNetwork = (item: string): boolean => {
  if (/^(loopback|linklocal|uniquelocal)$/.test(item)) return true;
  const [address = '', bits = '0', ...rest] = item.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
};

const trustedProxies = z
  .string()
  .transform((text) => text.split(',').map((item) => item.trim()))
  .superRefine((items, context) => {
    for (const item of items.filter((each) => !isNetwork(each))) {
      context.addIssue({ code: 'custom', message: `"${item}" is not an address or a network` });
    }
  });

/** The variables of the environment, with their defaults. */
export const environmentSchema = z.object({
  PORT: port.default(8888),
  OFFHOOK_HOST: httpHosts.optional(),
  OFFHOOK_PUBLIC_URL: publicUrl.optional(),
  OFFHOOK_TRUSTED_PROXIES: trustedProxies.default([]),
  OFFHOOK_DATABASE_URL: z.string().startsWith('sqlite:', 'must begin with sqlite:').default('sqlite:data/offhook.db'),
  OFFHOOK_SECRET_FILE: z.string().default('data/offhook.key'),
  OFFHOOK_SIP_LISTEN: sipListen.prefault('udp:127.0.0.1:5060,tcp:127.0.0.1:5060'),
  OFFHOOK_SIP_ADVERTISE: z.string().transform(bracketless).optional(),
  OFFHOOK_RTP: rtp.default({ host: undefined, ports: undefined }),
  OFFHOOK_METRICS_LISTEN: place.optional(),
  OFFHOOK_SANDBOX: z.enum(['on', 'off']).optional(),
  OFFHOOK_CONFIG: z.string().optional(),
  OFFHOOK_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  OFFHOOK_LOG_FORMAT: z.enum(['auto', 'json', 'pretty']).default('auto'),
  NO_COLOR: z.string().optional(),
});

export type Environment = z.infer<typeof environmentSchema>;

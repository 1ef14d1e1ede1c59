import { lookup, resolve4, resolve6, resolveSrv } from 'node:dns/promises';
import type { MonotonicClock } from '../../shared/clock.ts';

/** One SRV record (RFC 2782). */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** What locating asks of the DNS. A name without such records gives none; only a failure to ask rejects. */
export interface Resolver {
  services(name: string): Promise<readonly ServiceRecord[]>;
  /** IPv4 addresses before IPv6 addresses. */
  addresses(host: string): Promise<readonly string[]>;
}

const noRecords = new Set(['ENOTFOUND', 'ENODATA', 'ENONAME']);

const noneWhereAbsent = <Item>(error: unknown): Item[] => {
  if (noRecords.has((error as NodeJS.ErrnoException).code ?? '')) return [];
  throw error;
};

/** Names of the hosts file and of search domains, such as those of containers: plain DNS does not know them. */
const localAddresses = async (host: string): Promise<string[]> => {
  const found = await lookup(host, { all: true, order: 'ipv4first' }).catch(noneWhereAbsent<{ address: string }>);
  return found.map(({ address }) => address);
};

/** The resolver of the machine. */
export const systemResolver: Resolver = {
  services: (name) => resolveSrv(name).catch(noneWhereAbsent<ServiceRecord>),
  addresses: async (host) => {
    if (!host.includes('.')) return localAddresses(host);
    const answers = await Promise.allSettled([resolve4(host), resolve6(host)]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    return found.length > 0 ? found : localAddresses(host);
  },
};

/** Far below the usual time to live, long enough that a busy trunk is not asked for with each call. */
const KEEP_MS = 30_000;
const MAX_NAMES = 1000;

/** Remembers answers for 30 s, and asks once for what many want at the same time. Failures are not remembered. */
export const cachingResolver = (resolver: Resolver, clock: MonotonicClock): Resolver => {
  const remember = <Answer>(ask: (name: string) => Promise<Answer>): ((name: string) => Promise<Answer>) => {
    const known = new Map<string, { readonly until: number; readonly answer: Promise<Answer> }>();
    return (name) => {
      const entry = known.get(name);
      if (entry !== undefined && entry.until > clock.elapsed()) return entry.answer;
      if (known.size >= MAX_NAMES) known.clear();
      const answer = ask(name);
      known.set(name, { until: clock.elapsed() + KEEP_MS, answer });
      answer.catch(() => known.delete(name));
      return answer;
    };
  };
  return {
    services: remember((name) => resolver.services(name)),
    addresses: remember((host) => resolver.addresses(host)),
  };
};

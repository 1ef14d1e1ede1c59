import type { Config } from '../config/config.ts';
import type { Trunk } from '../config/settings.ts';
import type { TrunkRoute } from '../engines/sip/call/route-table.ts';
import { looseRoute, type SipTrunk } from '../engines/sip/call/trunk-dialect.ts';
import { TrunkHealth } from '../engines/sip/call/trunk-health.ts';
import { TrunkLoad } from '../engines/sip/call/trunk-load.ts';
import { TrunkProbe } from '../engines/sip/call/trunk-probe.ts';
import type { EngineService } from '../engines/sip/sip-engine.ts';
import type { MonotonicClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { escapeUser } from '../sip/message/uri.ts';
import { Registration } from '../sip/registrar/registration.ts';
import type { UserAgent } from '../sip/user-agent.ts';

interface TrunkParts {
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
}

export type Watched<T extends SipTrunk> = T & { readonly health: TrunkHealth };

/** With it, faults and recoveries of the trunk are logged, and it is passed over while it is out of service. */
export const watchTrunk = <T extends SipTrunk>(trunk: T, { clock, log }: Omit<TrunkParts, 'ids'>): Watched<T> => ({
  ...trunk,
  health: new TrunkHealth({ trunk: trunk.name, clock, log }),
});

const isLimited = ({ limits }: Trunk): boolean => limits.maxCalls > 0 || limits.maxCallsPerSecond > 0;

/** The trunks of the settings, watched. One that would call in nobody's name is warned of. */
export const openTrunks = ({ trunks, policy }: Config['settings'], parts: TrunkParts): readonly Watched<Trunk>[] =>
  trunks.map((trunk) => {
    const { name, callerId, dialect } = trunk;
    if (callerId === undefined)
      parts.log.warn({ trunk: name }, 'a trunk has no caller_id: many carriers refuse such calls');
    const load = isLimited(trunk) ? new TrunkLoad(trunk.limits, parts.clock) : undefined;
    return watchTrunk({ ...trunk, load, dialect: { ...dialect, homeCountry: policy.home_country } }, parts);
  });

/** Our account at a trunk: in the domain that the provider knows us by, where it has one of its own. */
const trunkAccount = ({ uri, dialect: { fromDomain } }: Trunk, username: string): string => {
  const host = fromDomain ?? uri.replace(/^sips?:/i, '').replace(/;.*$/, '');
  return `sip:${escapeUser(username)}@${host}`;
};

const trunkRegistration = (trunk: Watched<Trunk>, userAgent: UserAgent, parts: TrunkParts): EngineService[] => {
  const { credentials, dialect, health, uri: registrar } = trunk;
  if (!trunk.register || credentials === undefined) return [];
  const account = trunkAccount(trunk, credentials.username);
  const { outboundProxy } = dialect;
  const route = outboundProxy === undefined ? {} : { route: [looseRoute(outboundProxy)] };
  const { clock, ids } = parts;
  const registration = new Registration({ userAgent, registrar, account, credentials, clock, ids, ...route });
  registration.on('registered', () => health.registered());
  registration.on('failed', (status) => health.registrationFailed(status));
  const start = (): Promise<void> => {
    // Calls do not wait for a trunk that is slow to answer: it is tried again until it does.
    void registration.start();
    return Promise.resolve();
  };
  return [{ start, close: () => registration.close() }];
};

const trunkProbe = (trunk: Watched<Trunk>, userAgent: UserAgent, { clock }: TrunkParts): TrunkProbe =>
  new TrunkProbe({ trunk, health: trunk.health, userAgent, everySeconds: trunk.optionsSeconds, clock });

/** What runs beside the calls over trunks: our registrations there, and the questions whether they are there. */
export const trunkServices = (
  trunks: readonly Watched<Trunk>[],
  userAgent: UserAgent,
  parts: TrunkParts,
): readonly EngineService[] =>
  trunks.flatMap((trunk) => [...trunkRegistration(trunk, userAgent, parts), trunkProbe(trunk, userAgent, parts)]);

/** The routes of the settings, with the trunks that they name. */
export const routesOf = ({ routes }: Config['settings'], known: readonly SipTrunk[]): readonly TrunkRoute[] =>
  routes.map(({ trunks, ...route }) => ({
    ...route,
    trunks: trunks.flatMap(({ name, priority, weight }) =>
      known.filter((trunk) => trunk.name === name).map((trunk) => ({ trunk, priority, weight })),
    ),
  }));

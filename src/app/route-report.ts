import type { Endpoint } from '../calls/call-engine.ts';
import { CallPlanner, type CallRequest } from '../calls/call-planner.ts';
import type { CallUser, PhoneDirectory } from '../calls/phone-directory.ts';
import type { Config } from '../config/config.ts';
import { RouteTable, type TrunkRoute, type TrunkWay } from '../engines/sip/call/route-table.ts';
import { inviteOverTrunk, type SipTrunk } from '../engines/sip/call/trunk-dialect.ts';
import { systemClock } from '../shared/clock.ts';
import { AppError } from '../shared/errors.ts';
import { createSystemIds } from '../shared/ids.ts';
import { silentLog } from '../shared/log.ts';
import { formatNameAddr } from '../sip/message/name-addr.ts';
import type { Stores } from '../storage/stores.ts';
import { ConfiguredPhones } from './accounts/configured-phones.ts';
import { patternsOf, policyOf } from './calls.ts';
import { openTrunks, routesOf } from './trunks.ts';

/** A trunk that a number would be tried over, and what it would be sent. */
export interface TrunkReport {
  readonly name: string;
  readonly uri: string;
  readonly request_uri: string;
  readonly from: string;
  /** Those of the trunk's dialect, as name and value. */
  readonly headers: readonly string[];
}

/** Where a number would go, and why. */
export interface RouteReport {
  readonly dialled: string;
  /** `refused`: nowhere, and `refusal` says why. */
  readonly read_as: 'extension' | 'pattern' | 'number' | 'refused';
  readonly number: string | null;
  /** In whose way it was read; ISO 3166-1 alpha-2. */
  readonly dialled_in: string;
  /** Of the number itself, where it is known. */
  readonly country: string | null;
  readonly route: string | null;
  /** In the order in which they would be tried; of those with a weight, in one of their orders. */
  readonly trunks: readonly TrunkReport[];
  /** Of another user, whose extension it is. */
  readonly phones: readonly string[];
  readonly refusal: { readonly code: string; readonly reason: string | null; readonly detail: string } | null;
}

interface ReportOptions {
  readonly config: Config;
  readonly stores: Pick<Stores, 'phones'>;
  readonly number: string;
  /** Who dials; undefined: somebody without an extension, in the home country. */
  readonly user: { readonly id: string; readonly username: string } | undefined;
}

const NOBODY: CallUser = { userId: '', username: '', extension: null, homeCountry: null, callerIds: [] };

/** The phones of the service, and a user for whom none is named. */
const directoryOf = ({ config, stores, user }: ReportOptions): PhoneDirectory => {
  const phones = new ConfiguredPhones(stores.phones, config.settings.phones);
  return {
    user: (userId) => (user === undefined ? Promise.resolve(NOBODY) : phones.user(userId)),
    userByExtension: (extension) => phones.userByExtension(extension),
    phonesOf: (owner) => phones.phonesOf(owner),
  };
};

/** The carrier of the sandbox is where no trunk is configured; its port is picked at the start. */
const SANDBOX: SipTrunk = { name: 'sandbox', uri: 'sip:127.0.0.1' };

/**
 * Says where a number would go with these settings, and changes nothing. Whether a trunk works now, only the service that
 * runs knows.
 */
export const reportRoute = async (options: ReportOptions): Promise<RouteReport> => {
  const { config, number, user } = options;
  const { settings } = config;
  const phones = directoryOf(options);
  const policy = policyOf(settings);
  const engine = { locate: (): Promise<undefined> => Promise.resolve(undefined) };
  const planner = new CallPlanner({ phones, engine, policy, patterns: patternsOf(settings) });
  const dialler = (user && (await phones.user(user.id))) ?? NOBODY;
  const report = { ...nowhere, dialled: number, dialled_in: policy.countryOf(dialler) };
  try {
    const request = await planner.read({ number }, user?.id ?? '');
    planner.refuseBarred(request);
    return { ...report, ...(await wayOf(request, { config, phones })) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const reason = error.details?.['reason'];
    return {
      ...report,
      read_as: 'refused',
      refusal: { code: error.code, reason: typeof reason === 'string' ? reason : null, detail: error.message },
    };
  }
};

const nowhere = {
  ...{ number: null, country: null, route: null, trunks: [], phones: [], refusal: null },
} as const;

type Way = Pick<RouteReport, 'read_as' | 'number' | 'country' | 'route' | 'trunks' | 'phones' | 'refusal'>;

const wayOf = async (
  { destination, number }: CallRequest,
  { config, phones }: { readonly config: Config; readonly phones: PhoneDirectory },
): Promise<Way> => {
  if (destination.kind === 'extension') {
    const found = await phones.phonesOf(destination.user);
    return { ...nowhere, read_as: 'extension', number, phones: found.map(({ name }) => name) };
  }
  const country = destination.kind === 'number' ? (destination.number.country ?? null) : null;
  const endpoint: Extract<Endpoint, { kind: 'number' | 'pattern' }> =
    destination.kind === 'number'
      ? { kind: 'number', number, dialled: destination.digits }
      : { kind: 'pattern', digits: number, pattern: destination.pattern.text };
  const table = tableOf(config);
  const trunks = table.trunksFor(endpoint).map(trunkReport);
  const found = {
    read_as: destination.kind,
    number,
    country,
    route: sayRoute(table.routeOf(endpoint)),
    trunks,
    phones: [],
  };
  return { ...found, refusal: trunks.length === 0 ? noRoute : null };
};

const noRoute = { code: 'engine_unavailable', reason: null, detail: 'There is no route to the destination.' };

const tableOf = ({ sandbox, settings }: Config): RouteTable => {
  const parts = { clock: systemClock, ids: createSystemIds(), log: silentLog };
  const own = openTrunks(settings, parts);
  const trunks = sandbox && own.length === 0 ? [SANDBOX] : own;
  return new RouteTable({ trunks, routes: routesOf(settings, own), ids: parts.ids });
};

const sayRoute = (route: TrunkRoute | undefined): string | null => {
  if (route === undefined) return null;
  return 'pattern' in route ? `pattern ${route.pattern}` : `prefix ${route.prefix}`;
};

const trunkReport = ({ trunk, called }: TrunkWay): TrunkReport => {
  const { from, headers = [], target } = inviteOverTrunk(trunk, called, undefined);
  return {
    name: trunk.name,
    uri: trunk.uri,
    request_uri: target,
    from: formatNameAddr(from),
    headers: headers.map(([name, value]) => `${name}: ${value}`),
  };
};

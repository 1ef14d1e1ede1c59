import type { Endpoint } from '../../../calls/call-engine.ts';
import type { IdSource } from '../../../shared/ids.ts';
import { fillTemplate, NumberPattern } from '../../../shared/number-pattern.ts';
import type { CalledNumber, SipTrunk } from './trunk-dialect.ts';

/** A trunk of a route, and when it is tried. */
export interface RouteTrunk {
  readonly trunk: SipTrunk;
  /** The lowest first; as an SRV record (RFC 2782). */
  readonly priority: number;
  /** Of those of one priority each comes first the more often, the greater its weight. Absent: in the order of the file, behind those. */
  readonly weight?: number | undefined;
}

/** Where numbers go: those that begin with `prefix` in E.164, or those that match `pattern` as they were dialled. */
export type TrunkRoute = ({ readonly prefix: string } | { readonly pattern: string }) & {
  readonly trunks: readonly RouteTrunk[];
  /** What is sent in place of the number; see `fillTemplate`. */
  readonly send?: string | undefined;
};

export interface RouteTableOptions {
  /** Where every number goes as long as there is no route, in this order. */
  readonly trunks: readonly SipTrunk[];
  readonly routes: readonly TrunkRoute[];
  /** What the draw among trunks of one priority depends on. */
  readonly ids: IdSource;
}

/** A trunk for a number, and the number as it is to be called there. */
export interface TrunkWay {
  readonly trunk: SipTrunk;
  readonly called: CalledNumber;
}

type Dialled = Extract<Endpoint, { kind: 'number' | 'pattern' }>;

/** Which trunks a number may take, and in which order. */
export class RouteTable {
  readonly #options: RouteTableOptions;
  readonly #byPrefix: readonly Extract<TrunkRoute, { prefix: string }>[];
  readonly #byPattern: ReadonlyMap<string, TrunkRoute>;

  constructor(options: RouteTableOptions) {
    this.#options = options;
    const { routes } = options;
    this.#byPrefix = routes.filter((route) => 'prefix' in route).toSorted((a, b) => b.prefix.length - a.prefix.length);
    this.#byPattern = new Map(
      routes.flatMap((route) => ('pattern' in route ? [[new NumberPattern(route.pattern).text, route]] : [])),
    );
  }

  /** In the order in which they are to be tried; none where no route takes the number. */
  trunksFor(endpoint: Dialled): readonly TrunkWay[] {
    const { routes, trunks, ids } = this.#options;
    const called = calledOf(endpoint);
    if (endpoint.kind === 'number' && routes.length === 0) return trunks.map((trunk) => ({ trunk, called }));
    const route = this.routeOf(endpoint);
    if (route === undefined) return [];
    const sent = route.send === undefined ? called : { ...called, sent: sentOf(route.send, endpoint) };
    return inOrder(route.trunks, ids).map(({ trunk }) => ({ trunk, called: sent }));
  }

  /** The route that takes a number; undefined where none does, or there is none at all. */
  routeOf(endpoint: Dialled): TrunkRoute | undefined {
    if (endpoint.kind === 'pattern') return this.#byPattern.get(endpoint.pattern);
    return this.#byPrefix.find(({ prefix }) => endpoint.number.startsWith(prefix));
  }
}

const calledOf = (endpoint: Dialled): CalledNumber =>
  endpoint.kind === 'pattern'
    ? { number: endpoint.digits, dialled: endpoint.digits }
    : { number: endpoint.number, dialled: endpoint.dialled };

const sentOf = (template: string, endpoint: Dialled): string => {
  if (endpoint.kind === 'number') return fillTemplate(template, { number: endpoint.number, rest: endpoint.number });
  const { digits, pattern } = endpoint;
  return fillTemplate(template, { number: digits, rest: new NumberPattern(pattern).restOf(digits) });
};

/** From 0 up to, but not including, `limit`. */
const randomBelow = (limit: number, ids: IdSource): number =>
  (Buffer.from(ids.random(48), 'base64url').readUIntBE(0, 6) / 2 ** 48) * limit;

const inOrder = (trunks: readonly RouteTrunk[], ids: IdSource): readonly RouteTrunk[] => {
  const byPriority = trunks.toSorted((one, other) => one.priority - other.priority);
  const priorities = [...new Set(byPriority.map(({ priority }) => priority))];
  return priorities.flatMap((priority) => {
    const equals = byPriority.filter((each) => each.priority === priority);
    return [...drawn(equals, ids), ...equals.filter(({ weight }) => weight === undefined)];
  });
};

/** Those with a weight: each comes next with a chance of its share of what is left. */
const drawn = (trunks: readonly RouteTrunk[], ids: IdSource): RouteTrunk[] => {
  const rest = trunks.flatMap((each) => (each.weight === undefined ? [] : [{ each, weight: each.weight }]));
  const order: RouteTrunk[] = [];
  while (rest.length > 1) {
    let mark = randomBelow(
      rest.reduce((sum, { weight }) => sum + weight, 0),
      ids,
    );
    const index = rest.findIndex(({ weight }) => (mark -= weight) < 0);
    order.push(...rest.splice(Math.max(0, index), 1).map(({ each }) => each));
  }
  return [...order, ...rest.map(({ each }) => each)];
};

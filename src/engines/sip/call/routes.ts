import type { Endpoint } from '../../../calls/call-engine.ts';
import { escapeUser } from '../../../sip/message/uri.ts';
import type { Binding } from '../../../sip/registrar/binding-store.ts';
import type { DigestCredentials, NameAddr } from '../../../sip/user-agent.ts';
import type { LegTarget, LegTrunk } from '../leg/leg.ts';
import { inviteOverTrunk, type SipTrunk } from './trunk-dialect.ts';

/** Numbers that begin with `prefix` go to these trunks, the first that takes them. */
export interface TrunkRoute {
  readonly prefix: string;
  readonly trunks: readonly SipTrunk[];
}

/** PORT: where the phones of a SIP name are now. The registrar is one. */
export interface BindingDirectory {
  /** The live bindings of an account, best first. */
  locate(account: string): Promise<readonly Binding[]>;
}

export interface RoutesOptions {
  /** Longest prefix first wins; without any route every number goes to every trunk, in order. */
  readonly trunks: readonly SipTrunk[];
  readonly routes: readonly TrunkRoute[];
  readonly bindings: BindingDirectory;
  /** Our name in From and in the addresses of our users: a host as it stands in a URI. */
  readonly domain: string;
  /** For phones at a fixed address that challenge us, by that address: a phone of somebody's PBX. */
  readonly phoneCredentials?: ReadonlyMap<string, DigestCredentials>;
}

/** One way to an endpoint: the target of a leg, once it is known which number it shows. */
interface Way {
  readonly address: string;
  readonly trunk?: LegTrunk;
  /** @param shown - undefined where the call brings no number of its own */
  readonly invite: (shown: string | undefined) => LegTarget['invite'];
}

/** An endpoint with the ways that were found to it: the plan carries them to the leg. */
type LocatedEndpoint = Endpoint & { readonly ways: readonly Way[] };

const isLocated = (endpoint: Endpoint): endpoint is LocatedEndpoint => 'ways' in endpoint;

const NO_PARAMS: NameAddr['params'] = new Map();

const to = (uri: string): NameAddr => ({ uri, params: NO_PARAMS });

/** Finds where a leg can be rung, and how its INVITE is addressed. */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #routes: readonly TrunkRoute[];

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#routes = [...options.routes].sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** The endpoint with the ways to it as they are now; undefined where there is none. */
  async locate(endpoint: Endpoint): Promise<Endpoint | undefined> {
    const ways = await this.#waysTo(endpoint);
    const located: LocatedEndpoint = { ...endpoint, ways };
    return ways.length === 0 ? undefined : located;
  }

  /**
   * Every address of a leg's endpoints, best first. What was located before is not looked up again.
   * @param shown - the number that the leg is shown; undefined: that of the trunk
   */
  async targets(endpoints: readonly Endpoint[], shown: string | undefined): Promise<readonly LegTarget[]> {
    // The planner has located nearly all of them: then there is nothing to wait for.
    const ways = endpoints.every(isLocated)
      ? endpoints.map((endpoint) => endpoint.ways)
      : await Promise.all(endpoints.map((endpoint) => this.#waysTo(endpoint)));
    return inServiceFirst(ways.flat()).map(({ address, invite, trunk }) => ({ address, trunk, invite: invite(shown) }));
  }

  async #waysTo(endpoint: Endpoint): Promise<readonly Way[]> {
    if (isLocated(endpoint)) return endpoint.ways;
    switch (endpoint.kind) {
      case 'registered':
        return await this.#toPhones(endpoint.account);
      case 'number':
        return this.#trunksFor(endpoint.number).map((trunk) => viaTrunk(trunk, endpoint.number));
      case 'address':
        return [this.#toAddress(endpoint.uri)];
    }
  }

  async #toPhones(account: string): Promise<readonly Way[]> {
    const address = `sip:${escapeUser(account)}@${this.#options.domain}`;
    const bindings = await this.#options.bindings.locate(account);
    return bindings.map(({ contact, path, flow }) =>
      this.#way(address, { target: contact, ...(path.length > 0 ? { route: path } : { hop: flow }), to: to(address) }),
    );
  }

  #toAddress(uri: string): Way {
    const credentials = this.#options.phoneCredentials?.get(uri);
    return this.#way(uri, { target: uri, to: to(uri), ...(credentials !== undefined && { credentials }) });
  }

  /** To a phone: we speak in our own name. */
  #way(address: string, invite: Omit<LegTarget['invite'], 'from'>): Way {
    return { address, invite: (shown) => ({ ...invite, from: this.#ourName(shown) }) };
  }

  #trunksFor(number: string): readonly SipTrunk[] {
    if (this.#routes.length === 0) return this.#options.trunks;
    return this.#routes.find(({ prefix }) => number.startsWith(prefix))?.trunks ?? [];
  }

  #ourName(shown: string | undefined): NameAddr {
    const user = shown ?? 'anonymous';
    return { display: user, uri: `sip:${escapeUser(user)}@${this.#options.domain}`, params: NO_PARAMS };
  }
}

const isPassedOver = ({ trunk }: Way): boolean => trunk?.health?.isPassedOver === true;

/** A trunk that is out of service is still tried when all others have failed. */
const inServiceFirst = (ways: readonly Way[]): readonly Way[] =>
  ways.some(isPassedOver) ? [...ways.filter((way) => !isPassedOver(way)), ...ways.filter(isPassedOver)] : ways;

const viaTrunk = (trunk: SipTrunk, number: string): Way => ({
  address: number,
  trunk,
  invite: (shown) => inviteOverTrunk(trunk, number, shown),
});

import { ANONYMOUS } from '../../../calls/call-command.ts';
import type { AnswerWish, Endpoint } from '../../../calls/call-engine.ts';
import { TrunkFullError } from '../../../calls/errors.ts';
import type { IdSource } from '../../../shared/ids.ts';
import { escapeUser } from '../../../sip/message/uri.ts';
import type { Binding } from '../../../sip/registrar/binding-store.ts';
import type { DigestCredentials, ExtraHeaders, NameAddr } from '../../../sip/user-agent.ts';
import type { LegTarget, LegTrunk } from '../leg/leg-target.ts';
import { autoAnswerHeaders } from './auto-answer.ts';
import { RouteTable, type TrunkRoute, type TrunkWay } from './route-table.ts';
import { ANONYMOUS_NAME, inviteOverTrunk, type SipTrunk } from './trunk-dialect.ts';

/** PORT: where the phones of a SIP name are now. The registrar is one. */
export interface BindingDirectory {
  /** The live bindings of an account, best first. */
  locate(account: string): Promise<readonly Binding[]>;
}

export interface RoutesOptions {
  /** The narrowest pattern first, then the longest prefix; without any route every number goes to every trunk, in order. */
  readonly trunks: readonly SipTrunk[];
  readonly routes: readonly TrunkRoute[];
  readonly ids: IdSource;
  readonly bindings: BindingDirectory;
  /** Our name in From and in the addresses of our users: a host as it stands in a URI. */
  readonly domain: string;
  /** For phones at a fixed address that challenge us, by that address: a phone of somebody's PBX. */
  readonly phoneCredentials?: ReadonlyMap<string, DigestCredentials>;
  /** The fixed addresses of phones that answer by themselves when their own user places a call. */
  readonly answeringPhones?: ReadonlySet<string>;
}

/** What a leg is shown and asked. */
export interface LegWishes {
  /** The number that the leg is shown; undefined: that of the trunk. */
  readonly shown: string | undefined;
  /** Whether the phone is to answer by itself, which only that of the caller may be asked; undefined: no. */
  readonly answer?: AnswerWish | 'as-configured' | undefined;
}

/** One way to an endpoint: the target of a leg, once it is known what it shows. */
interface Way {
  readonly address: string;
  readonly trunk?: LegTrunk;
  /** Whether a phone there answers by itself where nothing else is asked. */
  readonly answers: 'automatic' | 'manual';
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
  readonly #table: RouteTable;

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#table = new RouteTable(options);
  }

  /**
   * The endpoint with the ways to it as they are now; undefined where there is none.
   * @throws TrunkFullError where there are trunks, and all of them have as many calls as they take
   */
  async locate(endpoint: Endpoint): Promise<Endpoint | undefined> {
    const ways = await this.#waysTo(endpoint);
    const located: LocatedEndpoint = { ...endpoint, ways };
    if (ways.length === 0) return undefined;
    if (ways.every(({ trunk }) => trunk?.load?.isFull === true)) throw new TrunkFullError();
    return located;
  }

  /**
   * What is to be rung at once: each phone by itself, and each number with its trunks, one after the other. What was
   * located before is not looked up again.
   */
  async branches(endpoints: readonly Endpoint[], wishes: LegWishes): Promise<readonly (readonly LegTarget[])[]> {
    // The planner has located nearly all of them: then there is nothing to wait for.
    const found = endpoints.every(isLocated)
      ? endpoints.map((endpoint) => endpoint.ways)
      : await Promise.all(endpoints.map((endpoint) => this.#waysTo(endpoint)));
    return found.flatMap((ways, index) => {
      const targets = inServiceFirst(ways).map((way) => targetOf(way, wishes));
      return isPhone(endpoints[index]) ? targets.map((target) => [target]) : targets.length > 0 ? [targets] : [];
    });
  }

  /** The same, one after the other. @param shown - the number that the leg is shown; undefined: that of the trunk */
  async targets(endpoints: readonly Endpoint[], shown: string | undefined): Promise<readonly LegTarget[]> {
    return (await this.branches(endpoints, { shown })).flat();
  }

  async #waysTo(endpoint: Endpoint): Promise<readonly Way[]> {
    if (isLocated(endpoint)) return endpoint.ways;
    switch (endpoint.kind) {
      case 'registered':
        return await this.#toPhones(endpoint.account);
      case 'number':
      case 'pattern':
        return this.#table.trunksFor(endpoint).map(viaTrunk);
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
    const { answeringPhones, phoneCredentials } = this.#options;
    const credentials = phoneCredentials?.get(uri);
    const way = this.#way(uri, { target: uri, to: to(uri), ...(credentials !== undefined && { credentials }) });
    return answeringPhones?.has(uri) === true ? { ...way, answers: 'automatic' } : way;
  }

  /** To a phone: we speak in our own name. */
  #way(address: string, invite: Omit<LegTarget['invite'], 'from'>): Way {
    return { address, answers: 'manual', invite: (shown) => ({ ...invite, ...this.#ourName(shown) }) };
  }

  #ourName(shown: string | undefined): { readonly from: NameAddr; readonly headers?: ExtraHeaders } {
    if (shown === ANONYMOUS) return { from: ANONYMOUS_NAME, headers: [['privacy', 'id']] };
    const user = shown ?? ANONYMOUS;
    return {
      from: { display: user, uri: `sip:${escapeUser(user)}@${this.#options.domain}`, params: NO_PARAMS },
    };
  }
}

const isPhone = (endpoint: Endpoint | undefined): boolean =>
  endpoint?.kind === 'registered' || endpoint?.kind === 'address';

const targetOf = ({ address, answers, invite, trunk }: Way, { shown, answer }: LegWishes): LegTarget => {
  const invitation = invite(shown);
  const isAutomatic = answer === 'automatic' || (answer === 'as-configured' && answers === 'automatic');
  if (!isAutomatic) return { address, trunk, invite: invitation };
  const headers = [...(invitation.headers ?? []), ...autoAnswerHeaders];
  return { address, trunk, invite: { ...invitation, headers } };
};

const isPassedOver = ({ trunk }: Way): boolean => trunk?.health?.isPassedOver === true;

/** A trunk that is out of service is still tried when all others have failed. */
const inServiceFirst = (ways: readonly Way[]): readonly Way[] =>
  ways.some(isPassedOver) ? [...ways.filter((way) => !isPassedOver(way)), ...ways.filter(isPassedOver)] : ways;

const viaTrunk = ({ trunk, called }: TrunkWay): Way => ({
  address: called.number,
  trunk,
  answers: trunk.autoAnswer ?? 'manual',
  invite: (shown) => inviteOverTrunk(trunk, called, shown),
});

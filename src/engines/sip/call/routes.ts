import type { CallPlan, Endpoint } from '../../../calls/call-engine.ts';
import type { LegRole } from '../../../calls/call-state.ts';
import type { NameAddr } from '../../../sip/message/name-addr.ts';
import { escapeUser } from '../../../sip/message/uri.ts';
import type { Binding } from '../../../sip/registrar/binding-store.ts';
import type { DigestCredentials } from '../../../sip/user-agent.ts';
import type { LegTarget } from '../leg/leg.ts';

/** Where numbers leave for the world. */
export interface SipTrunk {
  readonly name: string;
  /** `sip:host[:port][;transport=...]`: the number becomes its user part. */
  readonly uri: string;
  readonly credentials?: DigestCredentials | undefined;
  /** In E.164; shown where the call brings no number of its own. */
  readonly callerId?: string | undefined;
}

/** Numbers that begin with `prefix` go to these trunks, the first that takes them. */
export interface TrunkRoute {
  readonly prefix: string;
  readonly trunks: readonly SipTrunk[];
}

export interface RoutesOptions {
  /** Longest prefix first wins; without any route every number goes to every trunk, in order. */
  readonly trunks: readonly SipTrunk[];
  readonly routes: readonly TrunkRoute[];
  /** Live bindings of a SIP name, best first. */
  readonly bindingsOf: (account: string) => Promise<readonly Binding[]>;
  /** Our name in From and in the addresses of our users. */
  readonly domain: string;
}

const withUser = (uri: string, user: string): string =>
  uri.replace(/^(sips?:)(?:[^@]*@)?/i, (_, scheme: string) => `${scheme}${escapeUser(user)}@`);

/** Finds where a leg can be rung, and how its INVITE is addressed. */
export class Routes {
  readonly #options: RoutesOptions;
  readonly #routes: readonly TrunkRoute[];

  constructor(options: RoutesOptions) {
    this.#options = options;
    this.#routes = [...options.routes].sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** Whether a leg to the endpoint could be rung now. */
  async canReach(endpoint: Endpoint): Promise<boolean> {
    switch (endpoint.kind) {
      case 'registered':
        return (await this.#options.bindingsOf(endpoint.account)).length > 0;
      case 'number':
        return this.#trunksFor(endpoint.number).length > 0;
      case 'address':
        return true;
    }
  }

  /** Every address of the leg's endpoints, best first. */
  async locate(role: LegRole, plan: CallPlan): Promise<readonly LegTarget[]> {
    const shown = role === 'caller' ? plan.destinationDisplay : plan.callerId;
    const targets = await Promise.all(plan[role].map((endpoint) => this.#targets(endpoint, shown)));
    return targets.flat();
  }

  async #targets(endpoint: Endpoint, shown: string | undefined): Promise<readonly LegTarget[]> {
    switch (endpoint.kind) {
      case 'registered':
        return await this.#registered(endpoint.account, shown);
      case 'number':
        return this.#trunksFor(endpoint.number).map((trunk) => this.#viaTrunk(trunk, endpoint.number, shown));
      case 'address':
        return [this.#direct(endpoint.uri, shown)];
    }
  }

  async #registered(account: string, shown: string | undefined): Promise<readonly LegTarget[]> {
    const address = `sip:${escapeUser(account)}@${this.#options.domain}`;
    const bindings = await this.#options.bindingsOf(account);
    return bindings.map((binding) => ({
      address,
      invite: {
        target: binding.contact,
        ...(binding.path.length > 0 ? { route: binding.path } : { hop: binding.flow }),
        from: this.#ourName(shown),
        to: { uri: address, params: new Map() },
      },
    }));
  }

  #direct(uri: string, shown: string | undefined): LegTarget {
    return {
      address: uri,
      invite: { target: uri, from: this.#ourName(shown), to: { uri, params: new Map() } },
    };
  }

  #viaTrunk(trunk: SipTrunk, number: string, shown: string | undefined): LegTarget {
    const target = withUser(trunk.uri, number);
    return {
      address: number,
      invite: {
        target,
        from: this.#ourName(shown ?? trunk.callerId),
        to: { uri: target, params: new Map() },
        ...(trunk.credentials === undefined ? {} : { credentials: trunk.credentials }),
      },
    };
  }

  #trunksFor(number: string): readonly SipTrunk[] {
    if (this.#routes.length === 0) return this.#options.trunks;
    return this.#routes.find(({ prefix }) => number.startsWith(prefix))?.trunks ?? [];
  }

  #ourName(shown: string | undefined): NameAddr {
    const user = shown ?? 'anonymous';
    return { display: user, uri: `sip:${escapeUser(user)}@${this.#options.domain}`, params: new Map() };
  }
}

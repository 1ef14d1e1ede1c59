import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallRates } from '../../../calls/call-rates.ts';
import type { PhoneDirectory } from '../../../calls/phone-directory.ts';
import type { Principal, TokenVerifier } from '../../../oauth/request/principal.ts';
import { authenticateAny } from '../../authenticate.ts';
import type { DirectRoute } from '../../direct-route.ts';
import { MethodNotAllowedError, NotAcceptableError } from '../../errors.ts';
import { refuseUnknown } from '../../known-names.ts';
import { type Format, negotiateFormat } from '../../negotiate.ts';
import { queryOf } from '../../query.ts';
import { showStanding } from '../../rate-limit.ts';
import { noStore, send } from '../../reply.ts';
import { writeXml } from '../../xml.ts';

export interface MeRouteDeps {
  readonly verifier: TokenVerifier;
  readonly rates: CallRates;
  readonly phones: Pick<PhoneDirectory, 'user'>;
  /** By their names in the settings; 0 is none. */
  readonly limits: Readonly<Record<string, number>>;
}

interface UserFacts {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly extension: string | null;
  readonly numbers: readonly string[];
}

interface Facts {
  readonly user: UserFacts | null;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly permissions: readonly string[];
  readonly expires_at: string;
  readonly limits: Readonly<Record<string, number>>;
}

const ALLOW = 'GET, HEAD, OPTIONS';
const PATH = /^\/rest\/me\/?$/i;

/** Lists of words are one text there, as `scope` is in OAuth. */
const toXml = ({ user, scopes, permissions, ...facts }: Facts): string =>
  writeXml({
    name: 'me',
    content: {
      user: user && { ...user, numbers: user.numbers.join(' ') },
      ...{ ...facts, scopes: scopes.join(' '), permissions: permissions.join(' ') },
    },
  });

const bodyOf = (facts: Facts, format: Format): string => (format === 'json' ? JSON.stringify(facts) : toXml(facts));

/** `/rest/me`: for whom a token acts, what it may, and its limits. Any valid token may ask. */
export class MeRoute implements DirectRoute {
  readonly #deps: MeRouteDeps;

  constructor(deps: MeRouteDeps) {
    this.#deps = deps;
  }

  matches(path: string): boolean {
    return PATH.test(path);
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return this.#show(request, response);
      case 'OPTIONS':
        response.writeHead(204, { Allow: ALLOW, ...noStore }).end();
        return Promise.resolve();
      default:
        throw new MethodNotAllowedError(ALLOW);
    }
  };

  async #show(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { verifier, rates } = this.#deps;
    const query = queryOf(request);
    const principal = await authenticateAny(verifier, request, query);
    showStanding(response, rates.takeRead(principal.tokenId));
    const format = negotiateFormat(request.headers.accept);
    if (format === undefined) throw new NotAcceptableError();
    refuseUnknown('parameter', { names: [...(query?.keys() ?? [])], known: ['access_token'] });
    const body = bodyOf(await this.#factsOf(principal), format);
    send(response, { status: 200, contentType: `application/${format}; charset=utf-8`, body });
  }

  async #factsOf(principal: Principal): Promise<Facts> {
    const { clientId, scopes, expiresAt } = principal;
    return {
      user: await this.#userOf(principal),
      client: clientId,
      scopes,
      permissions: principal.kind === 'user' ? [...principal.permissions].sort() : [],
      expires_at: new Date(expiresAt).toISOString(),
      limits: this.#deps.limits,
    };
  }

  async #userOf(principal: Principal): Promise<UserFacts | null> {
    if (principal.kind === 'client') return null;
    const { userId, username, role } = principal;
    const { extension = null, callerIds = [] } = (await this.#deps.phones.user(userId)) ?? {};
    return { id: userId, name: username, role, extension, numbers: callerIds };
  }
}

import type { WallClock } from '../../shared/clock.ts';
import type { ClientFailureLimit } from '../limits/client-failure-limit.ts';
import type { Client, ClientStore } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import { OAuthError } from '../model/errors.ts';
import { secretMatches } from '../model/secrets.ts';
import { type BasicCredentials, parseBasicCredentials } from '../request/basic-credentials.ts';
import type { Parameters } from '../request/parameters.ts';

export interface ClientRequest {
  readonly authorization: string | undefined;
  readonly parameters: Parameters;
  readonly route: RequestRoute;
  /** Of the requester, as far as the proxies that we trust tell. */
  readonly address: string;
}

export interface ClientAuthenticator {
  /**
   * Which client sends a request: by Basic, by parameters, or, for a public client, by its id alone (RFC 6749
   * sections 2.3.1 and 3.2.1).
   * @throws OAuthError `invalid_client` where it could not be authenticated
   * @throws OAuthError `invalid_request` for two ways at once
   * @throws TooManyRequestsError after too many failures of the client, or from the address
   */
  authenticate(request: ClientRequest): Promise<Client>;
}

/** What a request claims. Without a secret it can only be a public client. */
interface Claim {
  readonly id: string;
  readonly secret: string | undefined;
}

const refused = (): OAuthError => new OAuthError('invalid_client', 'The client could not be authenticated.');

/** An empty password is none: how a public client sends Basic (RFC 6749 sections 2.3.1 and 3.1). */
const claimOf = ({ id, secret }: BasicCredentials): Claim => ({ id, secret: secret === '' ? undefined : secret });

const claimsOf = ({ authorization, parameters }: ClientRequest): readonly Claim[] => {
  const id = parameters.get('client_id');
  const secret = parameters.get('client_secret');
  if (authorization === undefined) return id === undefined ? [] : [{ id, secret }];
  if (secret !== undefined) {
    throw new OAuthError('invalid_request', 'The client must authenticate in one way only.');
  }
  const readings = parseBasicCredentials(authorization);
  if (id !== undefined && readings.length > 0 && !readings.some((reading) => reading.id === id)) {
    throw new OAuthError('invalid_request', 'The client_id differs from the one that authenticates.');
  }
  return readings.filter((reading) => id === undefined || reading.id === id).map(claimOf);
};

/** Against this, a secret is compared where there is none: no secret has this hash. */
const unmatchedHash = 'A'.repeat(43);

/** Those that a secret may have: of the present one, and of the one that gives way to it. */
const hashesOf = (client: Client | undefined, now: number): readonly string[] => {
  const { secretHash = null, formerSecret = null } = client ?? {};
  if (secretHash === null) return [unmatchedHash, unmatchedHash];
  return [secretHash, formerSecret !== null && formerSecret.endsAt > now ? formerSecret.hash : unmatchedHash];
};

const proves = (claim: Claim, client: Client | undefined, now: number): boolean => {
  if (claim.secret === undefined) return client?.secretHash === null;
  // All are compared, whatever comes of the first.
  const matches = hashesOf(client, now).map((hash) => secretMatches(claim.secret ?? '', hash));
  return matches.includes(true);
};

export const createClientAuthenticator = (deps: {
  readonly clients: ClientStore;
  readonly admission: Admission;
  readonly failureLimit: ClientFailureLimit;
  readonly clock: WallClock;
}): ClientAuthenticator => ({
  authenticate: async (request) => {
    const { route, address } = request;
    const clientIds: string[] = [];
    for (const claim of claimsOf(request)) {
      const client = await deps.clients.find(claim.id);
      if (proves(claim, client, deps.clock.now()) && client !== undefined && deps.admission.admits(client, route))
        return client;
      // Without a secret it was no guess.
      if (client !== undefined && claim.secret !== undefined) clientIds.push(client.id);
    }
    deps.failureLimit.countFailure({ clientIds: [...new Set(clientIds)], address });
    throw refused();
  },
});

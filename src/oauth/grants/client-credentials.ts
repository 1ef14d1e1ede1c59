import type { Client, User, UserStore } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { OAuthError } from '../model/errors.ts';
import type { KeyProof } from '../model/key-proof.ts';
import { requestedScopes } from '../model/requested-scopes.ts';
import type { TokenResponse } from '../tokens/token-minter.ts';
import type { DirectIssue } from './direct-issue.ts';

export interface ClientCredentialsRequest {
  /** Authenticated. */
  readonly client: Client;
  readonly scope: string | undefined;
  readonly proof: KeyProof;
  readonly route: RequestRoute;
  /** Of the requester, as far as the proxies that we trust tell. */
  readonly address: string;
}

/** RFC 6749 section 4.4. */
export interface ClientCredentialsGrant {
  /**
   * An access token and never a refresh token. It stands for no user, except that of a key pair: it acts for the
   * administrator whom the pair belongs to.
   * @throws OAuthError `unauthorized_client` where the client is public
   * @throws OAuthError `invalid_client` where the owner of a key pair may not use it any more
   * @throws OAuthError `invalid_scope` where the scope is unknown, or more than the client may ask for
   * @throws OAuthError `invalid_grant` where the secret was changed meanwhile
   * @throws InvalidProofError where the proof of the key was used before
   */
  exchange(request: ClientCredentialsRequest): Promise<TokenResponse>;
}

export const createClientCredentialsGrant = (deps: {
  readonly users: UserStore;
  readonly directIssue: DirectIssue;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
}): ClientCredentialsGrant => {
  const ownerOf = async ({ ownerId }: Client, route: RequestRoute): Promise<User> => {
    const owner = ownerId === null ? undefined : await deps.users.find(ownerId);
    if (owner?.role === 'admin' && deps.admission.admits(owner, route)) return owner;
    throw new OAuthError('invalid_client', 'The owner of this key pair is no administrator any more.');
  };

  return {
    exchange: async ({ client, scope, proof, route, address }) => {
      if (client.secretHash === null) {
        throw new OAuthError('unauthorized_client', 'A public client has no credentials to use.');
      }
      const scopes = requestedScopes(client, scope);
      const user = client.kind === 'key-pair' ? await ownerOf(client, route) : null;
      await proof.spend();
      const asked = { client, user, scopes, dpopKey: proof.key, gives: 'access-only' } as const;
      const response = await deps.directIssue.issue(asked);
      const detail = 'client_credentials';
      deps.auditLog.count('token.issued', { userId: user?.id ?? null, clientId: client.id, address, detail });
      return response;
    },
  };
};

import type { RequestRoute } from './admission.ts';
import type { Permission, Role, Scope } from './permissions.ts';

/** On whose behalf a request with an access token acts. */
export interface Principal {
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
  readonly clientId: string;
  readonly scopes: readonly Scope[];
  readonly permissions: ReadonlySet<Permission>;
  /** The grant that the token belongs to: revoking it revokes every token it gave. */
  readonly familyId: string;
  /** Stands for the token in limits and logs; not the token, and of no use as one. */
  readonly tokenId: string;
}

/** How the token came: only a header is always allowed (RFC 6750 section 2). */
export type TokenTransport = 'header' | 'query';

/** Checks access tokens. Every check reads the store: a revocation by another process acts at once. */
export interface TokenVerifier {
  /**
   * @param route how the request came, direct where left out: a forwarded one cannot use the accounts of the sandbox
   * @throws InvalidTokenError (401 `invalid_token`) unknown, expired, revoked, of a disabled user or client, a refresh
   *   token, or sent in the query where its client may not
   */
  verify(token: string, transport: TokenTransport, route?: RequestRoute): Promise<Principal>;
}

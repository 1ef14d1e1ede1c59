import type { SentProof } from '../keys/dpop-proofs.ts';
import type { RequestRoute } from '../model/admission.ts';
import type { Permission, Role, Scope } from '../model/permissions.ts';

interface TokenFacts {
  readonly clientId: string;
  readonly scopes: readonly Scope[];
  /** The grant that the token belongs to: revoking it revokes every token it gave. */
  readonly familyId: string;
  /** Stands for the token in limits and logs; not the token, and of no use as one. */
  readonly tokenId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Asks for the same again later, without the token: see `TokenReview`. */
  readonly reviewKey: ReviewKey;
}

/** A token that was checked: under which hash it is stored, and how its request came. Of no use as a token. */
export interface ReviewKey {
  readonly tokenHash: string;
  readonly route: RequestRoute;
}

/** A request that acts on behalf of a user. */
export interface UserPrincipal extends TokenFacts {
  readonly kind: 'user';
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
  readonly permissions: ReadonlySet<Permission>;
}

/** A request that acts for a client itself, and so for no user (RFC 6749 section 4.4). */
export interface ClientPrincipal extends TokenFacts {
  readonly kind: 'client';
  /** Ids of the users for whom it placed calls that it may see now; undefined without the scope `application`. */
  readonly grantors: ReadonlySet<string> | undefined;
}

export type Principal = UserPrincipal | ClientPrincipal;

/** How the token came: only a header is always allowed (RFC 6750 section 2). */
export type TokenTransport = 'header' | 'query';

/** An access token as a request presents it. */
export interface PresentedToken {
  readonly token: string;
  /** RFC 6750 section 2.1, RFC 9449 section 7.1. In the query a token is a bearer token. */
  readonly scheme: 'bearer' | 'dpop';
  readonly transport: TokenTransport;
  /** A forwarded request cannot use the accounts of the sandbox. */
  readonly route: RequestRoute;
  readonly proof: SentProof;
}

/** Checks access tokens. Every check reads the store: a revocation by another process acts at once. */
export interface TokenVerifier {
  /**
   * @throws InvalidTokenError (401 `invalid_token`) unknown, expired, revoked, of a disabled user or client, a refresh
   *   token, sent in the query where its client may not, or bound to a key and sent without its scheme
   * @throws InvalidProofError (401 `invalid_dpop_proof`) bound to a key that the request does not prove
   */
  verify(presented: PresentedToken): Promise<Principal>;
}

/** Checks again a token that was taken before, for a request that lasts: no proof and no secret is needed for that. */
export interface TokenReview {
  /**
   * On whose behalf the request acts now.
   * @throws InvalidTokenError expired, revoked, of a disabled or deleted user or client
   */
  review(key: ReviewKey): Promise<Principal>;
}

import type { WallClock } from '../../shared/clock.ts';
import type { Client } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { OAuthError } from '../model/errors.ts';
import { isWithin, parseScopes, type Scope } from '../model/permissions.ts';
import type { IssuedTokens, RefreshTokenView, TokenFamily, TokenStore } from '../model/token-stores.ts';
import { type MintedTokens, type TokenMinter, type TokenResponse, tokenRows } from '../tokens/token-minter.ts';
import type { TokenReader } from '../tokens/token-reader.ts';

/** Two tabs may refresh with the same token at once: for so long an old one still gives siblings of its successor. */
const SIBLING_WINDOW_MS = 10_000;
const MOST_SUCCESSORS = 1 + 3;

export interface RefreshRequest {
  readonly client: Client;
  readonly refreshToken: string;
  /** Narrows this access token; the next refresh has the original scope again. */
  readonly scope: string | undefined;
  /** Thumbprint of the key that the request proved; null where it proved none. */
  readonly dpopKey: string | null;
  readonly route: RequestRoute;
  /** Of the requester, as far as the proxies that we trust tell. */
  readonly address: string;
}

/** RFC 6749 section 6, with rotation (RFC 9700 section 4.14.2). */
export interface RefreshTokenGrant {
  /**
   * Exchanges a refresh token for its successor. Using one again, later than two tabs would, revokes its family.
   * @throws OAuthError `invalid_grant` where the token is unknown, used, over, or another client's
   * @throws OAuthError `invalid_scope` where the scope is unknown, or more than was granted
   */
  refresh(request: RefreshRequest): Promise<TokenResponse>;
}

type Decision =
  | { readonly action: 'issue'; readonly at: number; readonly family: TokenFamily; readonly tokens: IssuedTokens }
  | { readonly action: 'revoke'; readonly userId: string | null }
  | { readonly action: 'refuse'; readonly error: 'invalid_grant' | 'invalid_scope' };

const wasStolen = (token: RefreshTokenView, now: number): boolean =>
  token.rotatedAt !== null && (now > token.rotatedAt + SIBLING_WINDOW_MS || token.successors >= MOST_SUCCESSORS);

const messages = {
  invalid_grant: 'The refresh token is not valid.',
  invalid_scope: 'The scope is unknown, or more than was granted.',
} as const;

export const createRefreshTokenGrant = (deps: {
  readonly tokens: TokenStore;
  readonly tokenMinter: TokenMinter;
  readonly tokenReader: TokenReader;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
}): RefreshTokenGrant => {
  const decide = (token: RefreshTokenView, request: RefreshRequest, minted: MintedTokens): Decision => {
    const { client, scope, dpopKey } = request;
    const { family } = token;
    const now = deps.clock.now();
    const isBound = token.dpopKey === null || token.dpopKey === dpopKey;
    if (family.clientId !== client.id || !isBound) return { action: 'refuse', error: 'invalid_grant' };
    if (wasStolen(token, now)) return { action: 'revoke', userId: family.userId };
    if (Math.min(token.expiresAt, family.expiresAt) <= now || !deps.admission.admits(token.user, request.route)) {
      return { action: 'refuse', error: 'invalid_grant' };
    }
    const scopes: readonly Scope[] | undefined = scope === undefined ? family.scopes : parseScopes(scope);
    if (scopes === undefined || !isWithin(scopes, family.scopes)) return { action: 'refuse', error: 'invalid_scope' };
    const tokens = tokenRows(minted, { client, family, scopes, dpopKey, now });
    return { action: 'issue', at: now, family, tokens };
  };

  return {
    refresh: async (request) => {
      const minted = deps.tokenMinter.mint(request.client, 'with-refresh');
      const hash = await deps.tokenReader.hashOf(request.refreshToken, 'refresh');
      const decision =
        hash === undefined ? undefined : await deps.tokens.rotate(hash, (token) => decide(token, request, minted));
      const about = { clientId: request.client.id, address: request.address, detail: 'refresh_token' };
      if (decision?.action === 'issue') {
        deps.auditLog.record('token.refreshed', { ...about, userId: decision.family.userId });
        return deps.tokenMinter.respond(minted, decision);
      }
      if (decision?.action === 'revoke') {
        deps.auditLog.record('token.replayed', { ...about, userId: decision.userId });
      }
      const error = decision?.action === 'refuse' ? decision.error : 'invalid_grant';
      throw new OAuthError(error, messages[error]);
    },
  };
};

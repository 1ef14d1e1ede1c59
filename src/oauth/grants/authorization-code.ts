import { createHash, timingSafeEqual } from 'node:crypto';
import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Client } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import type { AuthorizationRequest } from '../model/authorization-request.ts';
import { OAuthError } from '../model/errors.ts';
import type { AuthorizationCodeView, CodeStore, RedemptionDecision } from '../model/grant-stores.ts';
import { hashSecret, newSecret } from '../model/secrets.ts';
import {
  mayRefresh,
  type MintedTokens,
  newFamily,
  newFamilyId,
  type TokenMinter,
  type TokenResponse,
  tokenRows,
} from '../tokens/token-minter.ts';

const CODE_LIFETIME_MS = 60_000;
export interface CodeRedemption {
  readonly client: Client;
  readonly code: string;
  readonly redirectUri: string | undefined;
  readonly codeVerifier: string | undefined;
  /** Thumbprint of the key that the request proved; null where it proved none. */
  readonly dpopKey: string | null;
  readonly route: RequestRoute;
  /** Of the requester, as far as the proxies that we trust tell. */
  readonly address: string;
  /** `access-only` where the answer goes through a browser's address bar. */
  readonly gives: 'with-refresh' | 'access-only';
}

/** What a redemption gave, and the address for which the code was issued. */
export interface RedeemedCode {
  readonly response: TokenResponse;
  readonly redirectUri: string;
}

/** RFC 6749 section 4.1. */
export interface AuthorizationCodeGrant {
  /** @returns the code, after its row was written */
  issue(request: AuthorizationRequest, userId: string): Promise<string>;
  /**
   * Exchanges a code for tokens, once. Its replay by the client that could have redeemed it revokes what it gave.
   * @throws OAuthError `invalid_grant` where the code is unknown, used, over, or bound to another request
   */
  redeem(redemption: CodeRedemption): Promise<RedeemedCode>;
}

type Decision =
  | (Extract<RedemptionDecision, { action: 'issue' }> & { readonly redirectUri: string })
  | (Extract<RedemptionDecision, { action: 'revoke' }> & { readonly userId: string })
  | Extract<RedemptionDecision, { action: 'refuse' }>;

/** RFC 7636 section 4.1. */
const wellFormed = /^[A-Za-z0-9._~-]{43,128}$/;

/**
 * RFC 7636 section 4.6, S256 only. A verifier where the request had no challenge is refused too: another party started
 * that flow (RFC 9700 section 2.1.1).
 */
const verifierMatches = (verifier: string | undefined, challenge: string | null): boolean => {
  if (verifier === undefined || challenge === null) return verifier === undefined && challenge === null;
  if (!wellFormed.test(verifier)) return false;
  const expected = Buffer.from(challenge, 'base64url');
  const given = createHash('sha256').update(verifier).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
};

/** Whether the request comes from where the code was sent (RFC 6749 section 4.1.3, RFC 7636 section 4.6). */
const isBound = (code: AuthorizationCodeView, { client, redirectUri, codeVerifier }: CodeRedemption): boolean =>
  code.clientId === client.id &&
  (redirectUri === code.redirectUri || (redirectUri === undefined && code.redirectUriFrom === 'registration')) &&
  verifierMatches(codeVerifier, code.codeChallenge);

/** May this code be redeemed so? Decided inside the store's transaction. */
const decisionOn =
  ({ admission, clock }: { readonly admission: Admission; readonly clock: WallClock }) =>
  (code: AuthorizationCodeView, redemption: CodeRedemption, minted: MintedTokens): Decision => {
    const now = clock.now();
    const { client, dpopKey } = redemption;
    if (!isBound(code, redemption)) return { action: 'refuse' };
    if (code.redeemedAt !== null) return { action: 'revoke', userId: code.userId };
    if (code.expiresAt <= now || !admission.admits(code.user, redemption.route)) return { action: 'refuse' };
    const terms = { client, scopes: code.scopes, dpopKey, now };
    const family = newFamily(terms, { id: code.familyId, userId: code.userId, minted });
    const tokens = tokenRows(minted, { ...terms, family });
    return { action: 'issue', at: now, family, tokens, redirectUri: code.redirectUri };
  };

export const createAuthorizationCodeGrant = (deps: {
  readonly codes: CodeStore;
  readonly tokenMinter: TokenMinter;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
  readonly ids: IdSource;
}): AuthorizationCodeGrant => {
  const decide = decisionOn(deps);

  return {
    issue: async (request, userId) => {
      const code = newSecret(deps.ids);
      const { clientId, redirectUri, redirectUriFrom, scopes, codeChallenge } = request;
      const now = deps.clock.now();
      await deps.codes.insert({
        hash: hashSecret(code),
        familyId: newFamilyId(deps.ids, now),
        clientId,
        userId,
        redirectUri,
        redirectUriFrom,
        scopes,
        codeChallenge,
        createdAt: now,
        expiresAt: now + CODE_LIFETIME_MS,
      });
      return code;
    },

    redeem: async (redemption) => {
      const { client, address } = redemption;
      const minted = deps.tokenMinter.mint(client, mayRefresh(client) ? redemption.gives : 'access-only');
      const decision = await deps.codes.redeem(hashSecret(redemption.code), (code) => decide(code, redemption, minted));
      const about = { clientId: client.id, address, detail: 'authorization_code' };
      if (decision?.action === 'issue') {
        deps.auditLog.record('token.issued', { ...about, userId: decision.family.userId });
        return { response: await deps.tokenMinter.respond(minted, decision), redirectUri: decision.redirectUri };
      }
      if (decision?.action === 'revoke') {
        deps.auditLog.record('token.replayed', { ...about, userId: decision.userId });
      }
      throw new OAuthError('invalid_grant', 'The code is not valid, or was used before.');
    },
  };
};

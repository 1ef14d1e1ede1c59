import { createHash, timingSafeEqual } from 'node:crypto';
import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Client } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import type { AuthorizationRequest } from '../model/authorization-request.ts';
import { OAuthError } from '../model/errors.ts';
import type { AuthorizationCodeView, CodeStore, RedemptionDecision } from '../model/grant-stores.ts';
import type { KeyProof } from '../model/key-proof.ts';
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
/** A callback that came twice redeems its code twice: for so long that is no theft. */
const DOUBLE_REDEMPTION_MS = 5000;

export interface CodeRedemption {
  readonly client: Client;
  readonly code: string;
  readonly redirectUri: string | undefined;
  readonly codeVerifier: string | undefined;
  readonly proof: KeyProof;
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
   * Exchanges a code for tokens, once. Its replay by the client that could have redeemed it revokes what it gave, unless
   * it comes within seconds of the redemption.
   * @throws OAuthError `invalid_grant` where the code is unknown, used, over, or bound to another request
   * @throws InvalidProofError where the proof of the key was used before
   */
  redeem(redemption: CodeRedemption): Promise<RedeemedCode>;
}

/** Why a client does not get tokens for a code. What it left out it is told; what it sent wrong it is not. */
const refusals = {
  invalid: 'The code is not valid, or was used before.',
  'no redirect_uri': 'The redirect_uri is missing. It must be the one that the authorization request had.',
  'no code_verifier': 'The code_verifier is missing. The authorization request had a code_challenge.',
  'no proof': 'The DPoP proof is missing. The authorization request had a dpop_jkt.',
} as const;

type Refusal = keyof typeof refusals;

type Decision =
  | (Extract<RedemptionDecision, { action: 'issue' }> & { readonly redirectUri: string })
  | (Extract<RedemptionDecision, { action: 'revoke' }> & { readonly userId: string })
  | (Extract<RedemptionDecision, { action: 'refuse' }> & { readonly reason: Refusal });

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

/** What the client of the code left out: it is told, for it is the one that the code was given to. */
const missingFrom = (code: AuthorizationCodeView, { redirectUri, codeVerifier, proof }: CodeRedemption): Refusal => {
  if (redirectUri === undefined && code.redirectUriFrom === 'request') return 'no redirect_uri';
  if (codeVerifier === undefined && code.codeChallenge !== null) return 'no code_verifier';
  return proof.key === null && code.dpopKey !== null ? 'no proof' : 'invalid';
};

/**
 * Whether the request comes from where the code was sent (RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9449 section
 * 10).
 */
const isBound = (code: AuthorizationCodeView, { redirectUri, codeVerifier, proof }: CodeRedemption): boolean =>
  (redirectUri === code.redirectUri || (redirectUri === undefined && code.redirectUriFrom === 'registration')) &&
  verifierMatches(codeVerifier, code.codeChallenge) &&
  (code.dpopKey === null || code.dpopKey === proof.key);

/** A clock that was set back far makes no old code young again. */
const isDouble = (redeemedAt: number, now: number): boolean => Math.abs(now - redeemedAt) <= DOUBLE_REDEMPTION_MS;

const refuse = (reason: Refusal): Decision => ({ action: 'refuse', reason });

/** May this code be redeemed so? Decided inside the store's transaction. */
const decisionOn =
  ({ admission, clock }: { readonly admission: Admission; readonly clock: WallClock }) =>
  (code: AuthorizationCodeView, redemption: CodeRedemption, minted: MintedTokens): Decision => {
    const now = clock.now();
    const { client, proof } = redemption;
    if (code.clientId !== client.id) return refuse('invalid');
    if (!isBound(code, redemption)) return refuse(missingFrom(code, redemption));
    if (code.redeemedAt !== null) {
      return isDouble(code.redeemedAt, now) ? refuse('invalid') : { action: 'revoke', userId: code.userId };
    }
    if (code.expiresAt <= now || !admission.admits(code.user, redemption.route)) return refuse('invalid');
    const terms = { client, scopes: code.scopes, dpopKey: proof.key, now };
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

  /** A proof is stored only where there is such a code: else a stranger could store as many as there are requests. */
  const spendProof = async (hash: string, { client, proof }: CodeRedemption): Promise<void> => {
    if (proof.key !== null && (await deps.codes.findClient(hash)) === client.id) await proof.spend();
  };

  return {
    issue: async (request, userId) => {
      const code = newSecret(deps.ids);
      const { clientId, redirectUri, redirectUriFrom, scopes, codeChallenge, dpopKey } = request;
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
        dpopKey,
        createdAt: now,
        expiresAt: now + CODE_LIFETIME_MS,
      });
      return code;
    },

    redeem: async (redemption) => {
      const { client, address } = redemption;
      const hash = hashSecret(redemption.code);
      await spendProof(hash, redemption);
      const minted = deps.tokenMinter.mint(client, mayRefresh(client) ? redemption.gives : 'access-only');
      const decision = (await deps.codes.redeem(hash, (code) => decide(code, redemption, minted))) ?? refuse('invalid');
      const about = { clientId: client.id, address, detail: 'authorization_code' };
      if (decision.action === 'issue') {
        deps.auditLog.count('token.issued', { ...about, userId: decision.family.userId });
        return { response: await deps.tokenMinter.respond(minted, decision), redirectUri: decision.redirectUri };
      }
      if (decision.action === 'revoke') {
        deps.auditLog.count('token.replayed', { ...about, userId: decision.userId });
      }
      throw new OAuthError('invalid_grant', refusals[decision.action === 'refuse' ? decision.reason : 'invalid']);
    },
  };
};

import type { WallClock } from '../../shared/clock.ts';
import type { Client } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { OAuthError } from '../model/errors.ts';
import type { KeyProof } from '../model/key-proof.ts';
import { isWithin, parseScopes } from '../model/permissions.ts';
import type { IssuedTokens, KeptAnswer, RefreshTokenView, TokenFamily, TokenStore } from '../model/token-stores.ts';
import { openAnswer, sealAnswer } from '../tokens/refresh-answer.ts';
import {
  type MintedTokens,
  repeatedResponse,
  type TokenMinter,
  type TokenResponse,
  tokenRows,
} from '../tokens/token-minter.ts';
import type { TokenReader } from '../tokens/token-reader.ts';

/** Two tabs may refresh with the same token at once: for so long an old one gives the same answer again. */
const REPEAT_WINDOW_MS = 10_000;

export interface RefreshRequest {
  readonly client: Client;
  readonly refreshToken: string;
  /** Narrows this access token; the next refresh has the original scope again. */
  readonly scope: string | undefined;
  readonly proof: KeyProof;
  readonly route: RequestRoute;
  /** Of the requester, as far as the proxies that we trust tell. */
  readonly address: string;
}

/** RFC 6749 section 6, with rotation (RFC 9700 section 4.14.2). */
export interface RefreshTokenGrant {
  /**
   * Exchanges a refresh token for its successor: the same one for as many as ask at once, so that each family is one line
   * of descent. Using one again, later than two tabs would, revokes its family.
   * @throws OAuthError `invalid_grant` where the token is unknown, used, over, or another client's
   * @throws OAuthError `invalid_scope` where the scope is unknown, or more than was granted
   * @throws InvalidProofError where the proof of the key was used before
   */
  refresh(request: RefreshRequest): Promise<TokenResponse>;
}

type Decision =
  | {
      readonly action: 'issue';
      readonly at: number;
      readonly family: TokenFamily;
      readonly tokens: IssuedTokens;
      readonly answer: KeptAnswer;
    }
  | { readonly action: 'repeat'; readonly at: number; readonly family: TokenFamily; readonly sealed: string }
  | { readonly action: 'revoke'; readonly userId: string | null }
  | { readonly action: 'refuse'; readonly error: 'invalid_grant' | 'invalid_scope' };

const messages = {
  invalid_grant: 'The refresh token is not valid.',
  invalid_scope: 'The scope is unknown, or more than was granted.',
} as const;

const refuse = (error: keyof typeof messages): Decision => ({ action: 'refuse', error });

const refused = (error: keyof typeof messages): OAuthError => new OAuthError(error, messages[error]);

const answeredBy = ({ client, refreshToken, scope, proof }: RefreshRequest) => ({
  refreshToken,
  clientId: client.id,
  scope,
  dpopKey: proof.key,
});

/** The first use of a token. */
const rotate = (
  { family }: RefreshTokenView,
  request: RefreshRequest,
  { minted, now }: { readonly minted: MintedTokens; readonly now: number },
): Decision => {
  const { client, scope, proof } = request;
  const asked = parseScopes(scope ?? '');
  if (asked === undefined || !isWithin(asked, family.scopes)) return refuse('invalid_scope');
  const scopes = asked.length === 0 ? family.scopes : asked;
  const tokens = tokenRows(minted, { client, family, scopes, dpopKey: proof.key, now });
  const sealed = sealAnswer({ minted, tokens }, answeredBy(request));
  return { action: 'issue', at: now, family, tokens, answer: { sealed, expiresAt: now + REPEAT_WINDOW_MS } };
};

/** A clock that was set back far makes no old token young again. */
const isRepetition = (rotatedAt: number, now: number): boolean => Math.abs(now - rotatedAt) <= REPEAT_WINDOW_MS;

const decisionOn =
  ({ admission, clock }: { readonly admission: Admission; readonly clock: WallClock }) =>
  (token: RefreshTokenView, request: RefreshRequest, minted: MintedTokens): Decision => {
    const { family, rotatedAt, answer } = token;
    const now = clock.now();
    const isBound = token.dpopKey === null || token.dpopKey === request.proof.key;
    if (family.clientId !== request.client.id || !isBound) return refuse('invalid_grant');
    if (rotatedAt !== null && !isRepetition(rotatedAt, now)) return { action: 'revoke', userId: family.userId };
    const isOver = Math.min(token.expiresAt, family.expiresAt) <= now;
    if (isOver || !admission.admits(token.user, request.route)) return refuse('invalid_grant');
    if (rotatedAt === null) return rotate(token, request, { minted, now });
    return answer === null ? refuse('invalid_grant') : { action: 'repeat', at: now, family, sealed: answer };
  };

export const createRefreshTokenGrant = (deps: {
  readonly tokens: TokenStore;
  readonly tokenMinter: TokenMinter;
  readonly tokenReader: TokenReader;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
}): RefreshTokenGrant => {
  const decide = decisionOn(deps);

  /** A proof is stored only where there is such a token: else a stranger could store as many as there are requests. */
  const spendProof = async (hash: string, { client, proof }: RefreshRequest): Promise<void> => {
    if (proof.key === null) return;
    const found = await deps.tokens.findRefresh(hash);
    if (found?.family.clientId === client.id) await proof.spend();
  };

  const repeat = async (
    { sealed, family, at }: Extract<Decision, { action: 'repeat' }>,
    request: RefreshRequest,
  ): Promise<TokenResponse> => {
    const answer = openAnswer(sealed, answeredBy(request));
    if (answer === undefined) throw refused('invalid_grant');
    const { minted, tokens } = answer;
    return repeatedResponse(await deps.tokenMinter.respond(minted, { family, tokens }), tokens, at);
  };

  return {
    refresh: async (request) => {
      const minted = deps.tokenMinter.mint(request.client, 'with-refresh');
      const hash = await deps.tokenReader.hashOf(request.refreshToken, 'refresh');
      if (hash === undefined) throw refused('invalid_grant');
      await spendProof(hash, request);
      const decision =
        (await deps.tokens.rotate(hash, (token) => decide(token, request, minted))) ?? refuse('invalid_grant');
      const about = { clientId: request.client.id, address: request.address, detail: 'refresh_token' };
      switch (decision.action) {
        case 'issue':
          deps.auditLog.count('token.refreshed', { ...about, userId: decision.family.userId });
          return deps.tokenMinter.respond(minted, decision);
        case 'repeat':
          return repeat(decision, request);
        case 'revoke':
          deps.auditLog.record('token.replayed', { ...about, userId: decision.userId });
          throw refused('invalid_grant');
        case 'refuse':
          throw refused(decision.error);
      }
    },
  };
};

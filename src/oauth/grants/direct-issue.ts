import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Client, User } from '../model/account-stores.ts';
import { OAuthError } from '../model/errors.ts';
import type { Scope } from '../model/permissions.ts';
import type { TokenStore } from '../model/token-stores.ts';
import { newFamily, newFamilyId, type TokenMinter, type TokenResponse, tokenRows } from '../tokens/token-minter.ts';

export interface DirectIssueRequest {
  readonly client: Client;
  /** null: the tokens stand for the client itself. */
  readonly user: User | null;
  readonly scopes: readonly Scope[];
  /** Thumbprint of the key that the request proved; null where it proved none. */
  readonly dpopKey: string | null;
  readonly gives: 'with-refresh' | 'access-only';
}

/** Gives tokens for an authentication that has just succeeded, with no code in between. */
export interface DirectIssue {
  /**
   * @throws OAuthError `invalid_grant` where the credentials were changed meanwhile
   */
  issue(request: DirectIssueRequest): Promise<TokenResponse>;
}

export const createDirectIssue = (deps: {
  readonly tokens: TokenStore;
  readonly tokenMinter: TokenMinter;
  readonly clock: WallClock;
  readonly ids: IdSource;
}): DirectIssue => ({
  issue: async ({ client, user, scopes, dpopKey, gives }) => {
    const minted = deps.tokenMinter.mint(client, gives);
    const terms = { client, scopes, dpopKey, now: deps.clock.now() };
    const family = newFamily(terms, { id: newFamilyId(deps.ids, terms.now), userId: user?.id ?? null, minted });
    const tokens = tokenRows(minted, { ...terms, family });
    if ((await deps.tokens.start(family, tokens, { client, user })) === 'refused') {
      throw new OAuthError('invalid_grant', 'The credentials are not valid any more.');
    }
    return deps.tokenMinter.respond(minted, { family, tokens });
  },
});

import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { AuthorizationRequest } from '../authorization-request.ts';
import type { Client } from '../account-stores.ts';
import type { TokenStore } from '../token-stores.ts';
import { mintTokens, newFamily, type TokenResponse, tokenResponse, tokenRows } from '../token-minter.ts';

const FAMILY_ID_BITS = 128;

/** RFC 6749 section 4.2, the client-side flow: an access token at once, and never a refresh token. */
export interface ImplicitGrant {
  issue(request: AuthorizationRequest, client: Client, userId: string): Promise<TokenResponse>;
}

export const createImplicitGrant = (deps: {
  readonly tokens: TokenStore;
  readonly clock: Clock;
  readonly ids: IdSource;
}): ImplicitGrant => ({
  issue: async ({ scopes }, client, userId) => {
    const minted = mintTokens(deps.ids, 'access-only');
    const terms = { client, scopes, now: deps.clock.now() };
    const family = newFamily(terms, { id: deps.ids.random(FAMILY_ID_BITS), userId, minted });
    const rows = tokenRows(minted, { ...terms, family });
    await deps.tokens.start(family, rows);
    return tokenResponse(minted, rows);
  },
});

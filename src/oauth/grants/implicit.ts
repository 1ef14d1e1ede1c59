import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Client } from '../model/account-stores.ts';
import type { AuthorizationRequest } from '../model/authorization-request.ts';
import type { TokenStore } from '../model/token-stores.ts';
import { newFamily, newFamilyId, type TokenMinter, type TokenResponse, tokenRows } from '../tokens/token-minter.ts';

/** RFC 6749 section 4.2, the client-side flow: an access token at once, and never a refresh token. */
export interface ImplicitGrant {
  issue(request: AuthorizationRequest, client: Client, userId: string): Promise<TokenResponse>;
}

export const createImplicitGrant = (deps: {
  readonly tokens: TokenStore;
  readonly tokenMinter: TokenMinter;
  readonly clock: WallClock;
  readonly ids: IdSource;
}): ImplicitGrant => ({
  issue: async ({ scopes }, client, userId) => {
    const minted = deps.tokenMinter.mint(client, 'access-only');
    const terms = { client, scopes, dpopKey: null, now: deps.clock.now() };
    const family = newFamily(terms, { id: newFamilyId(deps.ids, terms.now), userId, minted });
    const tokens = tokenRows(minted, { ...terms, family });
    await deps.tokens.start(family, tokens);
    return deps.tokenMinter.respond(minted, { family, tokens });
  },
});

import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Client, ClientStore, User, UserStore } from '../account-stores.ts';
import { OAuthError } from '../errors.ts';
import type { Scope } from '../permissions.ts';
import { newFamily, type TokenMinter, type TokenResponse, tokenRows } from '../token-minter.ts';
import type { TokenStore } from '../token-stores.ts';

/** Who has just proven himself, as he was when he did. */
export interface Proven {
  readonly client: Client;
  /** null: the tokens stand for the client itself. */
  readonly user: User | null;
}

export interface DirectIssueRequest extends Proven {
  readonly scopes: readonly Scope[];
  /** Thumbprint of the key that the request proved; null where it proved none. */
  readonly dpopKey: string | null;
  readonly gives: 'with-refresh' | 'access-only';
}

/** Gives tokens to whoever has just proven himself, with no code in between. */
export interface DirectIssue {
  /** @throws OAuthError `invalid_grant` where the proof was taken back meanwhile */
  issue(request: DirectIssueRequest): Promise<TokenResponse>;
}

const FAMILY_ID_BITS = 128;

export const createDirectIssue = (deps: {
  readonly clients: ClientStore;
  readonly users: UserStore;
  readonly tokens: TokenStore;
  readonly tokenMinter: TokenMinter;
  readonly clock: Clock;
  readonly ids: IdSource;
}): DirectIssue => {
  /** Whether the client's secret and the user's password are still those that were checked. */
  const stillHolds = async ({ client, user }: Proven): Promise<boolean> => {
    const clientNow = await deps.clients.find(client.id);
    const userNow = user && (await deps.users.find(user.id));
    return (
      clientNow?.secretHash === client.secretHash &&
      userNow?.passwordHash === user?.passwordHash &&
      userNow?.status === user?.status
    );
  };

  return {
    issue: async ({ client, user, scopes, dpopKey, gives }) => {
      const minted = deps.tokenMinter.mint(client, gives);
      const terms = { client, scopes, dpopKey, now: deps.clock.now() };
      const family = newFamily(terms, { id: deps.ids.random(FAMILY_ID_BITS), userId: user?.id ?? null, minted });
      const tokens = tokenRows(minted, { ...terms, family });
      const failure = await deps.tokens.start(family, tokens).catch((error: unknown) => ({ error }));
      // A new password ends the families that it finds; one that starts just behind it has to end itself.
      if (!(await stillHolds({ client, user }))) {
        await deps.tokens.revokeFamily(family.id);
        throw new OAuthError('invalid_grant', 'The credentials are not valid any more.');
      }
      if (failure !== undefined) throw failure.error;
      return deps.tokenMinter.respond(minted, { family, tokens });
    },
  };
};

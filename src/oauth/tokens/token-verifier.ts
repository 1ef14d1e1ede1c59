import type { WallClock } from '../../shared/clock.ts';
import type { DpopProofs } from '../keys/dpop-proofs.ts';
import type { Admission } from '../model/admission.ts';
import { InvalidProofError, InvalidTokenError } from '../model/errors.ts';
import { permissionsOf } from '../model/permissions.ts';
import type { AccessTokenView, TokenStore } from '../model/token-stores.ts';
import type { PresentedToken, Principal, ReviewKey, TokenReview, TokenVerifier } from '../request/principal.ts';
import type { TokenReader } from './token-reader.ts';
import type { TokenUses } from './token-uses.ts';

const TOKEN_ID_LENGTH = 16;

const principalOf = (
  { user, client, scopes, familyId, hash, expiresAt }: AccessTokenView,
  { route, grantors }: Pick<ReviewKey, 'route'> & { readonly grantors: ReadonlySet<string> | undefined },
): Principal => {
  const reviewKey = { tokenHash: hash, route };
  const tokenId = hash.slice(0, TOKEN_ID_LENGTH);
  const facts = { clientId: client.id, scopes, familyId, tokenId, expiresAt, reviewKey };
  if (user === null) return { kind: 'client', ...facts, grantors };
  const { id: userId, username, role } = user;
  return { kind: 'user', ...facts, userId, username, role, permissions: permissionsOf(scopes, role) };
};

/** Checks a token with one query, and one more for an application that looks at its calls; it runs for every request of the API, and keeps no answer between two. */
export const createTokenVerifier = (deps: {
  readonly tokens: TokenStore;
  readonly tokenReader: TokenReader;
  readonly proofs: DpopProofs;
  readonly tokenUses: TokenUses;
  readonly admission: Admission;
  readonly clock: WallClock;
}): TokenVerifier & TokenReview => {
  const isAlive = (found: AccessTokenView, route: ReviewKey['route']): boolean =>
    found.expiresAt > deps.clock.now() &&
    (found.user === null || deps.admission.admits(found.user, route)) &&
    deps.admission.admits(found.client, route);

  const isUsable = (found: AccessTokenView, { route, transport, scheme }: PresentedToken): boolean =>
    isAlive(found, route) &&
    (transport === 'header' || found.client.tokenInQuery === 'allowed') &&
    // RFC 9449 section 7.2: a bound token is never a bearer token, nor the reverse.
    (found.dpopKey === null) === (scheme === 'bearer');

  const grantorsOf = async ({ user, client, scopes }: AccessTokenView): Promise<ReadonlySet<string> | undefined> =>
    user === null && scopes.includes('application')
      ? new Set(await deps.tokens.listGrantors(client.id, deps.clock.now()))
      : undefined;

  return {
    verify: async (presented) => {
      const read = deps.tokenReader.hashOf(presented.token, 'access');
      const hash = read instanceof Promise ? await read : read;
      const found = hash === undefined ? undefined : await deps.tokens.findAccess(hash);
      if (found === undefined || !isUsable(found, presented)) throw new InvalidTokenError();
      if (found.dpopKey !== null && (await deps.proofs.check(presented.proof, presented.token)) !== found.dpopKey) {
        throw new InvalidProofError('The DPoP proof is missing, or of another key than the token.');
      }
      deps.tokenUses.note(found.familyId, deps.clock.now());
      return principalOf(found, { route: presented.route, grantors: await grantorsOf(found) });
    },
    review: async ({ tokenHash, route }) => {
      const found = await deps.tokens.findAccess(tokenHash);
      if (found === undefined || !isAlive(found, route)) throw new InvalidTokenError();
      return principalOf(found, { route, grantors: await grantorsOf(found) });
    },
  };
};

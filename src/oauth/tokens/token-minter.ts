import type { IdSource } from '../../shared/ids.ts';
import type { JwtTokens } from '../keys/jwt-tokens.ts';
import type { Client } from '../model/account-stores.ts';
import { formatScopes, type Scope } from '../model/permissions.ts';
import { hashSecret, newSecret } from '../model/secrets.ts';
import type { AccessToken, IssuedTokens, TokenFamily } from '../model/token-stores.ts';
import { jwtHash } from './token-reader.ts';

/** RFC 6749 section 5.1. */
export interface TokenResponse {
  readonly access_token: string;
  /** RFC 9449 section 5 for a token that is bound to a key. */
  readonly token_type: 'Bearer' | 'DPoP';
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
}

/** A token before it is stored. A JWT is signed only afterwards, when what it says is decided. */
type MintedToken =
  | { readonly format: 'opaque'; readonly token: string; readonly hash: string }
  | { readonly format: 'jwt'; readonly jti: string; readonly hash: string };

/** The tokens that one request may give: drawn once, however often its transaction starts over. */
export interface MintedTokens {
  readonly access: MintedToken;
  readonly refresh: MintedToken | null;
}

/** What was given, after it was stored. */
export interface GivenTokens {
  readonly family: TokenFamily;
  readonly tokens: IssuedTokens;
}

/** Makes tokens in the format of their client. */
export interface TokenMinter {
  mint(client: Client, refresh: 'with-refresh' | 'access-only'): MintedTokens;
  /** The response for tokens that were stored. */
  respond(minted: MintedTokens, given: GivenTokens): Promise<TokenResponse>;
}

const JTI_BITS = 128;

const unixSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

export const createTokenMinter = ({ ids, jwt }: { readonly ids: IdSource; readonly jwt: JwtTokens }): TokenMinter => {
  const mintOne = ({ tokenFormat }: Client): MintedToken => {
    if (tokenFormat === 'opaque') {
      const token = newSecret(ids);
      return { format: 'opaque', token, hash: hashSecret(token) };
    }
    const jti = ids.random(JTI_BITS);
    return { format: 'jwt', jti, hash: jwtHash(jti) };
  };

  const claimsOf = (jti: string, family: TokenFamily, times: Pick<AccessToken, 'createdAt' | 'expiresAt'>) => ({
    jti,
    sub: family.userId ?? family.clientId,
    clientId: family.clientId,
    familyId: family.id,
    issuedAt: unixSeconds(times.createdAt),
    expiresAt: unixSeconds(times.expiresAt),
  });

  const accessToken = async ({ access }: MintedTokens, { family, tokens }: GivenTokens): Promise<string> => {
    if (access.format === 'opaque') return access.token;
    const { scopes, dpopKey } = tokens.access;
    return jwt.sign({ use: 'access', ...claimsOf(access.jti, family, tokens.access), scopes, dpopKey });
  };

  const refreshToken = async ({ refresh }: MintedTokens, given: GivenTokens): Promise<string | undefined> => {
    const row = given.tokens.refresh;
    if (refresh === null || row === null) return undefined;
    if (refresh.format === 'opaque') return refresh.token;
    return jwt.sign({ use: 'refresh', ...claimsOf(refresh.jti, given.family, row) });
  };

  return {
    mint: (client, refresh) => ({
      access: mintOne(client),
      refresh: refresh === 'with-refresh' ? mintOne(client) : null,
    }),

    respond: async (minted, given) => {
      const { access } = given.tokens;
      const refresh = await refreshToken(minted, given);
      return {
        access_token: await accessToken(minted, given),
        token_type: access.dpopKey === null ? 'Bearer' : 'DPoP',
        expires_in: unixSeconds(access.expiresAt - access.createdAt),
        ...(refresh === undefined ? {} : { refresh_token: refresh }),
        scope: formatScopes(access.scopes),
      };
    },
  };
};

/** The same response at a later time: what is left of the access token. */
export const repeatedResponse = (first: TokenResponse, { access }: IssuedTokens, now: number): TokenResponse => ({
  ...first,
  expires_in: Math.max(0, Math.min(first.expires_in, unixSeconds(access.expiresAt - now))),
});

/** Whether the client's grants give a refresh token. */
export const mayRefresh = (client: Client): boolean => client.grantTypes.includes('refresh_token');

/** What a new token belongs to, and how long it lives. */
export interface TokenTerms {
  readonly client: Client;
  readonly family: TokenFamily;
  readonly scopes: readonly Scope[];
  /** Thumbprint of the key that the request proved; null where it proved none. */
  readonly dpopKey: string | null;
  readonly now: number;
}

/** The rows of minted tokens. None outlives its family. */
export const tokenRows = (minted: MintedTokens, { client, family, scopes, dpopKey, now }: TokenTerms): IssuedTokens => {
  const row = ({ hash }: MintedToken, seconds: number) => ({
    hash,
    familyId: family.id,
    createdAt: now,
    expiresAt: Math.min(now + seconds * 1000, family.expiresAt),
  });
  // RFC 9449 section 5: a confidential client proves itself, and may change its key.
  const refreshKey = client.secretHash === null ? dpopKey : null;
  return {
    access: { ...row(minted.access, client.accessTokenSeconds), scopes, dpopKey },
    refresh: minted.refresh && { ...row(minted.refresh, client.refreshIdleSeconds), dpopKey: refreshKey },
  };
};

const FAMILY_ID_BITS = 96;
/** Milliseconds since the epoch in base 36, until the year 5188. */
const TIME_DIGITS = 9;

/**
 * The id of a new family: no secret. It begins with the time, so that what belongs to new families is written to the end
 * of the indexes and not all over them.
 */
export const newFamilyId = (ids: IdSource, now: number): string =>
  now.toString(36).padStart(TIME_DIGITS, '0') + ids.random(FAMILY_ID_BITS);

/** A family starts with a decision of its owner. Without refresh tokens it ends with its access token. */
export const newFamily = (
  { client, scopes, now }: Pick<TokenTerms, 'client' | 'scopes' | 'now'>,
  { id, userId, minted }: { readonly id: string; readonly userId: string | null; readonly minted: MintedTokens },
): TokenFamily => {
  const seconds = minted.refresh === null ? client.accessTokenSeconds : client.refreshAbsoluteSeconds;
  return { id, clientId: client.id, userId, scopes, createdAt: now, expiresAt: now + seconds * 1000 };
};

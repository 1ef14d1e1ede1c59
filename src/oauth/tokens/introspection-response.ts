import { formatScopes } from '../model/permissions.ts';
import type { AccessToken, AccessTokenView, RefreshToken, RefreshTokenView } from '../model/token-stores.ts';

interface ActiveToken {
  readonly active: true;
  readonly scope: string;
  readonly client_id: string;
  /** Left out where the token stands for the client itself. */
  readonly username?: string;
  /** Left out for a refresh token: it is presented to us alone. */
  readonly token_type?: 'Bearer' | 'DPoP';
  readonly exp: number;
  readonly iat: number;
  readonly sub: string;
  readonly aud: string;
  readonly iss: string;
  /** Of a JWT. */
  readonly jti?: string;
  /** RFC 9449 section 6.2. */
  readonly cnf?: { readonly jkt: string };
}

/** RFC 7662 section 2.2. */
export type IntrospectionResponse = ActiveToken | { readonly active: false };

/** What a token's row does not hold. */
export interface TokenOrigin {
  readonly iss: string;
  readonly aud: string;
  readonly jti: string | undefined;
}

const unixSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

const commonOf = ({ createdAt, expiresAt, dpopKey }: AccessToken | RefreshToken, { iss, aud, jti }: TokenOrigin) => ({
  exp: unixSeconds(expiresAt),
  iat: unixSeconds(createdAt),
  aud,
  iss,
  ...(jti !== undefined && { jti }),
  ...(dpopKey !== null && { cnf: { jkt: dpopKey } }),
});

export const describeAccessToken = (token: AccessTokenView, origin: TokenOrigin): IntrospectionResponse => ({
  active: true,
  scope: formatScopes(token.scopes),
  client_id: token.client.id,
  ...(token.user !== null && { username: token.user.username }),
  token_type: token.dpopKey === null ? 'Bearer' : 'DPoP',
  sub: token.user?.id ?? token.client.id,
  ...commonOf(token, origin),
});

export const describeRefreshToken = (token: RefreshTokenView, origin: TokenOrigin): IntrospectionResponse => ({
  active: true,
  scope: formatScopes(token.family.scopes),
  client_id: token.family.clientId,
  username: token.user.username,
  sub: token.user.id,
  ...commonOf(token, origin),
});

import { createHash } from 'node:crypto';
import type { JwtTokens, TokenClaims } from '../keys/jwt-tokens.ts';
import { hashSecret } from '../model/secrets.ts';

/** 256 bits in base64url, as `newSecret` makes them. */
const OPAQUE = /^[\w-]{43}$/;
/** RFC 7515 section 3.1. */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** The hash under which a JWT is stored. No opaque token has it: a `jti` that is seen in a log is no token. */
export const jwtHash = (jti: string): string => createHash('sha256').update(`jwt:${jti}`).digest('base64url');

const claimedId = (token: string): unknown => {
  const [, payload = ''] = token.split('.');
  try {
    return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly jti?: unknown } | null)?.jti;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/**
 * The hash that a token claims to have, by any signer and of any age: for an administrator, who may revoke any
 * token, and never for what a request presents.
 */
export const claimedHashOf = (token: string): string => {
  const jti = COMPACT_JWS.test(token) ? claimedId(token) : undefined;
  return typeof jti === 'string' ? jwtHash(jti) : hashSecret(token);
};

/** Finds the stored row of a token in whatever format. */
export interface TokenReader {
  /**
   * At once for an opaque token; a signature takes time to check.
   * @returns undefined where the token cannot be one of ours, or is for another use
   */
  hashOf(token: string, use: TokenClaims['use']): string | undefined | Promise<string | undefined>;
}

export const createTokenReader = ({ jwt }: { readonly jwt: JwtTokens }): TokenReader => ({
  hashOf: (token, use) => {
    if (OPAQUE.test(token)) return hashSecret(token);
    if (!COMPACT_JWS.test(token)) return undefined;
    // Its row tells whether a refresh token is over: one that was used again is a theft, however old it is.
    const expired = use === 'refresh' ? 'accepted' : 'refused';
    return jwt.read(token, { use, expired }).then((claims) => claims && jwtHash(claims.jti));
  },
});

import {
  type CryptoKey,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
  SignJWT,
} from 'jose';
import type { WallClock } from '../../shared/clock.ts';
import { formatScopes, parseScopes, type Scope } from '../model/permissions.ts';
import { resourceOf } from '../model/resource.ts';
import { SIGNING_ALGORITHM, type SigningKeys } from './signing-keys.ts';

interface CommonClaims {
  readonly jti: string;
  /** The user's id; for a token that stands for its client, the client's (RFC 9068 section 2.2). */
  readonly sub: string;
  readonly clientId: string;
  readonly familyId: string;
  /** Seconds since the Unix epoch. */
  readonly issuedAt: number;
  /** Seconds since the Unix epoch. */
  readonly expiresAt: number;
}

export interface AccessTokenClaims extends CommonClaims {
  readonly use: 'access';
  readonly scopes: readonly Scope[];
  /** RFC 9449 section 6.1: goes out as `cnf.jkt`. */
  readonly dpopKey: string | null;
}

export interface RefreshTokenClaims extends CommonClaims {
  readonly use: 'refresh';
}

export type TokenClaims = AccessTokenClaims | RefreshTokenClaims;

/** Signs tokens and reads them again. The one place that knows how a JWT of ours looks. */
export interface JwtTokens {
  /** An access token by RFC 9068, a refresh token of a type of its own. */
  sign(claims: TokenClaims): Promise<string>;
  /**
   * What a token says.
   * @param rules.expired whether one whose time is over is taken too
   * @returns undefined where signature, algorithm, type, issuer, audience or time are not as we sign them
   */
  read<Use extends TokenClaims['use']>(
    token: string,
    rules: { readonly use: Use; readonly expired: 'accepted' | 'refused' },
  ): Promise<Extract<TokenClaims, { use: Use }> | undefined>;
}

/** RFC 9068 section 2.1; a type of our own keeps refresh tokens out of every place where access tokens go. */
const types = { access: 'at+jwt', refresh: 'rt+jwt' } as const;

/** More than any time is ago. */
const WHATEVER_ITS_AGE = Number.MAX_SAFE_INTEGER;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const commonClaims = (payload: JWTPayload): CommonClaims | undefined => {
  const { jti, sub, client_id: clientId, family_id: familyId, iat: issuedAt, exp: expiresAt } = payload;
  const isComplete = isText(jti) && isText(sub) && isText(clientId) && isText(familyId);
  if (!isComplete || issuedAt === undefined || expiresAt === undefined) return undefined;
  return { jti, sub, clientId, familyId, issuedAt, expiresAt };
};

/**
 * RFC 7800 section 3.1.
 * @returns undefined where there is a confirmation, but no thumbprint
 */
const dpopKeyOf = ({ cnf }: JWTPayload): string | null | undefined => {
  if (cnf === undefined) return null;
  return typeof cnf === 'object' && cnf !== null && 'jkt' in cnf && isText(cnf.jkt) ? cnf.jkt : undefined;
};

type ClaimsReaders = {
  readonly [Use in TokenClaims['use']]: (payload: JWTPayload) => Extract<TokenClaims, { use: Use }> | undefined;
};

const claimsOf: ClaimsReaders = {
  access: (payload) => {
    const common = commonClaims(payload);
    const scopes = isText(payload['scope']) ? parseScopes(payload['scope']) : undefined;
    const dpopKey = dpopKeyOf(payload);
    return common && scopes && dpopKey !== undefined ? { use: 'access', ...common, scopes, dpopKey } : undefined;
  },
  refresh: (payload) => {
    const common = commonClaims(payload);
    return common && { use: 'refresh', ...common };
  },
};

/** What only one use has. */
const ownClaims = (claims: TokenClaims): JWTPayload => {
  if (claims.use === 'refresh') return {};
  const { scopes, dpopKey } = claims;
  return { scope: formatScopes(scopes), ...(dpopKey !== null && { cnf: { jkt: dpopKey } }) };
};

/** @returns undefined where the token is not as the rules say, or not signed by one of our keys */
const verifiedPayload = async (
  keys: SigningKeys,
  token: string,
  rules: JWTVerifyOptions,
): Promise<JWTPayload | undefined> => {
  const keyOf = async ({ kid }: JWTHeaderParameters): Promise<CryptoKey> => {
    const key = isText(kid) ? await keys.find(kid) : undefined;
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  };
  try {
    return (await jwtVerify(token, keyOf, { ...rules, algorithms: [SIGNING_ALGORITHM] })).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
};

export const createJwtTokens = (deps: {
  readonly keys: SigningKeys;
  /** The issuer. */
  readonly publicUrl: string;
  readonly clock: WallClock;
}): JwtTokens => {
  const { keys, publicUrl, clock } = deps;
  // An access token is for the API, by the name that it has in its metadata (RFC 9728); a refresh token is for us alone.
  const audiences = { access: resourceOf(publicUrl), refresh: publicUrl } as const;

  return {
    sign: async (claims) => {
      const { use, jti, sub, clientId, familyId, issuedAt, expiresAt } = claims;
      const { id, privateKey } = await keys.current();
      return new SignJWT({ client_id: clientId, family_id: familyId, ...ownClaims(claims) })
        .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: types[use], kid: id })
        .setIssuer(publicUrl)
        .setAudience(audiences[use])
        .setSubject(sub)
        .setJti(jti)
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(privateKey);
    },

    read: async (token, { use, expired }) => {
      const payload = await verifiedPayload(keys, token, {
        typ: types[use],
        issuer: publicUrl,
        audience: audiences[use],
        currentDate: new Date(clock.now()),
        clockTolerance: expired === 'accepted' ? WHATEVER_ITS_AGE : 0,
      });
      return payload && claimsOf[use](payload);
    },
  };
};

import type { WallClock } from '../../shared/clock.ts';
import type { JwtTokens, TokenClaims } from '../keys/jwt-tokens.ts';
import type { RequestRateLimit } from '../limits/request-rate-limit.ts';
import type { Client } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AccessTokenView, RefreshTokenView, TokenStore, TokenUser } from '../model/token-stores.ts';
import { describeAccessToken, describeRefreshToken, type IntrospectionResponse } from './introspection-response.ts';
import type { TokenReader } from './token-reader.ts';

/** A client that asks for one of its tokens. */
export interface IntrospectionRequest {
  /** Authenticated by a secret. */
  readonly client: Client;
  readonly token: string;
  readonly route: RequestRoute;
  readonly address: string;
}

/** Token introspection (RFC 7662). */
export interface Introspection {
  /**
   * What is no living token of that client is inactive, and the answer says no more.
   * @throws TooManyRequestsError where the client, or its address, asks too often
   */
  introspect(request: IntrospectionRequest): Promise<IntrospectionResponse>;
}

export interface IntrospectionDeps {
  readonly tokens: TokenStore;
  readonly tokenReader: TokenReader;
  readonly jwt: JwtTokens;
  readonly admission: Admission;
  readonly clock: WallClock;
  /** Counts for the client and for the address. */
  readonly rateLimit: RequestRateLimit;
  readonly issuer: string;
  /** Who takes the access tokens (RFC 9068 section 2.2, `aud`). */
  readonly audience: string;
}

type Use = TokenClaims['use'];

export const createIntrospection = (deps: IntrospectionDeps): Introspection => {
  const { tokens, tokenReader, jwt, admission, clock, rateLimit, issuer, audience } = deps;

  const admits = (user: TokenUser | null, { route }: IntrospectionRequest): boolean =>
    user === null || admission.admits(user, route);

  const jtiOf = async (token: string, use: Use): Promise<string | undefined> =>
    (await jwt.read(token, { use, expired: 'refused' }))?.jti;

  const findAccess = async (request: IntrospectionRequest): Promise<AccessTokenView | undefined> => {
    const hash = await tokenReader.hashOf(request.token, 'access');
    const found = hash === undefined ? undefined : await tokens.findAccess(hash);
    if (found?.client.id !== request.client.id || found.expiresAt <= clock.now()) return undefined;
    return admits(found.user, request) ? found : undefined;
  };

  /** One that was rotated may still give its answer again for some seconds, but is not the one in force. */
  const findRefresh = async (request: IntrospectionRequest): Promise<RefreshTokenView | undefined> => {
    const hash = await tokenReader.hashOf(request.token, 'refresh');
    const found = hash === undefined ? undefined : await tokens.findRefresh(hash);
    if (found?.family.clientId !== request.client.id || found.rotatedAt !== null) return undefined;
    return found.expiresAt > clock.now() && admits(found.user, request) ? found : undefined;
  };

  return {
    introspect: async (request) => {
      const { token } = request;
      const keys = [`client ${request.client.id}`, `address ${request.address}`];
      rateLimit.check(...keys);
      rateLimit.count(...keys);
      const access = await findAccess(request);
      if (access !== undefined) {
        return describeAccessToken(access, { iss: issuer, aud: audience, jti: await jtiOf(token, 'access') });
      }
      const refresh = await findRefresh(request);
      if (refresh === undefined) return { active: false };
      return describeRefreshToken(refresh, { iss: issuer, aud: issuer, jti: await jtiOf(token, 'refresh') });
    },
  };
};

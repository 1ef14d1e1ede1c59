import type { WallClock } from '../../shared/clock.ts';
import type { LoginRequest, LoginService } from '../accounts/login-service.ts';
import type { Grants } from '../grants/grants.ts';
import type { AccessTokenClaims, JwtTokens, RefreshTokenClaims } from '../keys/jwt-tokens.ts';
import { BUILT_IN_CLIENT_ID, type Client, type ClientStore } from '../model/account-stores.ts';
import type { RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { InvalidTokenError, MissingCredentialsError, OAuthError, WrongCredentialsError } from '../model/errors.ts';
import { NO_PROOF } from '../model/key-proof.ts';
import { readBasicCredentials } from '../request/basic-credentials.ts';
import type { TokenResponse } from '../tokens/token-minter.ts';

/** What a program gets that logs in for a user: two JWT. */
export interface LoginTokens {
  readonly accessToken: string;
  /** Seconds since the Unix epoch. */
  readonly expiresAt: number;
  readonly refreshToken: string;
}

export interface BasicLoginRequest extends Pick<LoginRequest, 'address' | 'route'> {
  /** The header of that name (RFC 7617). */
  readonly authorization: string | undefined;
}

export interface Renewal {
  /** It may have expired. */
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly route: RequestRoute;
  /** Of the requester, as far as the proxies that we trust tell. */
  readonly address: string;
}

/** Tokens of the built-in client, for programs that have a user's name and password. */
export interface BasicLogin {
  /**
   * Starts a family.
   * @throws MissingCredentialsError where no name and password came
   * @throws WrongCredentialsError where they are not right
   * @throws LoginLimitedError after too many failures
   */
  logIn(request: BasicLoginRequest): Promise<LoginTokens>;
  /**
   * Logs in and gives nothing.
   * @throws MissingCredentialsError where no name and password came
   * @throws WrongCredentialsError where they are not right
   * @throws LoginLimitedError after too many failures
   */
  test(request: BasicLoginRequest): Promise<void>;
  /**
   * Exchanges both tokens for new ones, with the rules of every refresh.
   * @throws InvalidTokenError where they are not ours, not of one family, or the refresh token is over
   */
  renew(renewal: Renewal): Promise<LoginTokens>;
}

const loginOf = ({ authorization = '', address, route }: BasicLoginRequest): LoginRequest => {
  const credentials = readBasicCredentials(authorization);
  if (credentials === undefined) throw new MissingCredentialsError();
  return { username: credentials.id, password: credentials.secret, address, route };
};

const belongTogether = (access: AccessTokenClaims, refresh: RefreshTokenClaims): boolean =>
  access.sub === refresh.sub &&
  access.familyId === refresh.familyId &&
  [access, refresh].every(({ clientId }) => clientId === BUILT_IN_CLIENT_ID);

const loginTokens = ({ access_token, refresh_token, expires_in }: TokenResponse, issuedAt: number): LoginTokens => {
  if (refresh_token === undefined) throw new Error('The built-in client got no refresh token.');
  const expiresAt = Math.floor(issuedAt / 1000) + expires_in;
  return { accessToken: access_token, expiresAt, refreshToken: refresh_token };
};

/** What an endpoint of RFC 6749 calls a bad grant is a bad credential here. */
const translate = async <Result>(work: Promise<Result>, refusal: () => Error): Promise<Result> => {
  try {
    return await work;
  } catch (error) {
    throw error instanceof OAuthError ? refusal() : error;
  }
};

export const createBasicLogin = (deps: {
  readonly clients: ClientStore;
  readonly logins: LoginService;
  readonly grants: Pick<Grants, 'direct' | 'refreshToken'>;
  readonly jwt: JwtTokens;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
}): BasicLogin => {
  const { jwt, auditLog, clock } = deps;

  const builtInClient = async (): Promise<Client> => {
    const client = await deps.clients.find(BUILT_IN_CLIENT_ID);
    if (client === undefined) throw new Error('The built-in client is missing.');
    return client;
  };

  const checkBoth = async ({ accessToken, refreshToken }: Renewal): Promise<void> => {
    const access = await jwt.read(accessToken, { use: 'access', expired: 'accepted' });
    const refresh = access && (await jwt.read(refreshToken, { use: 'refresh', expired: 'accepted' }));
    if (access === undefined || refresh === undefined || !belongTogether(access, refresh)) {
      throw new InvalidTokenError();
    }
  };

  return {
    logIn: async (request) => {
      const user = await deps.logins.logIn(loginOf(request));
      const client = await builtInClient();
      const issuedAt = clock.now();
      const { scopes } = client;
      const asked = { client, user, scopes, dpopKey: null, gives: 'with-refresh' } as const;
      const response = await translate(deps.grants.direct.issue(asked), () => new WrongCredentialsError());
      const { address } = request;
      auditLog.count('token.issued', { userId: user.id, clientId: client.id, address, detail: 'basic' });
      return loginTokens(response, issuedAt);
    },

    test: async (request) => {
      await deps.logins.logIn(loginOf(request));
    },

    renew: async (renewal) => {
      await checkBoth(renewal);
      const client = await builtInClient();
      const issuedAt = clock.now();
      const { refreshToken, route, address } = renewal;
      const asked = { client, refreshToken, scope: undefined, proof: NO_PROOF, route, address };
      const response = await translate(deps.grants.refreshToken.refresh(asked), () => new InvalidTokenError());
      return loginTokens(response, issuedAt);
    },
  };
};

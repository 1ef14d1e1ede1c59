import type { NextFunction, Request, Response } from 'express';
import oauth2orize from 'oauth2orize';
import type { RequestRoute } from './admission.ts';
import type {
  Authorization,
  AuthorizationLibrary,
  Body,
  Done,
  LibraryRequest,
  Middleware,
  Server,
} from './authorization-library.ts';
import type { RedirectTarget } from './authorization-request.ts';
import { createModes, createTransactionStore } from './authorization-transactions.ts';
import type { OAuthError } from './errors.ts';
import type { AuthorizationCodeGrant } from './grants/authorization-code.ts';
import type { ImplicitGrant } from './grants/implicit.ts';
import type { RefreshTokenGrant } from './grants/refresh-token.ts';
import type { PendingDecisions } from './pending-decisions.ts';
import { redirectWith } from './redirect-response.ts';
import type { RememberedGrants } from './remembered-grants.ts';
import { settle } from './settle.ts';
import type { Client } from './account-stores.ts';
import type { TokenResponse } from './token-minter.ts';

/** One HTTP request and its reply, as a middleware has them. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
}

/** A token request whose client is authenticated and whose parameters were checked. */
export interface TokenRequest {
  readonly client: Client;
  readonly route: RequestRoute;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Answers authorization and token requests: the one place that knows the library that does it. */
export interface AuthorizationServer {
  /** Redirects with an answer where a remembered grant covers the request; otherwise arms the question and calls `next`. */
  authorize(authorization: Authorization, exchange: Exchange): void;
  /** Redirects with the answer to an armed question; for any other, `next` gets an `UntrustedRequestError`. */
  decide(authorization: Authorization, answer: 'allow' | 'refuse', exchange: Exchange): void;
  /** Redirects with an error. The target's address must have been checked. */
  refuse(error: OAuthError, target: RedirectTarget, exchange: Exchange): void;
  /** RFC 6749 section 3.2: 200 with JSON; for a GET, 303 with the token in the fragment of the code's address. */
  grantTokens(tokenRequest: TokenRequest, exchange: Exchange): void;
}

export interface AuthorizationServerDeps {
  /** RFC 9207, RFC 8414: the address of this service. */
  readonly issuer: string;
  readonly authorizationCode: AuthorizationCodeGrant;
  readonly implicit: ImplicitGrant;
  readonly refreshToken: RefreshTokenGrant;
  readonly pendingDecisions: PendingDecisions;
  readonly rememberedGrants: RememberedGrants;
}

const library = oauth2orize as unknown as AuthorizationLibrary;

/** Sent with a token, in this order. */
const beside = ({ token_type, expires_in, scope }: TokenResponse): object => ({ token_type, expires_in, scope });

const addGrants = (server: Server, deps: AuthorizationServerDeps): void => {
  const modes = createModes(deps.issuer);
  server.grant(
    library.grant.code({ modes }, (_client, _redirectUri, _user, _answer, _asked, { authorization }, done) =>
      settle(deps.authorizationCode.issue(authorization.request, authorization.userId), done),
    ),
  );
  server.grant(
    library.grant.token({ modes }, (client, _user, _answer, _asked, { authorization }, done) =>
      settle(deps.implicit.issue(authorization.request, client, authorization.userId), (error, issued) =>
        issued === undefined ? done(error) : done(null, issued.access_token, beside(issued)),
      ),
    ),
  );
};

const redemptionOf = (client: Client, body: Body, route: RequestRoute) => ({
  client,
  route,
  code: body['code'] ?? '',
  redirectUri: body['redirect_uri'],
  codeVerifier: body['code_verifier'],
});

const reply = (work: Promise<TokenResponse>, done: Done<[string, string | null, object]>): void =>
  settle(work, (error, given) =>
    given === undefined ? done(error) : done(null, given.access_token, given.refresh_token ?? null, beside(given)),
  );

/** The code of a browser that was sent here: the token goes on in the fragment, and never a refresh token. */
const redeemIntoFragment =
  (grant: AuthorizationCodeGrant): Middleware =>
  (request, response, next) => {
    const { client, authInfo } = request as LibraryRequest;
    if (client === undefined || authInfo === undefined) {
      next(new Error('A redemption needs a client'));
      return;
    }
    const redemption = { ...redemptionOf(client, request.body as Body, authInfo.route), gives: 'access-only' } as const;
    settle(grant.redeem(redemption), (error, redeemed) => {
      if (redeemed === undefined) {
        next(error);
        return;
      }
      const { access_token, token_type, expires_in } = redeemed.response;
      const values = { access_token, token_type, expires_in };
      redirectWith(response, { uri: redeemed.redirectUri, place: 'fragment', values });
    });
  };

const addExchanges = (server: Server, { authorizationCode, refreshToken }: AuthorizationServerDeps): void => {
  const userProperty = 'client';
  const intoFragment = redeemIntoFragment(authorizationCode);
  const intoJson = library.exchange.code({ userProperty }, (client, _code, _redirectUri, body, { route }, done) => {
    const redemption = { ...redemptionOf(client, body, route), gives: 'with-refresh' } as const;
    reply(
      authorizationCode.redeem(redemption).then(({ response }) => response),
      done,
    );
  });
  server.exchange('authorization_code', (request, response, next) =>
    (request.method === 'GET' ? intoFragment : intoJson)(request, response, next),
  );
  server.exchange(
    'refresh_token',
    library.exchange.refreshToken({ userProperty }, (client, token, _scopes, body, { route }, done) =>
      reply(refreshToken.refresh({ client, refreshToken: token, scope: body['scope'], route }), done),
    ),
  );
};

export const createAuthorizationServer = (deps: AuthorizationServerDeps): AuthorizationServer => {
  const server = library.createServer({ store: createTransactionStore(deps.pendingDecisions) });
  addGrants(server, deps);
  addExchanges(server, deps);
  const grantTokens = server.token();
  const redirectError = server.errorHandler({ mode: 'indirect', modes: createModes(deps.issuer) });

  return {
    authorize: (authorization, { request, response, next }) => {
      const { request: asked, userId, client } = authorization;
      const authorize = server.authorization(
        (_asked, done) => done(null, client, asked.redirectUri),
        (_transaction, done) => settle(deps.rememberedGrants.covers(asked, userId), done),
      );
      authorize(Object.assign(request, { locals: { authorization } }), response, next);
    },

    decide: (authorization, answer, { request, response, next }) => {
      const { request: asked, userId } = authorization;
      const [load, decide] = server.decision(
        {},
        (_request, done) => done(null, { allow: answer === 'allow' }),
        (_request, _transaction, done) => settle(deps.rememberedGrants.remember(asked, userId), (error) => done(error)),
      );
      load(Object.assign(request, { locals: { authorization } }), response, (error?: unknown) =>
        error === undefined ? decide(request, response, next) : next(error),
      );
    },

    refuse: (error, { redirectUri, responseType, state }, { request, response, next }) => {
      const req = { type: responseType, ...(state === null ? {} : { state }) };
      redirectError(error, Object.assign(request, { oauth2: { redirectURI: redirectUri, req } }), response, next);
    },

    grantTokens: ({ client, route, parameters }, { request, response, next }) =>
      grantTokens(Object.assign(request, { body: parameters, client, authInfo: { route } }), response, next),
  };
};

import type { NextFunction, Request, Response } from 'express';
import oauth2orize from 'oauth2orize';
import type { AuditLog } from '../../oauth/model/audit-log.ts';
import type { AuthorizationLibrary, LibraryRequest, Server, TokenExchange } from './authorization-library.ts';
import type { RedirectTarget } from '../../oauth/model/authorization-request.ts';
import { createModes, createTransactionStore } from './authorization-transactions.ts';
import type { Authorization } from '../../oauth/authorize/consent.ts';
import type { OAuthError } from '../../oauth/model/errors.ts';
import type { ImplicitGrant } from '../../oauth/grants/implicit.ts';
import type { PendingDecisions } from '../../oauth/authorize/pending-decisions.ts';
import type { RememberedGrants } from '../../oauth/authorize/remembered-grants.ts';
import { formatScopes } from '../../oauth/model/scope.ts';
import { settle } from '../../shared/settle.ts';
import { addExchanges, beside, type TokenExchangeDeps } from './token-exchanges.ts';
import type { TokenRequest } from '../../oauth/server/token-request.ts';

/** One HTTP request and its reply, as a middleware has them. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
}

/** Answers authorization and token requests: the one place that knows the library that does it. */
export interface AuthorizationServer {
  /** Redirects with an answer where a remembered grant covers the request; otherwise arms the question and calls `next`. */
  authorize(authorization: Authorization, exchange: Exchange): void;
  /** Redirects with the answer to an armed question; for any other, `next` gets an `UntrustedRequestError`. */
  decide(authorization: Authorization, answer: 'allow' | 'refuse', exchange: Exchange): void;
  /** Redirects with an error. The target's address must have been checked. */
  refuse(error: OAuthError, target: RedirectTarget, exchange: Exchange): void;
  /**
   * RFC 6749 section 3.2: 200 with JSON; for a code whose answer is a redirect, 303 with the token in the fragment of the
   * code's address. A refusal goes to `next`.
   */
  grantTokens(tokenRequest: TokenRequest, exchange: TokenExchange): void;
}

export interface AuthorizationServerDeps extends TokenExchangeDeps {
  /** RFC 9207, RFC 8414: the address of this service. */
  readonly issuer: string;
  readonly implicit: ImplicitGrant;
  readonly pendingDecisions: PendingDecisions;
  readonly rememberedGrants: RememberedGrants;
  readonly auditLog: AuditLog;
}

const library = oauth2orize as unknown as AuthorizationLibrary;

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

const recordDecision = (
  auditLog: AuditLog,
  decided: {
    readonly authorization: Authorization;
    readonly answer: 'allow' | 'refuse';
    readonly address: string | null;
  },
): void => {
  const { request, client, userId } = decided.authorization;
  const event = decided.answer === 'allow' ? 'grant.given' : 'grant.refused';
  const detail = formatScopes(request.scopes);
  auditLog.record(event, { userId, clientId: client.id, address: decided.address, detail });
};

export const createAuthorizationServer = (deps: AuthorizationServerDeps): AuthorizationServer => {
  const server = library.createServer({ store: createTransactionStore(deps.pendingDecisions) });
  addGrants(server, deps);
  addExchanges(server, library.exchange, deps);
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
      load(Object.assign(request, { locals: { authorization } }), response, (error?: unknown) => {
        if (error !== undefined) {
          next(error);
          return;
        }
        recordDecision(deps.auditLog, { authorization, answer, address: request.ip ?? null });
        decide(request, response, next);
      });
    },

    refuse: (error, { redirectUri, responseType, state }, { request, response, next }) => {
      const req = { type: responseType, ...(state === null ? {} : { state }) };
      redirectError(error, Object.assign(request, { oauth2: { redirectURI: redirectUri, req } }), response, next);
    },

    grantTokens: (asked, { request, response, next }) => {
      const { client, parameters } = asked;
      const given = Object.assign(request, { body: parameters, client, authInfo: asked });
      grantTokens(given as LibraryRequest, response as Response, next);
    },
  };
};

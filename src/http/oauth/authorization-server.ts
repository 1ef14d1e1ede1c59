import type { NextFunction, Request, Response } from 'express';
import oauth2orize from 'oauth2orize';
import type { Authorization, ConsentQuestion, ConsentRefusal, TokenRequest } from '../../oauth/authorization.ts';
import { settle } from '../../shared/settle.ts';
import type {
  AuthorizationLibrary,
  BearerSpelling,
  LibraryRequest,
  Middleware,
  Server,
  TokenExchange,
} from './authorization-library.ts';
import { createModes, createTransactionStore } from './authorization-transactions.ts';
import { addExchanges, beside } from './token-exchanges.ts';

/** One HTTP request and its reply, as a middleware has them. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly next: NextFunction;
}

/** Answers authorization and token requests: the one place that knows the library that does it. */
export interface AuthorizationServer {
  /** Redirects with an answer where a remembered grant covers the question; otherwise asks it and calls `next`. */
  authorize(question: ConsentQuestion, exchange: Exchange): void;
  /** Redirects with the answer to a question that was asked; for any other, `next` gets an `UntrustedRequestError`. */
  decide(question: ConsentQuestion, answer: 'allow' | 'refuse', exchange: Exchange): void;
  /** Redirects with an error. The target's address must have been checked. */
  refuse(refusal: ConsentRefusal, exchange: Exchange): void;
  /**
   * RFC 6749 section 3.2: 200 with JSON; for a code whose answer is a redirect, 303 with the token in the fragment of the
   * code's address. A refusal goes to `next`.
   */
  grantTokens(tokenRequest: TokenRequest, exchange: TokenExchange): void;
}

export interface AuthorizationServerParts extends Pick<Authorization, 'consents' | 'grants'> {
  /** RFC 9207, RFC 8414: the address of this service. */
  readonly issuer: string;
}

const library = oauth2orize as unknown as AuthorizationLibrary;

const addGrants = (server: Server, { issuer, grants }: AuthorizationServerParts): void => {
  const modes = createModes(issuer);
  server.grant(
    library.grant.code({ modes }, (_client, _redirectUri, _user, _answer, _asked, { question }, done) =>
      settle(grants.authorizationCode.issue(question.request, question.userId), done),
    ),
  );
  server.grant(
    library.grant.token({ modes }, (client, _user, _answer, _asked, { question }, done) =>
      settle(grants.implicit.issue(question.request, client, question.userId), (error, issued) =>
        issued === undefined ? done(error) : done(null, issued.access_token, beside(issued)),
      ),
    ),
  );
};

/** The library has one way of writing an answer for each server. */
const createTokenEndpoint = (grants: AuthorizationServerParts['grants'], bearer: BearerSpelling): Middleware => {
  const server = library.createServer();
  addExchanges(server, library.exchange, { grants, bearer });
  return server.token();
};

export const createAuthorizationServer = (parts: AuthorizationServerParts): AuthorizationServer => {
  const { issuer, consents, grants } = parts;
  const server = library.createServer({ store: createTransactionStore(consents) });
  addGrants(server, parts);
  const tokenEndpoints = {
    bearer: createTokenEndpoint(grants, 'bearer'),
    Bearer: createTokenEndpoint(grants, 'Bearer'),
  };
  const redirectError = server.errorHandler({ mode: 'indirect', modes: createModes(issuer) });

  return {
    authorize: (question, { request, response, next }) => {
      const authorize = server.authorization(
        (_asked, done) => done(null, question.client, question.request.redirectUri),
        (_transaction, done) => settle(consents.isRemembered(question), done),
      );
      authorize(Object.assign(request, { locals: { question } }), response, next);
    },

    decide: (question, answer, { request, response, next }) => {
      const [load, decide] = server.decision(
        {},
        (_request, done) => done(null, { allow: answer === 'allow' }),
        (_request, _transaction, done) => settle(consents.remember(question), (error) => done(error)),
      );
      load(Object.assign(request, { locals: { question } }), response, (error?: unknown) => {
        if (error !== undefined) {
          next(error);
          return;
        }
        consents.record(question, { answer, address: request.ip ?? null });
        decide(request, response, next);
      });
    },

    refuse: ({ error, target }, { request, response, next }) => {
      const { redirectUri, responseType, state } = target;
      const req = { type: responseType, ...(state === null ? {} : { state }) };
      redirectError(error, Object.assign(request, { oauth2: { redirectURI: redirectUri, req } }), response, next);
    },

    grantTokens: (asked, { request, response, next, bearer }) => {
      const { client, parameters } = asked;
      const given = Object.assign(request, { body: parameters, client, authInfo: asked });
      tokenEndpoints[bearer](given as LibraryRequest, response as Response, next);
    },
  };
};

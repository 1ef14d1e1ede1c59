import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import type { ConsentQuestion, TokenRequest } from '../../oauth/authorization.ts';
import type { Client } from '../../oauth/model/account-stores.ts';

/*
 * oauth2orize as we use it: its published types leave out transaction stores, response modes and completion. It tells
 * callbacks apart by their number of arguments, so each shape here is also the number that is meant.
 */

/** What we send along with an authorization request. */
export interface Locals {
  readonly question: ConsentQuestion;
}

export interface Transaction {
  readonly client?: Client;
  readonly redirectURI: string;
  readonly req: { readonly type: string; readonly state?: string };
  readonly locals?: Locals;
}

/** What it reads from a request beside Express's own. */
export interface LibraryRequest extends Request {
  locals?: Locals;
  oauth2?: Transaction;
  client?: Client;
  authInfo?: TokenRequest;
}

export type Done<Values extends unknown[] = []> = (error: Error | null, ...values: Partial<Values>) => void;
/** How the type of a token is written. Clients compare it in any case (RFC 6749 section 5.1), but not all do. */
export type BearerSpelling = 'bearer' | 'Bearer';

/** The token endpoint needs nothing of Express: Node's own request and response will do. */
export interface TokenExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly next: (error?: unknown) => void;
  readonly bearer: BearerSpelling;
}

export type Middleware = (request: Request, response: Response, next: NextFunction) => void;
export type Body = Readonly<Record<string, string>>;

/** How an answer or an error gets to the client. */
export interface Modes {
  readonly query: Respond;
  readonly fragment: Respond;
}

type Respond = (transaction: Transaction, response: Response, values: Readonly<Record<string, unknown>>) => void;

export interface TransactionStore {
  store(request: Request, transaction: Transaction, done: Done<[id: string]>): void;
  load(request: LibraryRequest, done: Done<[transaction: Transaction]>): void;
  remove(request: Request, id: string | undefined, done: () => void): void;
}

type IssueCode = (
  client: Client,
  redirectUri: unknown,
  user: unknown,
  answer: unknown,
  asked: unknown,
  locals: Locals,
  done: Done<[code: string]>,
) => void;

type IssueToken = (
  client: Client,
  user: unknown,
  answer: unknown,
  asked: unknown,
  locals: Locals,
  done: Done<[accessToken: string, beside: object]>,
) => void;

type Granted = Done<[accessToken: string, refreshToken: string | null, beside: object]>;

type RedeemCode = (
  client: Client,
  code: string,
  redirectUri: string | undefined,
  body: Body,
  info: TokenRequest,
  done: Granted,
) => void;
type Refresh = (client: Client, token: string, scopes: unknown, body: Body, info: TokenRequest, done: Granted) => void;

type LogIn = (
  client: Client,
  username: string,
  password: string,
  scopes: unknown,
  body: Body,
  info: TokenRequest,
  done: Granted,
) => void;
type ActAsClient = (client: Client, scopes: unknown, body: Body, info: TokenRequest, done: Granted) => void;

declare const grant: unique symbol;
interface Grant {
  readonly [grant]: true;
}

export interface Server {
  grant(grant: Grant): void;
  exchange(name: string, exchange: Middleware): void;
  authorization(
    validate: (asked: unknown, done: Done<[client: Client, redirectUri: string]>) => void,
    immediate: (transaction: Transaction, done: Done<[allow: boolean]>) => void,
  ): Middleware;
  /** One middleware that loads the transaction, one that answers it. */
  decision(
    options: object,
    parse: (request: Request, done: Done<[answer: { readonly allow: boolean }]>) => void,
    complete: (request: Request, transaction: Transaction, done: Done) => void,
  ): readonly [Middleware, Middleware];
  token(): Middleware;
  errorHandler(options: {
    readonly mode: 'indirect';
    readonly modes: Modes;
  }): (error: Error, request: Request, response: Response, next: NextFunction) => void;
}

export interface AuthorizationLibrary {
  createServer(options?: { readonly store: TransactionStore }): Server;
  readonly grant: {
    code(options: { readonly modes: Modes }, issue: IssueCode): Grant;
    token(options: { readonly modes: Modes }, issue: IssueToken): Grant;
  };
  readonly exchange: {
    code(options: { readonly userProperty: 'client' }, issue: RedeemCode): Middleware;
    refreshToken(options: { readonly userProperty: 'client' }, issue: Refresh): Middleware;
    password(options: { readonly userProperty: 'client' }, issue: LogIn): Middleware;
    clientCredentials(options: { readonly userProperty: 'client' }, issue: ActAsClient): Middleware;
  };
}

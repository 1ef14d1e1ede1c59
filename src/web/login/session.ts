import type { Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import { publicPathOf } from '../../http/public-path.ts';
import type { SessionStore } from '../../oauth/model/account-stores.ts';
import { hashSecret } from '../../oauth/model/secrets.ts';
import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import { SessionTable } from './session-table.ts';

/** The user who is logged in. */
export interface SessionUser {
  readonly id: string;
  readonly username: string;
}

/** Where and when a session began. */
export interface SessionLogin {
  readonly at: number;
  readonly address: string | null;
  /** The `User-Agent` of the browser: foreign text. */
  readonly userAgent: string | null;
}

declare module 'express-session' {
  interface SessionData {
    user?: SessionUser;
    login?: SessionLogin;
  }
}

export interface SessionOptions {
  readonly sessions: SessionStore;
  readonly clock: WallClock;
  readonly ids: IdSource;
  /** Signs the cookie. */
  readonly secret: string;
  /** https makes the cookie Secure; its path is the cookie's, its port stands in the cookie's name. */
  readonly publicUrl: string;
}

const SESSION_ID_BITS = 256;

/** RFC 6265bis section 4.1.3: over https browsers keep a `__Host-` cookie only from this very host, for all its paths. */
const cookiePrefix = (https: boolean, path: string): string => {
  if (!https) return '';
  return path === '/' ? '__Host-' : '__Secure-';
};

interface SessionCookie {
  readonly name: string;
  readonly options: {
    readonly path: string;
    readonly httpOnly: true;
    readonly sameSite: 'lax';
    readonly secure: boolean;
  };
}

/** Browsers send a cookie to every port of a host: two services there would log each other out under one name. */
const sessionCookieOf = (publicUrl: string): SessionCookie => {
  const { protocol, port } = new URL(publicUrl);
  const https = protocol === 'https:';
  const path = publicPathOf(publicUrl) || '/';
  const name = `${cookiePrefix(https, path)}offhook${port === '' ? '' : `-${port}`}`;
  return { name, options: { path, httpOnly: true, sameSite: 'lax', secure: https } };
};

/**
 * The session of a browser at the pages; to be mounted on those paths only, never where tokens are the authority.
 * A visitor without a login has no cookie and no row. The cookie goes with the browser; the row when it idles.
 */
export const createSessionMiddleware = (options: SessionOptions): RequestHandler => {
  const cookie = sessionCookieOf(options.publicUrl);
  const load = session({
    name: cookie.name,
    secret: options.secret,
    store: new SessionTable(options),
    genid: () => options.ids.random(SESSION_ID_BITS),
    cookie: cookie.options,
    resave: false,
    saveUninitialized: false,
  });
  return (request, response, next) => {
    // TLS may end in front of us. The public address says so, never a header that every client can write.
    Object.defineProperty(request, 'secure', { value: cookie.options.secure, configurable: true });
    response.locals['sessionCookie'] = cookie;
    load(request, response, next);
  };
};

/** The user of this session, as of the login: whether the account is still active, its store knows. */
export const sessionUser = (request: Request): SessionUser | undefined => request.session.user;

/** Stands for the session where something belongs to it; not the id, and of no use as one. */
export const sessionHash = (request: Request): string => hashSecret(request.sessionID);

const MOST_CHARACTERS_OF_USER_AGENT = 400;

const loginOf = (request: Request, at: number): SessionLogin => ({
  at,
  address: request.ip ?? null,
  userAgent: request.get('User-Agent')?.slice(0, MOST_CHARACTERS_OF_USER_AGENT) ?? null,
});

/** Logs the user in under a new session id: one that was planted before the login is worth nothing after it. */
export const logIn = async (
  request: Request,
  { user, at }: { readonly user: SessionUser; readonly at: number },
): Promise<void> => {
  await done((callback) => request.session.regenerate(callback));
  request.session.user = { id: user.id, username: user.username };
  request.session.login = loginOf(request, at);
  // Before the reply: a browser follows a redirect as soon as it has the headers.
  await done((callback) => request.session.save(callback));
};

/** Ends the session, with all that is pending in it, and takes the cookie back. */
export const logOut = async (request: Request, response: Response): Promise<void> => {
  await done((callback) => request.session.destroy(callback));
  const { name, options } = response.locals['sessionCookie'] as SessionCookie;
  response.clearCookie(name, options);
};

type Callback = (error?: Error | null) => void;

const done = (work: (callback: Callback) => unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    work((error) => (error instanceof Error ? reject(error) : resolve()));
  });

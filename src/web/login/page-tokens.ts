import type { SessionData } from 'express-session';
import type { Authorization } from '../../oauth/authorization.ts';
import type { SessionStore } from '../../oauth/model/account-stores.ts';
import { InvalidTokenError } from '../../oauth/model/errors.ts';
import { permissionsOf, type Scope } from '../../oauth/model/permissions.ts';
import { hashSecret } from '../../oauth/model/secrets.ts';
import type {
  PresentedToken,
  ReviewKey,
  TokenReview,
  TokenVerifier,
  UserPrincipal,
} from '../../oauth/request/principal.ts';
import type { WallClock } from '../../shared/clock.ts';
import { isOutlived } from './session-table.ts';

/** PORT: makes texts that only this service can read, and that nobody can alter. */
export interface PageTokenSeal {
  seal(text: string, owner: string): string;
  /**
   * Gives the text again.
   * @throws Error when it was not made so, or for another owner
   */
  open(sealed: string, owner: string): string;
}

export interface PageTokensOptions {
  /** Checks the tokens of applications. */
  readonly tokenVerifier: TokenVerifier & TokenReview;
  readonly currentUser: Authorization['currentUser'];
  readonly sessions: SessionStore;
  readonly seal: PageTokenSeal;
  readonly clock: WallClock;
}

/** What a page may ask a token for: to see its user's calls, or everybody's and end them. None places a call. */
export const pageScopes = { read: ['read'], operator: ['read', 'operator'] } as const satisfies Readonly<
  Record<string, readonly Scope[]>
>;

/** How long a page token is good at the most. */
export const PAGE_TOKEN_SECONDS = 300;

/** Whose calls a page sees is up to its session, and no application has a hand in it. */
const PAGE_CLIENT = 'offhook-pages';
const OWNER = 'page token';
const TOKEN = /^page_([\w-]{40,1000})$/;
/** In a review key: no hash of a token has a blank. */
const REVIEWED = 'page ';
const TOKEN_ID_LENGTH = 16;

type Content = readonly [sessionHash: string, expiresAt: number, scopes: readonly Scope[]];

/**
 * Tokens of our own pages, which have a session and no token. Such a token names its session under seal and lives no longer
 * than that; nothing is stored, so that a page may ask as often as it likes. In front of the API this stands for the check
 * of all tokens, and hands on what is none of a page.
 */
export class PageTokens implements TokenVerifier, TokenReview {
  readonly #options: PageTokensOptions;

  constructor(options: PageTokensOptions) {
    this.#options = options;
  }

  /** @param sessionHash - of the session that the token ends with */
  make(sessionHash: string, scopes: readonly Scope[]): string {
    const { seal, clock } = this.#options;
    const content: Content = [sessionHash, clock.now() + PAGE_TOKEN_SECONDS * 1000, scopes];
    return `page_${seal.seal(JSON.stringify(content), OWNER)}`;
  }

  async verify(presented: PresentedToken) {
    const [, sealed] = TOKEN.exec(presented.token) ?? [];
    if (sealed === undefined) return this.#options.tokenVerifier.verify(presented);
    // Only a script of ours holds one, and it can send a header.
    if (presented.transport !== 'header' || presented.scheme !== 'bearer') throw new InvalidTokenError();
    return this.#principalOf(this.#open(sealed), presented.route);
  }

  async review(key: ReviewKey) {
    const { tokenHash, route } = key;
    if (!tokenHash.startsWith(REVIEWED)) return this.#options.tokenVerifier.review(key);
    return this.#principalOf(JSON.parse(tokenHash.slice(REVIEWED.length)) as Content, route);
  }

  #open(sealed: string): Content {
    try {
      return JSON.parse(this.#options.seal.open(sealed, OWNER)) as Content;
    } catch {
      throw new InvalidTokenError();
    }
  }

  async #principalOf(content: Content, route: ReviewKey['route']): Promise<UserPrincipal> {
    const [sessionHash, expiresAt, scopes] = content;
    const now = this.#options.clock.now();
    const user = expiresAt > now ? await this.#userOf(sessionHash, { now, route }) : undefined;
    if (user === undefined) throw new InvalidTokenError();
    // Limits count for the session, whatever number of tokens it takes. The hash of a hash: a log opens no session.
    const familyId = hashSecret(`page of ${sessionHash}`);
    return {
      kind: 'user',
      userId: user.id,
      username: user.username,
      role: user.role,
      permissions: permissionsOf(scopes, user.role),
      clientId: PAGE_CLIENT,
      scopes,
      familyId,
      tokenId: familyId.slice(0, TOKEN_ID_LENGTH),
      expiresAt,
      reviewKey: { tokenHash: REVIEWED + JSON.stringify(content), route },
    };
  }

  async #userOf(sessionHash: string, at: { readonly now: number; readonly route: ReviewKey['route'] }) {
    const session = await this.#options.sessions.find(sessionHash, at.now);
    const data = session && (JSON.parse(session.data) as SessionData);
    if (data === undefined || isOutlived(data, at.now)) return undefined;
    return this.#options.currentUser.find(data.user?.id, at.route);
  }
}

import type { WallClock } from '../../shared/clock.ts';
import type { Client, User } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { type AuthorizationRequest, hashOfRequest, type RedirectTarget } from '../model/authorization-request.ts';
import { OAuthError, UntrustedRequestError } from '../model/errors.ts';
import type { PendingDecisionKey } from '../model/grant-stores.ts';
import type { KeptReplyKey } from '../model/kept-reply-store.ts';
import { formatScopes, isWithin, mayGrant, type Scope } from '../model/permissions.ts';
import { anyoneCouldClaim } from '../model/redirect-uri.ts';
import { hashSecret } from '../model/secrets.ts';
import type { OAuthStores } from '../model/stores.ts';
import type { Parameters } from '../request/parameters.ts';
import { createAuthorizationCheck } from './authorization-check.ts';
import type { KeptReplies } from './kept-replies.ts';

/** A page of an authorization: its parameters, and the person and session that it is shown in. */
export interface ConsentRequest {
  readonly parameters: Parameters;
  readonly user: User;
  readonly sessionHash: string;
  readonly route: RequestRoute;
}

/** An authorization request of a person who is logged in, checked: who is asked what, and in which session. */
export interface ConsentQuestion {
  readonly request: AuthorizationRequest;
  readonly client: Client;
  readonly userId: string;
  readonly sessionHash: string;
}

/** What the client gets instead of an answer, and where. */
export interface ConsentRefusal {
  readonly error: OAuthError;
  readonly target: RedirectTarget;
}

/** What a person may decide now, or the error that the client gets instead. */
export type Consent =
  | { readonly outcome: 'valid'; readonly question: ConsentQuestion }
  | ({ readonly outcome: 'refused' } & ConsentRefusal);

/** The authorization endpoint's questions to people: from a request that is checked to the one answer that counts. */
export interface Consents {
  /**
   * Whether client and address of a request are good, and no more.
   * @throws UntrustedRequestError where no client may hear of it
   */
  trust(parameters: Parameters, route: RequestRoute): Promise<void>;
  /**
   * Checks an authorization request on behalf of a person. Scopes that belong to a role which the person has not are left
   * out; the token response names what remains (RFC 6749 section 3.3).
   * @throws UntrustedRequestError where no client may hear of it
   */
  prepare(asked: ConsentRequest): Promise<Consent>;
  /** Whether the person allowed as much to the same client, address and response type before. */
  isRemembered(question: ConsentQuestion): Promise<boolean>;
  /** Lets the question be answered, for ten minutes: an answer to none that was asked is no consent. */
  ask(question: ConsentQuestion): Promise<void>;
  /**
   * Stands for a question on the page that shows it: another user, another session and another request have another id. It
   * opens nothing.
   */
  idOf(question: ConsentQuestion): string;
  /**
   * Takes the question away and has it decided, as it was asked: of several answers, one does. For a minute, and while the
   * first is under way, the others get where that one leads (a double click).
   * @param decide - gives the address to which the browser goes with the answer
   * @throws UntrustedRequestError where it was not asked, or was answered longer ago
   */
  answer(question: ConsentQuestion, decide: (asked: ConsentQuestion) => Promise<string>): Promise<string>;
  /** Remembers what was allowed, beside what was allowed before; nothing where another program could pose as the client. */
  remember(question: ConsentQuestion): Promise<void>;
  /** Writes the person's answer to the audit log. */
  record(question: ConsentQuestion, decided: { readonly answer: ConsentAnswer; readonly address: string | null }): void;
}

export type ConsentAnswer = 'allow' | 'refuse';

export interface ConsentsDeps {
  readonly stores: Pick<OAuthStores, 'clients' | 'pendingDecisions' | 'rememberedGrants'>;
  readonly keptReplies: KeptReplies;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
}

const QUESTION_LIFETIME_MS = 10 * 60 * 1000;
const ANSWER_KEPT_MS = 60_000;

const keyOf = ({ request, userId, sessionHash }: ConsentQuestion): PendingDecisionKey => ({
  sessionHash,
  userId,
  requestHash: hashOfRequest(request),
});

const idOf = (question: ConsentQuestion): string => {
  const { sessionHash, userId, requestHash } = keyOf(question);
  return hashSecret(JSON.stringify([sessionHash, userId, requestHash]));
};

/** The questions that were asked and not yet answered, and for a minute the answers. */
const createPendingQuestions = ({
  pendingDecisions,
  keptReplies,
  clock,
}: Pick<OAuthStores, 'pendingDecisions'> & Pick<ConsentsDeps, 'keptReplies' | 'clock'>): Pick<
  Consents,
  'ask' | 'idOf' | 'answer'
> => {
  const answerKeyOf = (question: ConsentQuestion): KeptReplyKey => {
    const { sessionHash, userId, requestHash } = keyOf(question);
    return { sessionHash, userId, name: `consent ${requestHash}` };
  };

  const take = async (question: ConsentQuestion): Promise<ConsentQuestion | undefined> => {
    const asked = await pendingDecisions.take(keyOf(question), clock.now());
    return asked && { ...question, request: JSON.parse(asked.request) as AuthorizationRequest };
  };

  return {
    idOf,

    ask: (question) => {
      const expiresAt = clock.now() + QUESTION_LIFETIME_MS;
      return pendingDecisions.arm({ ...keyOf(question), request: JSON.stringify(question.request), expiresAt });
    },

    answer: (question, decide) => {
      const key = answerKeyOf(question);
      return keptReplies.share(key, async () => {
        // A question that is open again wants an answer of its own, whatever was answered the time before.
        const asked = await take(question);
        if (asked !== undefined) return keptReplies.keep({ key, lifetimeMs: ANSWER_KEPT_MS }, await decide(asked));
        const kept = await keptReplies.find(key);
        if (kept !== undefined) return kept;
        throw new UntrustedRequestError(
          'Nothing was asked here, or it was answered before. Start again at the application.',
        );
      });
    },
  };
};

/** Spares a person the same question twice. */
const createRememberedGrants = ({
  rememberedGrants,
  clock,
}: Pick<OAuthStores, 'rememberedGrants'> & Pick<ConsentsDeps, 'clock'>): Pick<
  Consents,
  'isRemembered' | 'remember'
> => {
  const grantKeyOf = ({ request: { clientId, redirectUri, responseType }, userId }: ConsentQuestion) => ({
    userId,
    clientId,
    redirectUri,
    responseType,
  });

  const scopesOf = async (question: ConsentQuestion): Promise<readonly Scope[]> =>
    (await rememberedGrants.find(grantKeyOf(question)))?.scopes ?? [];

  return {
    isRemembered: async (question) =>
      !anyoneCouldClaim(question.request.redirectUri, question.client) &&
      isWithin(question.request.scopes, await scopesOf(question)),

    remember: async (question) => {
      if (anyoneCouldClaim(question.request.redirectUri, question.client)) return;
      const scopes = [...new Set([...(await scopesOf(question)), ...question.request.scopes])];
      await rememberedGrants.save({ ...grantKeyOf(question), scopes, grantedAt: clock.now() });
    },
  };
};

export const createConsents = (deps: ConsentsDeps): Consents => {
  const { admission, keptReplies, auditLog, clock } = deps;
  const { clients, pendingDecisions, rememberedGrants } = deps.stores;
  const authorizationCheck = createAuthorizationCheck({ clients, admission });

  return {
    ...createPendingQuestions({ pendingDecisions, keptReplies, clock }),
    ...createRememberedGrants({ rememberedGrants, clock }),

    trust: (parameters, route) => authorizationCheck.trust(parameters, route),

    prepare: async ({ parameters, user, sessionHash, route }) => {
      const checked = await authorizationCheck.check(parameters, route);
      if (checked.outcome === 'refused') return checked;
      const { client, request } = checked;
      const scopes = request.scopes.filter((scope) => mayGrant(scope, user.role));
      if (scopes.length === 0) {
        const error = new OAuthError('invalid_scope', 'This person cannot grant that scope.');
        return { outcome: 'refused', error, target: request };
      }
      return { outcome: 'valid', question: { client, request: { ...request, scopes }, userId: user.id, sessionHash } };
    },

    record: ({ request, client, userId }, { answer, address }) => {
      const detail = formatScopes(request.scopes);
      auditLog.record(answer === 'allow' ? 'grant.given' : 'grant.refused', {
        userId,
        clientId: client.id,
        address,
        detail,
      });
    },
  };
};

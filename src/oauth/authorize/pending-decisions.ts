import type { Clock } from '../../shared/clock.ts';
import { type AuthorizationRequest, hashOfRequest } from '../model/authorization-request.ts';
import type { PendingDecisionKey, PendingDecisionStore } from '../model/session-stores.ts';

const LIFETIME_MS = 10 * 60 * 1000;

/** Who is asked what, and in which session. */
export interface Question {
  readonly request: AuthorizationRequest;
  readonly userId: string;
  readonly sessionHash: string;
}

/** The consents that were asked for and not yet answered: an answer to none of them is no consent. */
export interface PendingDecisions {
  arm(question: Question): Promise<void>;
  /** Takes the question away and returns the request as it was asked: of several answers, one gets it. */
  take(question: Question): Promise<AuthorizationRequest | undefined>;
}

const keyOf = ({ request, userId, sessionHash }: Question): PendingDecisionKey => ({
  ...{ sessionHash, userId },
  requestHash: hashOfRequest(request),
});

export const createPendingDecisions = (deps: {
  readonly pendingDecisions: PendingDecisionStore;
  readonly clock: Clock;
}): PendingDecisions => ({
  arm: (question) =>
    deps.pendingDecisions.arm({
      ...keyOf(question),
      request: JSON.stringify(question.request),
      expiresAt: deps.clock.now() + LIFETIME_MS,
    }),

  take: async (question) => {
    const decision = await deps.pendingDecisions.take(keyOf(question), deps.clock.now());
    return decision === undefined ? undefined : (JSON.parse(decision.request) as AuthorizationRequest);
  },
});

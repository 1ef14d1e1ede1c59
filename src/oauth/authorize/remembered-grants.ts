import type { Clock } from '../../shared/clock.ts';
import type { AuthorizationRequest } from '../model/authorization-request.ts';
import { anyoneCouldClaim } from '../model/redirect-uri.ts';
import { isWithin } from '../model/scope.ts';
import type { RememberedGrantStore } from '../model/session-stores.ts';

/** Spares a person the same question twice. */
export interface RememberedGrants {
  /** Whether the person allowed as much to the same client, address and response type before. */
  covers(request: AuthorizationRequest, userId: string): Promise<boolean>;
  /** Remembers what was allowed, beside what was allowed before; nothing where another program could pose as the client. */
  remember(request: AuthorizationRequest, userId: string): Promise<void>;
}

export const createRememberedGrants = (deps: {
  readonly rememberedGrants: RememberedGrantStore;
  readonly clock: Clock;
}): RememberedGrants => {
  const keyOf = ({ clientId, redirectUri, responseType }: AuthorizationRequest, userId: string) => ({
    ...{ userId, clientId, redirectUri, responseType },
  });

  const scopesOf = async (request: AuthorizationRequest, userId: string) =>
    (await deps.rememberedGrants.find(keyOf(request, userId)))?.scopes ?? [];

  return {
    covers: async (request, userId) =>
      !anyoneCouldClaim(request.redirectUri) && isWithin(request.scopes, await scopesOf(request, userId)),

    remember: async (request, userId) => {
      if (anyoneCouldClaim(request.redirectUri)) return;
      const scopes = [...new Set([...(await scopesOf(request, userId)), ...request.scopes])];
      await deps.rememberedGrants.save({ ...keyOf(request, userId), scopes, grantedAt: deps.clock.now() });
    },
  };
};

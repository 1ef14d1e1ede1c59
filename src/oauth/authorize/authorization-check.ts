import type { Admission, RequestRoute } from '../model/admission.ts';
import { identifyClient } from './checks/client.ts';
import { checkCodeChallenge } from './checks/code-challenge.ts';
import type { IncomingRequest } from './checks/incoming-request.ts';
import { checkRedirectUri } from './checks/redirect-uri.ts';
import { refuseRepetition } from './checks/repetition.ts';
import { checkResponseType } from './checks/response-type.ts';
import { checkScopes } from './checks/scopes.ts';
import type { AuthorizationRequest, RedirectTarget } from '../model/authorization-request.ts';
import { OAuthError } from '../model/errors.ts';
import type { Parameters } from '../request/parameters.ts';
import type { Client, ClientStore } from '../model/account-stores.ts';

/** What became of an authorization request: good, or to be refused to its client by a redirect. */
export type CheckedRequest =
  | { readonly outcome: 'valid'; readonly client: Client; readonly request: AuthorizationRequest }
  | { readonly outcome: 'refused'; readonly error: OAuthError; readonly target: RedirectTarget };

export interface AuthorizationCheck {
  /** @throws UntrustedRequestError where no client may hear of it */
  trust(parameters: Parameters, route: RequestRoute): Promise<void>;
  /** The whole check. @throws UntrustedRequestError where no client may hear of it */
  check(parameters: Parameters, route: RequestRoute): Promise<CheckedRequest>;
}

const wholeRequest = (incoming: IncomingRequest): AuthorizationRequest => {
  refuseRepetition(incoming);
  return {
    clientId: incoming.client.id,
    ...checkRedirectUri(incoming),
    responseType: checkResponseType(incoming),
    scopes: checkScopes(incoming),
    state: incoming.parameters.get('state') ?? null,
    codeChallenge: checkCodeChallenge(incoming),
  };
};

export const createAuthorizationCheck = (deps: {
  readonly clients: ClientStore;
  readonly admission: Admission;
}): AuthorizationCheck => {
  const trusted = async (parameters: Parameters, route: RequestRoute): Promise<IncomingRequest> => {
    const incoming = { parameters, client: await identifyClient(parameters, { ...deps, route }) };
    checkRedirectUri(incoming);
    return incoming;
  };

  return {
    trust: async (parameters, route) => {
      await trusted(parameters, route);
    },

    check: async (parameters, route) => {
      const incoming = await trusted(parameters, route);
      try {
        return { outcome: 'valid', client: incoming.client, request: wholeRequest(incoming) };
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error;
        const target = {
          redirectUri: checkRedirectUri(incoming).redirectUri,
          responseType: parameters.get('response_type') ?? '',
          state: parameters.get('state') ?? null,
        };
        return { outcome: 'refused', error, target };
      }
    },
  };
};

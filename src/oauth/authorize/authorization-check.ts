import type { Client, ClientStore, ResponseType } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuthorizationRequest, RedirectTarget } from '../model/authorization-request.ts';
import { OAuthError, UntrustedRequestError } from '../model/errors.ts';
import type { Scope } from '../model/permissions.ts';
import { redirectUriMatches } from '../model/redirect-uri.ts';
import { requestedScopes } from '../model/requested-scopes.ts';
import type { Parameters } from '../request/parameters.ts';

/** What became of an authorization request: good, or to be refused to its client by a redirect. */
export type CheckedRequest =
  | { readonly outcome: 'valid'; readonly client: Client; readonly request: AuthorizationRequest }
  | { readonly outcome: 'refused'; readonly error: OAuthError; readonly target: RedirectTarget };

export interface AuthorizationCheck {
  /**
   * Client and address alone.
   * @throws UntrustedRequestError where no client may hear of it
   */
  trust(parameters: Parameters, route: RequestRoute): Promise<void>;
  /**
   * The whole check.
   * @throws UntrustedRequestError where no client may hear of it
   */
  check(parameters: Parameters, route: RequestRoute): Promise<CheckedRequest>;
}

/** A request whose client and address are known to be good: from here on, errors may be redirected. */
interface IncomingRequest {
  readonly parameters: Parameters;
  readonly client: Client;
}

/** RFC 6749 section 4.1.2.1: an unknown client is shown to the person, never redirected. */
const identifyClient = async (
  parameters: Parameters,
  deps: { readonly clients: ClientStore; readonly admission: Admission; readonly route: RequestRoute },
): Promise<Client> => {
  const id = parameters.get('client_id');
  const client = id === undefined ? undefined : await deps.clients.find(id);
  if (client === undefined || !deps.admission.admits(client, deps.route)) {
    throw new UntrustedRequestError('The application that sent you here is not known.');
  }
  return client;
};

/** RFC 6749 section 3.1. */
const refuseRepetition = ({ parameters }: IncomingRequest): void => {
  if (parameters.hasRepetition) throw new OAuthError('invalid_request', 'A parameter was given more than once.');
};

type RedirectUri = Pick<AuthorizationRequest, 'redirectUri' | 'redirectUriFrom'>;

/** RFC 6749 section 3.1.2: it may be left out where exactly one is registered; otherwise it is compared exactly. */
const checkRedirectUri = ({ parameters, client }: IncomingRequest): RedirectUri => {
  const asked = parameters.get('redirect_uri');
  const [only, ...others] = client.redirectUris;
  if (asked === undefined && only !== undefined && others.length === 0 && !parameters.has('redirect_uri')) {
    return { redirectUri: only, redirectUriFrom: 'registration' };
  }
  if (asked === undefined || !client.redirectUris.some((registered) => redirectUriMatches(asked, registered))) {
    throw new UntrustedRequestError('The application did not register the address to which it wants you sent back.');
  }
  return { redirectUri: asked, redirectUriFrom: 'request' };
};

const isResponseType = (value: string): value is ResponseType => value === 'code' || value === 'token';

/** RFC 6749 section 3.1.1. */
const checkResponseType = ({ parameters, client }: IncomingRequest): ResponseType => {
  const asked = parameters.get('response_type');
  if (asked === undefined) throw new OAuthError('invalid_request', 'The response_type is missing.');
  if (!isResponseType(asked)) {
    throw new OAuthError('unsupported_response_type', 'The response_type must be code or token.');
  }
  if (!client.responseTypes.includes(asked)) {
    throw new OAuthError('unauthorized_client', 'The client may not use this response_type.');
  }
  if (asked === 'token' && client.tokenBinding === 'dpop') {
    throw new OAuthError(
      'unauthorized_client',
      'A token in the fragment cannot be bound to a key, as this client needs.',
    );
  }
  return asked;
};

/** RFC 6749 section 3.3. */
const checkScopes = ({ parameters, client }: IncomingRequest): readonly Scope[] =>
  requestedScopes(client, parameters.get('scope'));

/** SHA-256 in base64url. */
const sha256 = /^[A-Za-z0-9_-]{43}$/;

/** RFC 7636 section 4.3: S256 only, and optional for a confidential client at the most (RFC 9700 section 2.1.1). */
const checkCodeChallenge = ({ parameters, client }: IncomingRequest): string | null => {
  if (parameters.get('response_type') !== 'code') return null;
  const challenge = parameters.get('code_challenge');
  if (challenge === undefined) {
    const isRequired = client.secretHash === null || client.codeChallenge === 'required';
    if (!isRequired && !parameters.has('code_challenge_method')) return null;
    throw new OAuthError('invalid_request', 'A code_challenge is required.');
  }
  if (parameters.get('code_challenge_method') !== 'S256') {
    throw new OAuthError('invalid_request', 'The code_challenge_method must be S256.');
  }
  if (!sha256.test(challenge)) throw new OAuthError('invalid_request', 'The code_challenge is malformed.');
  return challenge;
};

/** RFC 9449 section 10. What a token in the fragment is bound to cannot be said so: there it says nothing. */
const checkDpopKey = ({ parameters }: IncomingRequest): string | null => {
  const thumbprint = parameters.get('response_type') === 'code' ? parameters.get('dpop_jkt') : undefined;
  if (thumbprint === undefined) return null;
  if (!sha256.test(thumbprint)) throw new OAuthError('invalid_request', 'The dpop_jkt is malformed.');
  return thumbprint;
};

const wholeRequest = (incoming: IncomingRequest): AuthorizationRequest => {
  refuseRepetition(incoming);
  return {
    clientId: incoming.client.id,
    ...checkRedirectUri(incoming),
    responseType: checkResponseType(incoming),
    scopes: checkScopes(incoming),
    state: incoming.parameters.get('state') ?? null,
    codeChallenge: checkCodeChallenge(incoming),
    dpopKey: checkDpopKey(incoming),
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

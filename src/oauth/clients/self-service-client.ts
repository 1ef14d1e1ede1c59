import { type Client, DEVICE_CODE_GRANT, type GrantType } from '../model/account-stores.ts';
import type { ClientDescription } from './client-description.ts';
import { InvalidAccountError } from '../model/errors.ts';
import type { Scope } from '../model/permissions.ts';

/** The scopes of clients that are not set up by the service's administrator: nothing of other people's calls. */
export const selfServiceScopes = ['call', 'read', 'write', 'public'] as const satisfies readonly Scope[];

/** The grants of such clients: RFC 9700 section 2.4 forbids the password grant, 2.1.2 advises against the implicit one. */
export const selfServiceGrantTypes = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  DEVICE_CODE_GRANT,
] as const satisfies readonly GrantType[];

/** A client that a person or a program sets up for itself. */
export interface SelfServiceClient extends Pick<ClientDescription, 'name' | 'type' | 'redirectUris'> {
  /** By default those of the code flow. */
  readonly grantTypes?: readonly (typeof selfServiceGrantTypes)[number][];
  /** `call` by default. */
  readonly scopes?: readonly (typeof selfServiceScopes)[number][];
  readonly tokenBinding?: Client['tokenBinding'];
}

const MOST_REDIRECT_URIS = 20;
const MOST_CHARACTERS_OF_NAME = 100;
const MOST_CHARACTERS_OF_URI = 2000;

type Complete = SelfServiceClient & Required<Pick<SelfServiceClient, 'grantTypes' | 'scopes'>>;

const faultOfGrants = ({ grantTypes, type }: Complete): string | undefined => {
  const has = (grantType: GrantType): boolean => grantTypes.some((candidate) => candidate === grantType);
  if (has('client_credentials') && type === 'public') {
    return 'grantTypes: client_credentials is for a client that has a secret'; // RFC 6749 section 4.4
  }
  const canStart = has('authorization_code') || has('client_credentials') || has(DEVICE_CODE_GRANT);
  if (!canStart) return 'grantTypes: at least one must give a first token';
  const canRefresh = has('authorization_code') || has(DEVICE_CODE_GRANT);
  return has('refresh_token') && !canRefresh ? 'grantTypes: nothing gives a refresh_token' : undefined;
};

const faultOfSize = ({ name, redirectUris, scopes }: Complete): string | undefined => {
  if (name.length > MOST_CHARACTERS_OF_NAME) return `name: at most ${MOST_CHARACTERS_OF_NAME} characters`;
  if (redirectUris.length > MOST_REDIRECT_URIS) return `redirectUris: at most ${MOST_REDIRECT_URIS}`;
  if (redirectUris.some((uri) => uri.length > MOST_CHARACTERS_OF_URI)) {
    return `redirectUris: at most ${MOST_CHARACTERS_OF_URI} characters each`;
  }
  return scopes.length === 0 ? 'scopes: at least one is needed' : undefined;
};

/**
 * Completes a client as strictly as we may.
 * @throws InvalidAccountError
 */
export const describeSelfService = (
  client: SelfServiceClient,
  facts: Pick<ClientDescription, 'id' | 'ownerId' | 'sandbox'>,
): ClientDescription => {
  const complete = { grantTypes: ['authorization_code', 'refresh_token'], scopes: ['call'], ...client } as const;
  const fault = faultOfGrants(complete) ?? faultOfSize(complete);
  if (fault !== undefined) throw new InvalidAccountError(fault);
  const usesCodes = complete.grantTypes.includes('authorization_code');
  return { ...complete, ...facts, responseTypes: usesCodes ? ['code'] : [] };
};

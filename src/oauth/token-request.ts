import type { ClientAuthenticator } from './client-authenticator.ts';
import type { RequestRoute } from './admission.ts';
import type { TokenRequest } from './authorization-server.ts';
import { OAuthError } from './errors.ts';
import type { Parameters } from './parameters.ts';
import type { Client, GrantType } from './account-stores.ts';

/** What each grant cannot do without. */
const required: Readonly<Record<GrantType, string>> = {
  authorization_code: 'code',
  refresh_token: 'refresh_token',
};

const isGrantType = (name: string): name is GrantType => Object.hasOwn(required, name);

const grantTypeOf = (parameters: Parameters): GrantType => {
  if (parameters.hasRepetition) throw new OAuthError('invalid_request', 'A parameter was given more than once.');
  const grantType = parameters.get('grant_type');
  if (grantType === undefined) throw new OAuthError('invalid_request', 'The grant_type is missing.');
  if (!isGrantType(grantType)) throw new OAuthError('unsupported_grant_type', 'The grant_type is not supported.');
  return grantType;
};

const refuseUnlessAllowed = (client: Client, grantType: GrantType, method: 'GET' | 'POST'): void => {
  if (!client.grantTypes.includes(grantType)) {
    throw new OAuthError('unauthorized_client', 'The client may not use this grant_type.');
  }
  if (method === 'GET' && !client.grantTypesByGet.includes(grantType)) {
    throw new OAuthError('invalid_request', 'The client must send this request by POST.');
  }
};

/** Whether pages of any origin may read the answer: these grants need more than what a browser sends by itself. */
export const isForBrowsers = (parameters: Parameters): boolean => {
  const grantType = parameters.get('grant_type');
  return grantType !== undefined && isGrantType(grantType);
};

/**
 * Checks a token request up to its grant: parameters, client, what the client may do.
 * @throws OAuthError
 */
export const checkTokenRequest = async (
  clients: ClientAuthenticator,
  asked: {
    readonly parameters: Parameters;
    readonly authorization: string | undefined;
    readonly method: 'GET' | 'POST';
    readonly route: RequestRoute;
  },
): Promise<TokenRequest> => {
  const { parameters, route } = asked;
  const grantType = grantTypeOf(parameters);
  const client = await clients.authenticate(asked);
  refuseUnlessAllowed(client, grantType, asked.method);
  const name = required[grantType];
  if (parameters.get(name) === undefined) throw new OAuthError('invalid_request', `The ${name} is missing.`);
  return { client, route, parameters: parameters.given() };
};

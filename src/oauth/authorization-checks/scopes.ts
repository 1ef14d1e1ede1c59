import { OAuthError } from '../errors.ts';
import type { Scope } from '../permissions.ts';
import { isWithin, parseScopes } from '../scope.ts';
import type { IncomingRequest } from './incoming-request.ts';

/** RFC 6749 section 3.3. */
export const checkScopes = ({ parameters, client }: IncomingRequest): readonly Scope[] => {
  const text = parameters.get('scope');
  const scopes = text === undefined ? client.defaultScopes : parseScopes(text);
  if (scopes === undefined || !isWithin(scopes, client.scopes)) {
    throw new OAuthError('invalid_scope', 'The scope is unknown, or more than the client may ask for.');
  }
  return scopes;
};

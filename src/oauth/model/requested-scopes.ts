import type { Client } from './account-stores.ts';
import { OAuthError } from './errors.ts';
import { isWithin, mayGrant, parseScopes, type Role, type Scope } from './permissions.ts';

const refused = (message: string): OAuthError => new OAuthError('invalid_scope', message);

/**
 * What a client asks for, within what it may; its default where it asks for nothing (RFC 6749 section 3.3).
 * @throws OAuthError `invalid_scope` where it is unknown, or more than the client may ask for
 */
export const requestedScopes = (client: Client, text: string | undefined): readonly Scope[] => {
  const scopes = parseScopes(text ?? '');
  if (scopes === undefined || !isWithin(scopes, client.scopes)) {
    throw refused('The scope is unknown, or more than the client may ask for.');
  }
  return scopes.length === 0 ? client.defaultScopes : scopes;
};

/** Whether a request names a scope, or gets the default of its client. */
export const chooserOf = (text: string | undefined): 'request' | 'default' =>
  parseScopes(text ?? '')?.length === 0 ? 'default' : 'request';

/**
 * What a user of that role gives without being asked. A scope that the user has not is refused when it was asked for by name,
 * and left out of a default.
 * @throws OAuthError `invalid_scope` where the user cannot grant it
 */
export const grantableScopes = (
  scopes: readonly Scope[],
  { role, chosenBy }: { readonly role: Role; readonly chosenBy: 'request' | 'default' },
): readonly Scope[] => {
  const granted = scopes.filter((scope) => mayGrant(scope, role));
  if (granted.length === 0 || (chosenBy === 'request' && granted.length < scopes.length)) {
    throw refused('This user cannot grant that scope.');
  }
  return granted;
};

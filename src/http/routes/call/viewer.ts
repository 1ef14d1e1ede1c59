import type { Requester, Viewer } from '../../../calls/call-command.ts';
import { InsufficientScopeError } from '../../../oauth/model/errors.ts';
import type { Permission } from '../../../oauth/model/permissions.ts';
import type { Principal, UserPrincipal } from '../../../oauth/request/principal.ts';

/** Who gives a command with a token. */
export const requesterOf = (principal: UserPrincipal, scope: Requester['scope']): Requester => ({
  userId: principal.userId,
  username: principal.username,
  clientId: principal.clientId,
  scope,
});

/**
 * Whether the token covers everybody's calls or its user's own.
 * @throws InsufficientScopeError when it covers neither
 */
export const scopeFor = (
  { permissions }: UserPrincipal,
  { own, everybody }: { readonly own: Permission; readonly everybody: Permission },
): Requester['scope'] => {
  if (permissions.has(everybody)) return 'everybody';
  if (permissions.has(own)) return 'own';
  throw tooSmall('call');
};

/** What a token is answered that lacks a scope. */
export const tooSmall = (scope: string): InsufficientScopeError =>
  new InsufficientScopeError('The token does not allow this.', { details: { scope } });

/**
 * Who looks at calls with a token: a user, or an application at those that it placed.
 * @throws InsufficientScopeError when the token does not cover it
 */
export const viewerOf = (principal: Principal): Viewer => {
  if (principal.kind === 'user') {
    return requesterOf(principal, scopeFor(principal, { own: 'calls:read', everybody: 'calls:read-all' }));
  }
  const { clientId, grantors } = principal;
  if (grantors === undefined) throw tooSmall('application');
  return { clientId, userIds: grantors, scope: 'application' };
};

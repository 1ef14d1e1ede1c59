import type { AuthorizationCheck } from './authorization-check.ts';
import type { RequestRoute } from '../model/admission.ts';
import type { RedirectTarget } from '../model/authorization-request.ts';
import { OAuthError } from '../model/errors.ts';
import type { Parameters } from '../request/parameters.ts';
import type { Question } from './pending-decisions.ts';
import { mayGrant } from '../model/permissions.ts';
import type { Client, User } from '../model/account-stores.ts';

/** Who asks for a page of an authorization: the person, his session, and what came with it. */
export interface ConsentRequest {
  readonly parameters: Parameters;
  readonly user: User;
  readonly sessionHash: string;
  readonly route: RequestRoute;
}

/** An authorization request of a person who is logged in, checked. */
export interface Authorization extends Question {
  readonly client: Client;
}

/** What a person may decide now, or the error that the client gets instead. */
export type Consent =
  | { readonly outcome: 'valid'; readonly authorization: Authorization }
  | { readonly outcome: 'refused'; readonly error: OAuthError; readonly target: RedirectTarget };

/**
 * Checks an authorization request on behalf of a person. Scopes that belong to a role which he has not are left out; the
 * token response names what remains (RFC 6749 section 3.3).
 * @throws UntrustedRequestError where no client may hear of it
 */
export const prepareConsent = async (check: AuthorizationCheck, asked: ConsentRequest): Promise<Consent> => {
  const checked = await check.check(asked.parameters, asked.route);
  if (checked.outcome === 'refused') return checked;
  const { client, request } = checked;
  const scopes = request.scopes.filter((scope) => mayGrant(scope, asked.user.role));
  if (scopes.length === 0) {
    const error = new OAuthError('invalid_scope', 'This person cannot grant that scope.');
    return { outcome: 'refused', error, target: request };
  }
  const { user, sessionHash } = asked;
  return { outcome: 'valid', authorization: { client, request: { ...request, scopes }, userId: user.id, sessionHash } };
};

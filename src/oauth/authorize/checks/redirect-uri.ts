import type { AuthorizationRequest } from '../../model/authorization-request.ts';
import { UntrustedRequestError } from '../../model/errors.ts';
import { redirectUriMatches } from '../../model/redirect-uri.ts';
import type { IncomingRequest } from './incoming-request.ts';

type RedirectUri = Pick<AuthorizationRequest, 'redirectUri' | 'redirectUriFrom'>;

/** RFC 6749 section 3.1.2: it may be left out where exactly one is registered; otherwise it is compared exactly. */
export const checkRedirectUri = ({ parameters, client }: IncomingRequest): RedirectUri => {
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

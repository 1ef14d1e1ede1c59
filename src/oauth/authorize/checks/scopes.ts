import type { Scope } from '../../model/permissions.ts';
import { requestedScopes } from '../../model/requested-scopes.ts';
import type { IncomingRequest } from './incoming-request.ts';

/** RFC 6749 section 3.3. */
export const checkScopes = ({ parameters, client }: IncomingRequest): readonly Scope[] =>
  requestedScopes(client, parameters.get('scope'));

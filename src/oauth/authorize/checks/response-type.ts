import { OAuthError } from '../../model/errors.ts';
import type { ResponseType } from '../../model/account-stores.ts';
import type { IncomingRequest } from './incoming-request.ts';

const isResponseType = (value: string): value is ResponseType => value === 'code' || value === 'token';

/** RFC 6749 section 3.1.1. */
export const checkResponseType = ({ parameters, client }: IncomingRequest): ResponseType => {
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

import { OAuthError } from '../../model/errors.ts';
import type { IncomingRequest } from './incoming-request.ts';

/** RFC 6749 section 3.1. */
export const refuseRepetition = ({ parameters }: IncomingRequest): void => {
  if (parameters.hasRepetition) throw new OAuthError('invalid_request', 'A parameter was given more than once.');
};

import { OAuthError } from '../../model/errors.ts';
import type { IncomingRequest } from './incoming-request.ts';

/** SHA-256 in base64url. */
const s256Challenge = /^[A-Za-z0-9_-]{43}$/;

/** RFC 7636 section 4.3: S256 only, and optional for a confidential client at the most (RFC 9700 section 2.1.1). */
export const checkCodeChallenge = ({ parameters, client }: IncomingRequest): string | null => {
  if (parameters.get('response_type') !== 'code') return null;
  const challenge = parameters.get('code_challenge');
  if (challenge === undefined) {
    const isRequired = client.secretHash === null || client.codeChallenge === 'required';
    if (!isRequired && !parameters.has('code_challenge_method')) return null;
    throw new OAuthError('invalid_request', 'A code_challenge is required.');
  }
  if (parameters.get('code_challenge_method') !== 'S256') {
    throw new OAuthError('invalid_request', 'The code_challenge_method must be S256.');
  }
  if (!s256Challenge.test(challenge)) throw new OAuthError('invalid_request', 'The code_challenge is malformed.');
  return challenge;
};

import { InsufficientScopeError, InvalidTokenError, MissingTokenError } from '../oauth/errors.ts';
import type { AppError } from '../shared/errors.ts';
import { TokenSentTwiceError } from './errors.ts';

const REALM = 'Bearer realm="Offhook"';

const scopeOf = ({ details }: AppError): string =>
  typeof details?.['scope'] === 'string' ? `, scope="${details['scope']}"` : '';

/**
 * The `WWW-Authenticate` of a refused request: RFC 6750 section 3. A request without any token is told nothing more
 * than how to send one.
 * @returns undefined where the error has nothing to do with a token
 */
export const challengeOf = (error: AppError): string | undefined => {
  if (error instanceof MissingTokenError) return REALM;
  const isOfToken =
    error instanceof InvalidTokenError ||
    error instanceof InsufficientScopeError ||
    error instanceof TokenSentTwiceError;
  if (!isOfToken) return undefined;
  return `${REALM}, error="${error.code}", error_description="${error.message}"${scopeOf(error)}`;
};

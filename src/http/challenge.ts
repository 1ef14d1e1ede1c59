import { InsufficientScopeError, InvalidProofError, InvalidTokenError } from '../oauth/model/errors.ts';
import { challengeAlgorithms } from '../oauth/server/server-metadata.ts';
import type { AppError } from '../shared/errors.ts';
import { MissingTokenError, TokenSentTwiceError } from './oauth/errors.ts';

/** RFC 7617 section 2. */
export const BASIC_CHALLENGE = 'Basic realm="Offhook", charset="UTF-8"';

const REALM = 'realm="Offhook"';

/** Where a request was refused, and how it came. */
export interface ChallengeContext {
  /** Of the request. */
  readonly authorization: string | undefined;
  /** RFC 9728 section 5.1: the address that says who gives tokens. */
  readonly resourceMetadata: string | undefined;
}

const scopeOf = ({ details }: AppError): string =>
  typeof details?.['scope'] === 'string' ? `, scope="${details['scope']}"` : '';

/** RFC 9449 section 7.1 for a client that tried to prove a key; any other gets the challenge of bearer tokens. */
const isOfProof = (error: AppError, { authorization = '' }: ChallengeContext): boolean =>
  error instanceof InvalidProofError || /^dpop /i.test(authorization);

/**
 * The `WWW-Authenticate` of a refused request: RFC 6750 section 3. A request without any token gets no error, only how
 * to send one and where to get it.
 * @returns undefined where the error has nothing to do with a token
 */
export const challengeOf = (error: AppError, context: ChallengeContext): string | undefined => {
  if (error instanceof MissingTokenError) {
    const { resourceMetadata } = context;
    return `Bearer ${REALM}${resourceMetadata === undefined ? '' : `, resource_metadata="${resourceMetadata}"`}`;
  }
  const isOfToken =
    error instanceof InvalidTokenError ||
    error instanceof InvalidProofError ||
    error instanceof InsufficientScopeError ||
    error instanceof TokenSentTwiceError;
  if (!isOfToken) return undefined;
  const challenge = `${REALM}, error="${error.code}", error_description="${error.message}"${scopeOf(error)}`;
  return isOfProof(error, context) ? `DPoP ${challenge}, algs="${challengeAlgorithms}"` : `Bearer ${challenge}`;
};

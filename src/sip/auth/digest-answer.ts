import type { DigestCredentials } from './credentials.ts';
import { digestResponse, ha1 } from './digest.ts';
import type { DigestAuthorization, DigestChallenge } from './digest-fields.ts';

export interface DigestAnswerOptions {
  readonly credentials: DigestCredentials;
  readonly method: string;
  /** The Request-URI. */
  readonly uri: string;
  /** Fresh randomness. */
  readonly cnonce: string;
  /** How often this nonce was used by us, this time included. */
  readonly nonceCount: number;
}

const needsCnonce = ({ algorithm, qop }: DigestChallenge): boolean => qop.length > 0 || algorithm.endsWith('-sess');

/** @returns undefined where the server insists on a quality of protection other than `auth` */
export const answerChallenge = (
  challenge: DigestChallenge,
  { credentials, method, uri, cnonce, nonceCount }: DigestAnswerOptions,
): DigestAuthorization | undefined => {
  const { algorithm, nonce, realm, opaque } = challenge;
  if (challenge.qop.length > 0 && !challenge.qop.includes('auth')) return undefined;
  const protection =
    challenge.qop.length === 0 ? {} : { qop: 'auth' as const, nc: nonceCount.toString(16).padStart(8, '0') };
  const proof = { algorithm, nonce, uri, ...protection, ...(needsCnonce(challenge) ? { cnonce } : {}) };
  const { username, password } = credentials;
  const secret = ha1(algorithm, { username, realm, password });
  return { ...proof, username, realm, opaque, response: digestResponse({ ...proof, method, ha1: secret }) };
};

import { createHash, timingSafeEqual } from 'node:crypto';

/** RFC 7636 section 4.1. */
const wellFormed = /^[A-Za-z0-9._~-]{43,128}$/;

/**
 * RFC 7636 section 4.6, S256 only. A verifier where the request had no challenge is refused too: somebody else started
 * that flow (RFC 9700 section 2.1.1).
 */
export const verifierMatches = (verifier: string | undefined, challenge: string | null): boolean => {
  if (verifier === undefined || challenge === null) return verifier === undefined && challenge === null;
  if (!wellFormed.test(verifier)) return false;
  const expected = Buffer.from(challenge, 'base64url');
  const given = createHash('sha256').update(verifier).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
};

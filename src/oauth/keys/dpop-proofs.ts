import { calculateJwkThumbprint, EmbeddedJWK, type JWK, type JWTPayload, jwtVerify } from 'jose';
import type { WallClock } from '../../shared/clock.ts';
import { InvalidProofError } from '../model/errors.ts';
import { type KeyProof, NO_PROOF } from '../model/key-proof.ts';
import { hashSecret } from '../model/secrets.ts';
import type { ProofStore } from '../model/token-stores.ts';

/** What a request brings to prove that it holds a key (RFC 9449 section 4). */
export interface SentProof {
  /** The `DPoP` header; several of them arrive as one that is malformed. */
  readonly value: string | undefined;
  readonly method: string;
  /** Path of the request, without its query; its origin is that of our public address. */
  readonly path: string;
}

/** Checks proofs of possession. Each is taken once. */
export interface DpopProofs {
  /**
   * Checks a proof at the token endpoint, and leaves it unused.
   * @throws InvalidProofError where it is repeated, malformed, stale, or made for another request
   */
  examine(sent: SentProof): Promise<KeyProof>;
  /**
   * Checks a proof and uses it up.
   * @param accessToken the token that the proof must name (RFC 9449 section 4.2, `ath`)
   * @returns the thumbprint of the key (RFC 7638); undefined where no proof was sent
   * @throws InvalidProofError where it is repeated, malformed, replayed, stale, or made for another request
   */
  check(sent: SentProof, accessToken: string): Promise<string | undefined>;
}

/** RFC 9449 section 5.1, `dpop_signing_alg_values_supported`: none with a shared secret. */
export const DPOP_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const;

const TYPE = 'dpop+jwt';
/** A proof with an RSA key of 4096 bits has some 1800 characters. */
const MOST_CHARACTERS = 4096;
const MOST_CHARACTERS_OF_ID = 256;
/** How far the clock of the client may be from ours, and how long a proof is good (section 11.1). */
const MAX_AGE_MS = 60_000;

/** RFC 7517 sections 6 and 9.3, RFC 7518 section 6: what only a private or a shared key has. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** Section 4.3: without query and fragment, and normalised. */
const normalized = (address: string): string | undefined => {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  url.search = '';
  url.hash = '';
  return url.href;
};

const refused = (reason: string, cause?: unknown): InvalidProofError =>
  new InvalidProofError(`The DPoP proof ${reason}.`, { cause });

/** A proof whose signature is right, by the key that it brings. */
interface SignedProof {
  readonly payload: JWTPayload;
  readonly jwk: JWK;
  readonly thumbprint: string;
}

const verifySignature = async (value: string, now: number): Promise<SignedProof> => {
  if (value.length > MOST_CHARACTERS) throw refused('is too long');
  try {
    const options = { algorithms: [...DPOP_ALGORITHMS], typ: TYPE, currentDate: new Date(now) };
    const { payload, protectedHeader } = await jwtVerify(value, EmbeddedJWK, options);
    const { jwk = {} } = protectedHeader;
    return { payload, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
  } catch (cause) {
    // Keys that are none make WebCrypto throw errors of many kinds; nothing here can fail but by what was sent.
    throw refused('is malformed, or its signature is wrong', cause);
  }
};

/** A reader of such a proof has the key that it is about. */
const checkSecrecy = ({ jwk }: SignedProof): void => {
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) throw refused('gives a private key away');
};

/** An id is taken for each key apart: no client can use up the ids of others. */
const hashOfProof = ({ payload: { jti }, thumbprint }: SignedProof): string => {
  if (typeof jti !== 'string' || jti === '' || jti.length > MOST_CHARACTERS_OF_ID) throw refused('has no usable id');
  return hashSecret(`${thumbprint}.${jti}`);
};

export const createDpopProofs = (deps: {
  readonly proofs: ProofStore;
  /** The origin of every address that proofs are made for; a header of the request could be forged. */
  readonly publicUrl: string;
  readonly clock: WallClock;
}): DpopProofs => {
  const checkAddress = ({ htm, htu }: JWTPayload, { method, path }: SentProof): void => {
    if (htm !== method) throw refused('is for another method');
    const asked = normalized(deps.publicUrl + path);
    const proven = typeof htu === 'string' ? normalized(htu) : undefined;
    if (asked === undefined || proven !== asked) throw refused('is for another address');
  };

  /** Section 4.3, step 10: the proof is for this token and no other. */
  const checkToken = ({ ath }: JWTPayload, accessToken: string | undefined): void => {
    if (accessToken === undefined) return;
    if (ath !== hashSecret(accessToken)) throw refused('is for another access token');
  };

  /** @returns when the proof was made, in milliseconds */
  const checkAge = ({ iat }: JWTPayload): number => {
    const madeAt = (iat ?? Number.NaN) * 1000;
    // Written so that no number at all is refused too.
    if (!(Math.abs(deps.clock.now() - madeAt) <= MAX_AGE_MS)) throw refused('is too old, or from the future');
    return madeAt;
  };

  /** Section 11.1. */
  const takeOnce = async (hash: string, madeAt: number): Promise<void> => {
    const staleAt = Math.ceil(madeAt + MAX_AGE_MS) + 1;
    if ((await deps.proofs.take(hash, staleAt)) === 'seen') throw refused('was used before');
  };

  const examine = async (sent: SentProof, accessToken: string | undefined): Promise<KeyProof> => {
    if (sent.value === undefined) return NO_PROOF;
    const proof = await verifySignature(sent.value, deps.clock.now());
    checkSecrecy(proof);
    checkAddress(proof.payload, sent);
    checkToken(proof.payload, accessToken);
    const madeAt = checkAge(proof.payload);
    const hash = hashOfProof(proof);
    return { key: proof.thumbprint, spend: () => takeOnce(hash, madeAt) };
  };

  return {
    examine: (sent) => examine(sent, undefined),

    check: async (sent, accessToken) => {
      const proof = await examine(sent, accessToken);
      await proof.spend();
      return proof.key ?? undefined;
    },
  };
};

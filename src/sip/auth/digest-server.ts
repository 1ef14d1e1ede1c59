import { createHmac } from 'node:crypto';
import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import { SipParseError } from '../message/errors.ts';
import type { SipRequest } from '../message/message.ts';
import type { CredentialStore, StoredAlgorithm } from './credential-store.ts';
import { type DigestAlgorithm, digestResponse, isSameDigest } from './digest.ts';
import { type DigestAuthorization, formatDigestChallenge, parseDigestAuthorization } from './digest-fields.ts';
import { Nonces } from './nonces.ts';

export interface DigestServerOptions {
  readonly realm: string;
  readonly credentials: CredentialStore;
  /** Seals the nonces; at least 32 secret bytes. */
  readonly key: Buffer;
  /** Dates the nonces. A steady one, so that no step of the machine's clock challenges every phone again. */
  readonly clock: WallClock;
  readonly ids: IdSource;
  /** What is offered, the favourite first (RFC 8760 section 2.3); MD5 alone where nothing is said. */
  readonly algorithms?: readonly StoredAlgorithm[];
  /** How long a nonce serves; 5 minutes where nothing is said. */
  readonly nonceLifetimeMs?: number;
}

/** Why a request is not taken. */
export type DigestRefusal =
  /** It carries none for our realm: so begins every registration. */
  | 'no-credentials'
  | 'bad-request'
  /** The nonce is not of our making, or was sealed with another key. */
  | 'unknown-nonce'
  | 'unknown-algorithm'
  | 'unknown-account'
  | 'wrong-password'
  /** The password is right, but the nonce too old or used before: the client tries again with another one. */
  | 'stale-nonce';

export type DigestVerdict =
  | { readonly kind: 'accepted'; readonly account: string }
  /** 401 with challenges, or 400 for credentials that are no digest. The reason is for us alone. */
  | {
      readonly kind: 'refused';
      readonly status: 400 | 401;
      readonly reason: DigestRefusal;
      /** The one that the credentials name, proven or not. */
      readonly account?: string | undefined;
      readonly headers: readonly (readonly [name: string, value: string])[];
    };

type DigestRefused = Extract<DigestVerdict, { readonly kind: 'refused' }>;

/** What credentials say that only a look at the stored password can prove. */
export interface DigestClaim {
  readonly kind: 'claim';
  readonly given: DigestAuthorization;
  readonly algorithm: StoredAlgorithm;
  readonly isStale: boolean;
}

/** RFC 8760 wants SHA-256 offered first; phones that know only MD5 stop at the first challenge they cannot read. */
const OFFERED: readonly StoredAlgorithm[] = ['MD5'];

const isStored = (algorithm: DigestAlgorithm): algorithm is StoredAlgorithm =>
  algorithm === 'MD5' || algorithm === 'SHA-256';

/** Who sent a request, by digest (RFC 7616, RFC 8760, RFC 3261 section 22). */
export class DigestServer {
  readonly #options: DigestServerOptions;
  readonly #nonces: Nonces;

  constructor(options: DigestServerOptions) {
    this.#options = options;
    const { clock, ids, key, nonceLifetimeMs: lifetimeMs = 300_000 } = options;
    this.#nonces = new Nonces({ key, clock, ids, lifetimeMs });
  }

  async verify(request: SipRequest): Promise<DigestVerdict> {
    const read = this.read(request);
    return read.kind === 'claim' ? this.prove(request, read) : read;
  }

  /** The first half of `verify`, at once: all that is refused without a look at what is stored. */
  read(request: SipRequest): DigestClaim | DigestRefused {
    const { realm } = this.#options;
    try {
      const given = request.headers.all('authorization').map(parseDigestAuthorization);
      const ours = given.find((authorization) => authorization?.realm === realm);
      return ours === undefined ? this.#challenge('no-credentials') : this.#claim(ours);
    } catch (error) {
      if (error instanceof SipParseError) return { kind: 'refused', status: 400, reason: 'bad-request', headers: [] };
      throw error;
    }
  }

  #claim(given: DigestAuthorization): DigestClaim | DigestRefused {
    const { algorithm, username } = given;
    const nonce = this.#nonces.check(given.nonce);
    if (nonce === 'forged') return this.#challenge('unknown-nonce', username);
    if (!isStored(algorithm)) return this.#challenge('unknown-algorithm', username);
    return { kind: 'claim', given, algorithm, isStale: nonce === 'stale' };
  }

  /** The second half. */
  async prove(request: SipRequest, { given, algorithm, isStale }: DigestClaim): Promise<DigestVerdict> {
    const { username } = given;
    const proof = await this.#proof(request.method, given, algorithm);
    if (proof !== 'right') return this.#challenge(proof, username);
    if (isStale || !this.#nonces.use(given.nonce, Number.parseInt(given.nc ?? '1', 16))) {
      return this.#challenge('stale-nonce', username);
    }
    return { kind: 'accepted', account: username };
  }

  /** The same work and answer whether the account is unknown or the password wrong. */
  async #proof(
    method: string,
    given: DigestAuthorization,
    algorithm: StoredAlgorithm,
  ): Promise<'right' | 'wrong-password' | 'unknown-account'> {
    const { credentials, realm } = this.#options;
    const stored = await credentials.ha1(given.username, realm, algorithm);
    const ha1 = stored ?? this.#decoy(given.username);
    const isSame = isSameDigest(digestResponse({ ...given, method, ha1 }), given.response);
    if (stored === undefined) return 'unknown-account';
    return isSame ? 'right' : 'wrong-password';
  }

  #decoy(username: string): string {
    return createHmac('sha256', this.#options.key).update(username).digest('hex');
  }

  #challenge(reason: DigestRefusal, account?: string): DigestRefused {
    const { realm, algorithms = OFFERED } = this.#options;
    const nonce = this.#nonces.issue();
    const headers = algorithms.map((algorithm) => {
      const challenge = { realm, nonce, algorithm, qop: ['auth'], stale: reason === 'stale-nonce' };
      return ['www-authenticate', formatDigestChallenge(challenge)] as const;
    });
    return { kind: 'refused', status: 401, reason, account, headers };
  }
}

/** A pair of keys that signs JWT (RFC 7517). */
export interface SigningKey {
  /** The `kid`. */
  readonly id: string;
  /** The private JWK as JSON. A store keeps it sealed: a dump of the database signs nothing. */
  readonly privateJwk: string;
  readonly createdAt: number;
}

export interface SigningKeyStore {
  /** The newest first. @throws SealBrokenError where the secret file is another */
  list(): Promise<readonly SigningKey[]>;
  insert(key: SigningKey): Promise<void>;
  /** Deletes keys made before that time, the newest excepted. */
  deleteBefore(time: number): Promise<void>;
}

/** What lets a program register a client (RFC 7591 section 3, the initial access token). */
export interface RegistrationToken {
  readonly hash: string;
  /** What the administrator calls it. */
  readonly name: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface RegistrationTokenStore {
  insert(token: RegistrationToken): Promise<void>;
  /** Expired ones, and those whose maker's account was disabled or is no administrator's, are not found. */
  find(hash: string, now: number): Promise<RegistrationToken | undefined>;
  /** Those that have not expired, the newest first. */
  list(now: number): Promise<readonly RegistrationToken[]>;
  delete(hash: string): Promise<void>;
  deleteExpired(now: number): Promise<void>;
}

/** Which DPoP proofs were seen already (RFC 9449 section 11.1). */
export interface ProofStore {
  /** Of many at once with the same hash, one is `fresh`. */
  take(hash: string, expiresAt: number): Promise<'fresh' | 'seen'>;
  deleteExpired(now: number): Promise<void>;
}

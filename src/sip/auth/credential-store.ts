/** The digests that we can check: what our challenges offer (RFC 8760). */
export type StoredAlgorithm = 'MD5' | 'SHA-256';

/** PORT: what accounts prove themselves with. */
export interface CredentialStore {
  /**
   * The hash of `account:realm:password` in lower-case hexadecimal (RFC 7616 section 3.4.2).
   * @returns undefined where there is no such account, or no hash of that algorithm
   */
  ha1(account: string, realm: string, algorithm: StoredAlgorithm): Promise<string | undefined>;
}

/** A name and password for digest; `realm` undefined answers any realm. */
export interface DigestCredentials {
  readonly username: string;
  readonly password: string;
  readonly realm?: string;
}

/** The key that a token request proved to have (RFC 9449 section 5). */
export interface KeyProof {
  /** Its thumbprint (RFC 7638); null where none was proved. */
  readonly key: string | null;
  /**
   * Uses the proof up. It is stored from then on: for a requester that is no stranger.
   * @throws InvalidProofError where it was used before
   */
  spend(): Promise<void>;
}

export const NO_PROOF: KeyProof = { key: null, spend: () => Promise.resolve() };

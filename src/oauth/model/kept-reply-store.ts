/** Which reply: what was asked for, by whom, in which browser. */
export interface KeptReplyKey {
  readonly sessionHash: string;
  readonly userId: string;
  /** What tells it from others of the same session. */
  readonly name: string;
}

/** What a page replied to a request that must not be carried out twice. */
export interface KeptReply extends KeptReplyKey {
  /** It may hold a secret: it is stored sealed. */
  readonly text: string;
  readonly expiresAt: number;
}

export interface KeptReplyStore {
  /** Inserts, or replaces the one of the same key. Of a session, the latest 50 are kept. */
  keep(reply: KeptReply): Promise<void>;
  /** @returns its text; undefined where it has expired, or does not open with the present key file */
  find(key: KeptReplyKey, now: number): Promise<string | undefined>;
  /** Erases it; of an unknown one, nothing. */
  delete(key: KeptReplyKey): Promise<void>;
  deleteExpired(now: number): Promise<void>;
}

import type { TokenStore } from '../model/token-stores.ts';

/** Keeps when each family was last used, so that its user can see it, and writes it now and then: no request waits. */
export class TokenUses {
  readonly #tokens: Pick<TokenStore, 'recordUse'>;
  #uses = new Map<string, number>();

  constructor(tokens: Pick<TokenStore, 'recordUse'>) {
    this.#tokens = tokens;
  }

  note(familyId: string, at: number): void {
    this.#uses.set(familyId, at);
  }

  /** Writes what was noted since the last time. */
  async flush(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = this.#uses;
    this.#uses = new Map();
    await this.#tokens.recordUse(uses);
  }
}

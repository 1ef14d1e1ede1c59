import type { SipRequest } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';

/** What takes the requests of the peer within a dialog: its session. */
export interface DialogOwner {
  /** Whether a request with our tag is of one of its dialogs: Call-ID and the peer's tag decide. */
  owns(request: SipRequest): boolean;
  onRequest(transaction: ServerTransaction): void;
  onAck(ack: SipRequest): void;
  hangUp(): void;
}

/** The owners of all dialogs by our tag, which is random and thus unique. */
export class DialogTable {
  readonly #owners = new Map<string, DialogOwner>();
  readonly #waiting: (() => void)[] = [];

  get size(): number {
    return this.#owners.size;
  }

  add(localTag: string, owner: DialogOwner): void {
    this.#owners.set(localTag, owner);
  }

  remove(localTag: string): void {
    this.#owners.delete(localTag);
    if (this.#owners.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Whether a tag is ours in a dialog that lives. */
  has(localTag: string): boolean {
    return this.#owners.has(localTag);
  }

  /** Hangs up every session; resolves when the last has left. */
  hangUpAll(): Promise<void> {
    for (const owner of this.#owners.values()) owner.hangUp();
    if (this.#owners.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The owner of the dialog that a request with a To tag belongs to (RFC 3261 section 12.2.2). */
  find(request: SipRequest): DialogOwner | undefined {
    const owner = this.#owners.get(request.to.tag ?? '');
    return owner?.owns(request) === true ? owner : undefined;
  }
}

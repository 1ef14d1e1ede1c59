import type { SipRequest } from '../message/message.ts';
import type { ServerTransaction } from '../transaction/transaction.ts';

/** Who takes the requests of the peer within a dialog. */
export interface DialogOwner {
  /** Whether a request with our tag is of one of its dialogs: Call-ID and the peer's tag decide. */
  owns(request: SipRequest): boolean;
  onRequest(transaction: ServerTransaction): void;
  onAck(ack: SipRequest): void;
  hangUp(): void;
}

/** The owners of all dialogs by our tag, which is random and thus unique. */
export class DialogTable {
  /** Called when the last owner has left. */
  onEmpty: () => void = () => undefined;
  readonly #owners = new Map<string, DialogOwner>();

  get size(): number {
    return this.#owners.size;
  }

  add(localTag: string, owner: DialogOwner): void {
    this.#owners.set(localTag, owner);
  }

  remove(localTag: string): void {
    this.#owners.delete(localTag);
    if (this.#owners.size === 0) this.onEmpty();
  }

  hangUpAll(): void {
    for (const owner of this.#owners.values()) owner.hangUp();
  }

  /** The owner of the dialog that a request with a To tag belongs to (RFC 3261 section 12.2.2). */
  find(request: SipRequest): DialogOwner | undefined {
    const owner = this.#owners.get(request.to.tag ?? '');
    return owner?.owns(request) === true ? owner : undefined;
  }
}

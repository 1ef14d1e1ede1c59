import type { FeedChange } from '../../calls/feed/call-feed.ts';
import type { Frames } from './frames.ts';
import type { Audience } from './selection.ts';

/** Changes that have just come, as bytes for whoever sees them: each change, and each audience's share, is written once. */
export class LivePage {
  readonly changes: readonly FeedChange[];
  readonly cursor: string;
  readonly #frames: Frames;
  readonly #written: (string | undefined)[] = [];
  readonly #shares = new Map<unknown, Buffer>();

  constructor(
    changes: readonly FeedChange[],
    { cursor, frames }: { readonly cursor: string; readonly frames: Frames },
  ) {
    this.changes = changes;
    this.cursor = cursor;
    this.#frames = frames;
  }

  /** What an audience is sent; empty where it sees none of the changes. */
  bytesFor(audience: Audience): Buffer {
    const known = this.#shares.get(audience.key);
    if (known !== undefined) return known;
    const share = this.write((change) => audience.sees(change.call));
    this.#shares.set(audience.key, share);
    return share;
  }

  /** The changes that are wanted, as bytes. */
  write(isWanted: (change: FeedChange) => boolean): Buffer {
    let text = '';
    this.changes.forEach((change, index) => {
      if (isWanted(change)) text += this.#written[index] ??= this.#frames.change(change);
    });
    return Buffer.from(text);
  }
}

import type { Clock, Timer } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { NodeStore } from './node-store.ts';

export interface HeartbeatOptions {
  readonly nodeId: string;
  readonly nodes: NodeStore;
  /** Carries out what others have asked for meanwhile. */
  readonly attend: () => Promise<void>;
  /** Whether the node carries calls: then it beats each second. */
  readonly isCarrying: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

const EVERY_MS = 1000;
/** An idle node has nothing that a crash could end: it spares the disk. */
const IDLE_BEATS = 10;

/**
 * Says again and again that a node lives: each second while it carries calls, so that a crash is dated to the second, and
 * each ten seconds while it is idle. What other nodes want of its calls is found at the same times.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: Timer | undefined;
  #skipped = 0;
  #state: 'running' | 'closed' = 'running';

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#beatLater();
  }

  /** Idempotent. */
  close(): void {
    this.#state = 'closed';
    this.#timer?.cancel();
  }

  #beatLater(): void {
    this.#timer = this.#options.clock.setTimer(EVERY_MS, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    const { nodeId, nodes, attend, isCarrying, clock, log } = this.#options;
    this.#skipped += 1;
    if (isCarrying() || this.#skipped >= IDLE_BEATS) {
      this.#skipped = 0;
      try {
        await nodes.beat(nodeId, clock.now());
        if (isCarrying()) await attend();
      } catch (error) {
        // Storage says itself that it is gone; the next beat is a second away.
        log.debug({ err: error }, 'a beat could not be written');
      }
    }
    if (this.#state === 'running') this.#beatLater();
  }
}

import type { MonotonicClock } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { DigestRefusal } from '../auth/digest-server.ts';

/** A REGISTER that was not carried out. */
export interface Refusal {
  /** Where it came from. */
  readonly source: string;
  /** The account that it names; undefined where it names none. */
  readonly account: string | undefined;
  readonly status: number;
  readonly reason: DigestRefusal | 'another-account' | 'interval-too-brief' | 'out-of-order';
}

/** What came since the last line of one source and account. */
interface Entry {
  count: number;
  latest: Refusal;
  isWritten: boolean;
}

const WINDOW_MS = 60_000;
/** A scanner invents accounts, and over UDP addresses too: beyond these, all count as one. */
const MAX_ENTRIES = 1000;
const MAX_ACCOUNT_LENGTH = 64;

/** What a client answers by itself with a better request: of these only the second in a minute is worth a line. */
const curable: ReadonlySet<Refusal['reason']> = new Set(['unknown-nonce', 'stale-nonce', 'interval-too-brief']);

/**
 * Writes refused REGISTERs: of each source and account the first one at once, then at most a line a minute with how many
 * there were. A REGISTER without credentials is no refusal, since each registration begins with one.
 */
export class RefusalLog {
  readonly #log: Log;
  readonly #clock: MonotonicClock;
  readonly #entries = new Map<string, Entry>();

  constructor({ log, clock }: { readonly log: Log; readonly clock: MonotonicClock }) {
    this.#log = log;
    this.#clock = clock;
  }

  add(refusal: Refusal): void {
    if (refusal.reason === 'no-credentials') return;
    const own = JSON.stringify([refusal.source, refusal.account?.slice(0, MAX_ACCOUNT_LENGTH)]);
    const key = this.#entries.has(own) || this.#entries.size < MAX_ENTRIES ? own : '';
    const entry = this.#entries.get(key) ?? this.#begin(key, refusal);
    entry.count += 1;
    entry.latest = refusal;
    if (entry.isWritten || (entry.count === 1 && curable.has(refusal.reason))) return;
    this.#write(key, entry);
  }

  #begin(key: string, latest: Refusal): Entry {
    const entry: Entry = { count: 0, latest, isWritten: false };
    this.#entries.set(key, entry);
    this.#clock.setTimer(WINDOW_MS, () => this.#onWindowEnd(key, entry));
    return entry;
  }

  /** What came after the line of this minute is written now, and begins the next minute. */
  #onWindowEnd(key: string, entry: Entry): void {
    if (!entry.isWritten || entry.count === 0) {
      this.#entries.delete(key);
      return;
    }
    this.#write(key, entry);
    this.#clock.setTimer(WINDOW_MS, () => this.#onWindowEnd(key, entry));
  }

  #write(key: string, entry: Entry): void {
    const { source, account, status, reason } = entry.latest;
    const sender = key === '' ? {} : { source, account: account?.slice(0, MAX_ACCOUNT_LENGTH) };
    const fields = { ...sender, sip_status: status, reason, count: entry.count };
    const message = key === '' ? 'more REGISTERs were refused than are told apart' : 'a REGISTER was refused';
    this.#log.warn(fields, message);
    entry.count = 0;
    entry.isWritten = true;
  }
}

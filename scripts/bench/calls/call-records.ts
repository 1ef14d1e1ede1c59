/** No reply: the connection ended, or it was waited for long enough. */
export const NO_REPLY = 0;

const untimed = (count: number): Float64Array => new Float64Array(count).fill(Number.NaN);

/** What became of the calls of a load, by their index. Times are those of `performance.now()`; NaN: it never came. */
export class CallRecords {
  readonly count: number;
  /** The number of the first; each has the next one. */
  readonly firstNumber: number;
  /** Calls of which a reply is to come, or that are to be ended. */
  open = 0;
  /** Of those that go on. */
  readonly token: (string | undefined)[];
  /** When the POST was due to leave, and left for a connection. */
  readonly placedAt: Float64Array;
  /** How long it waited for its connection: for a free one, and for that to be open. */
  readonly waitedMs: Float64Array;
  readonly postStatus: Uint16Array;
  /** From when it was due, with whatever it waited. */
  readonly postMs: Float64Array;
  readonly stoppedAt: Float64Array;
  readonly putStatus: Uint16Array;
  readonly putMs: Float64Array;

  constructor(count: number, firstNumber: number) {
    this.count = count;
    this.firstNumber = firstNumber;
    this.token = new Array<string | undefined>(count);
    this.placedAt = untimed(count);
    this.waitedMs = untimed(count);
    this.postStatus = new Uint16Array(count);
    this.postMs = untimed(count);
    this.stoppedAt = untimed(count);
    this.putStatus = new Uint16Array(count);
    this.putMs = untimed(count);
  }

  /** How many POSTs had this status. */
  posts(status: number): number {
    return this.postStatus.reduce((sum, each) => sum + (each === status ? 1 : 0), 0);
  }

  /** Whether the service took the call and ended it as it was told. */
  isKept(index: number): boolean {
    return this.postStatus[index] === 201 && this.putStatus[index] === 200;
  }

  /** Milliseconds of the POSTs with this status, from when they were due, or from when they were sent. */
  postsMs(status: number, from: 'due' | 'sent' = 'due'): Float64Array {
    return this.postMs
      .map((ms, index) => (from === 'due' ? ms : ms - (this.waitedMs[index] ?? 0)))
      .filter((_, index) => this.postStatus[index] === status);
  }

  get putsMs(): Float64Array {
    return this.putMs.filter((ms) => !Number.isNaN(ms));
  }
}

/** As the service dials it: +1 202 5xx xxxx. */
export const numberOf = (number: number): string => `+12025${String(number).padStart(6, '0')}`;

/** There are a million of them. */
export const NUMBERS = 1_000_000;

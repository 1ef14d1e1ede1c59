import type { TestReport } from '../../../calls/test-call.ts';
import type { MonotonicClock } from '../../../shared/clock.ts';

type Moment = 'called' | 'progressed' | 'heard' | 'answered' | 'over';

/** Audio that comes no earlier than this before the answer belongs to it: it may overtake the response on its way. */
const OVERTAKES_MS = 100;

/** When what happened in a test call. The first time of each counts. */
export class CallWatch {
  readonly #clock: MonotonicClock;
  readonly #moments = new Map<Moment, number>();

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  /** An INVITE has left; further trunks are counted from the first one. */
  called(): void {
    this.#note('called');
  }

  rang(): void {
    this.#note('progressed');
  }

  /** The first audio came, before the answer as it seems. */
  heardEarly(): void {
    this.#note('heard');
  }

  answered(): void {
    this.#note('answered');
    this.rang();
  }

  over(): void {
    this.#note('over');
  }

  get seen(): Pick<TestReport, 'postDialMs' | 'answerMs' | 'talkMs' | 'ringback'> {
    return {
      postDialMs: this.#between('called', 'progressed'),
      answerMs: this.#between('called', 'answered'),
      talkMs: this.#between('answered', 'over'),
      ringback: this.#ringback,
    };
  }

  /** What rings is the network, where audio came before the answer. */
  get #ringback(): TestReport['ringback'] {
    const aheadMs = this.#between('heard', 'answered') ?? Infinity;
    if (this.#moments.has('heard') && aheadMs > OVERTAKES_MS) return 'network';
    return this.#moments.has('progressed') ? 'none' : null;
  }

  #note(moment: Moment): void {
    if (!this.#moments.has(moment)) this.#moments.set(moment, this.#clock.elapsed());
  }

  #between(from: Moment, to: Moment): number | null {
    const [began, ended] = [this.#moments.get(from), this.#moments.get(to)];
    return began === undefined || ended === undefined ? null : Math.round(ended - began);
  }
}

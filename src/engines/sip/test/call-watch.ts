import type { TestReport } from '../../../calls/test-call.ts';
import type { MonotonicClock } from '../../../shared/clock.ts';

type Moment = 'called' | 'progressed' | 'answered' | 'over';

/** When what happened in a test call. The first time of each counts. */
export class CallWatch {
  readonly #clock: MonotonicClock;
  readonly #moments = new Map<Moment, number>();
  #ringback: TestReport['ringback'] = null;

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  /** An INVITE has left; further trunks are counted from the first one. */
  called(): void {
    this.#note('called');
  }

  rang(): void {
    this.#note('progressed');
    this.#ringback ??= 'none';
  }

  /** Audio came before the answer: what rings is the network. */
  heardEarly(): void {
    this.#ringback = 'network';
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

  #note(moment: Moment): void {
    if (!this.#moments.has(moment)) this.#moments.set(moment, this.#clock.elapsed());
  }

  #between(from: Moment, to: Moment): number | null {
    const [began, ended] = [this.#moments.get(from), this.#moments.get(to)];
    return began === undefined || ended === undefined ? null : Math.round(ended - began);
  }
}

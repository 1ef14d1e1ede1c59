import { Concurrency } from './concurrency.ts';
import { isAnswered, isAttempt, isEffective, postDialDelay, ringTime } from './effectiveness.ts';
import type { MeasuredCall } from './model.ts';

/** The figures of a group of calls. Ratios are percent, null where there is nothing to divide by. */
export interface SummaryRow {
  readonly key: string | null;
  readonly calls: number;
  /** Those whose destination was called: what the ratios are of. */
  readonly attempts: number;
  readonly answered: number;
  readonly asr: number | null;
  readonly ner: number | null;
  readonly acdSeconds: number | null;
  readonly pddMsP50: number | null;
  readonly pddMsP95: number | null;
  readonly ringMsP50: number | null;
  readonly ringMsP95: number | null;
  /** At one moment. */
  readonly mostConcurrent: number;
}

const MEDIAN = 0.5;
const NEARLY_ALL = 0.95;

const HUNDRED = 100;
const SECOND_MS = 1000;

/** Two decimals. */
const rounded = (value: number): number => Math.round(value * HUNDRED) / HUNDRED;

const percent = (part: number, whole: number): number | null =>
  whole === 0 ? null : rounded((HUNDRED * part) / whole);

/** Milliseconds and how often each was seen: exact, and small however many calls there are. */
class Durations {
  readonly #counts = new Map<number, number>();
  #total = 0;

  add(milliseconds: number): void {
    this.#counts.set(milliseconds, (this.#counts.get(milliseconds) ?? 0) + 1);
    this.#total += 1;
  }

  /** The smallest that at least `share` of all do not exceed (nearest rank); null of none. */
  percentiles(shares: readonly number[]): readonly (number | null)[] {
    const sorted = [...this.#counts].sort(([one], [other]) => one - other);
    return shares.map((share) => {
      let left = Math.ceil(share * this.#total);
      for (const [milliseconds, count] of sorted) {
        left -= count;
        if (left <= 0) return milliseconds;
      }
      return null;
    });
  }
}

/** Counts the calls of a group, which come newest first. */
export class Tally {
  readonly #delays = new Durations();
  readonly #rings = new Durations();
  readonly #concurrency = new Concurrency();
  #calls = 0;
  #attempts = 0;
  #answered = 0;
  #effective = 0;
  #talks = 0;
  #talkMs = 0;

  add(call: MeasuredCall): void {
    this.#calls += 1;
    this.#concurrency.add(call.createdAt, call.endedAt ?? call.createdAt);
    if (!isAttempt(call)) return;
    this.#attempts += 1;
    if (isAnswered(call)) this.#answered += 1;
    if (isEffective(call)) this.#effective += 1;
    if (call.talkMs !== null) {
      this.#talks += 1;
      this.#talkMs += call.talkMs;
    }
    const delay = postDialDelay(call);
    if (delay !== undefined) this.#delays.add(delay);
    const rang = ringTime(call);
    if (rang !== undefined) this.#rings.add(rang);
  }

  row(key: string | null): SummaryRow {
    const [pddMsP50 = null, pddMsP95 = null] = this.#delays.percentiles([MEDIAN, NEARLY_ALL]);
    const [ringMsP50 = null, ringMsP95 = null] = this.#rings.percentiles([MEDIAN, NEARLY_ALL]);
    return {
      key,
      calls: this.#calls,
      attempts: this.#attempts,
      answered: this.#answered,
      asr: percent(this.#answered, this.#attempts),
      ner: percent(this.#effective, this.#attempts),
      acdSeconds: this.#talks === 0 ? null : rounded(this.#talkMs / this.#talks / SECOND_MS),
      pddMsP50,
      pddMsP95,
      ringMsP50,
      ringMsP95,
      mostConcurrent: this.#concurrency.most(),
    };
  }
}

/**
 * The most calls at one moment, of calls that come newest first. It is reached as some call begins: so each call adds one
 * to every later begin that it lasted to, which are the last of those that came before it here. Kept are two numbers a call.
 */
export class Concurrency {
  /** The latest first. */
  readonly #begins: number[] = [];
  /** By how much the count differs from that at the begin before it in the list. */
  readonly #steps: number[] = [];

  add(beginsAt: number, endsAt: number): void {
    const first = this.#firstBefore(Math.max(endsAt, beginsAt + 1));
    this.#begins.push(beginsAt);
    this.#steps[first] = (this.#steps[first] ?? 0) + 1;
    this.#steps[this.#begins.length] = -1;
  }

  most(): number {
    let most = 0;
    let now = 0;
    for (const step of this.#steps) {
      now += step;
      most = Math.max(most, now);
    }
    return most;
  }

  /** Where in the list the begins are before a time. */
  #firstBefore(time: number): number {
    let [low, high] = [0, this.#begins.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#begins[middle] ?? 0) < time) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

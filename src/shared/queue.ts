/** From so many on, those that were taken are let go when they are more than half: a queue under lasting load is never empty. */
const MOST_TAKEN = 1024;

/** First in, first out, at a constant cost: `Array.shift` moves whatever is behind. */
export class Queue<Item> {
  #items: Item[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  peek(): Item | undefined {
    return this.#items[this.#head];
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    const isEmpty = this.#head === this.#items.length;
    if (isEmpty || (this.#head > MOST_TAKEN && this.#head * 2 > this.#items.length)) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/**
 * The header fields of a message, in their order (RFC 3261 section 7.3). Names are given in lower case and in their
 * long form (`call-id`, never `i`): the parser has translated them. Values are kept as they came, unfolded and trimmed.
 */
export class SipHeaders {
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  get size(): number {
    return this.#names.length;
  }

  /** The name of the field at that place; empty where there is none. */
  nameAt(index: number): string {
    return this.#names[index] ?? '';
  }

  /** The value of the field at that place; empty where there is none. */
  valueAt(index: number): string {
    return this.#values[index] ?? '';
  }

  /** The place of the first field of that name, from `start` on; -1 where there is none. */
  indexOf(name: string, start = 0): number {
    return this.#names.indexOf(name, start);
  }

  /** The first field of that name, whole. */
  get(name: string): string | undefined {
    const index = this.#names.indexOf(name);
    return index === -1 ? undefined : this.#values[index];
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Every field of that name, each whole, not split at its commas. */
  all(name: string): string[] {
    return this.#values.filter((_, index) => this.#names[index] === name);
  }

  /** Puts a field behind all others. */
  append(name: string, value: string): this {
    this.#names.push(name);
    this.#values.push(value);
    return this;
  }

  /** Puts a field before all others, as a Via is added. */
  prepend(name: string, value: string): this {
    this.#names.unshift(name);
    this.#values.unshift(value);
    return this;
  }

  /** Replaces the first field of that name and removes the others; appends where there was none. */
  set(name: string, value: string): this {
    const first = this.#names.indexOf(name);
    if (first === -1) return this.append(name, value);
    this.#values[first] = value;
    for (let index = this.#names.length - 1; index > first; index -= 1) {
      if (this.#names[index] === name) this.#removeAt(index);
    }
    return this;
  }

  /** Replaces only the first field of that name. */
  replaceFirst(name: string, value: string): void {
    const index = this.#names.indexOf(name);
    if (index !== -1) this.#values[index] = value;
  }

  remove(name: string): this {
    for (let index = this.#names.length - 1; index >= 0; index -= 1) {
      if (this.#names[index] === name) this.#removeAt(index);
    }
    return this;
  }

  /** Visits every field in order. */
  forEach(take: (name: string, value: string) => void): void {
    for (let index = 0; index < this.#names.length; index += 1) {
      take(this.#names[index] ?? '', this.#values[index] ?? '');
    }
  }

  clone(): SipHeaders {
    const copy = new SipHeaders();
    this.forEach((name, value) => copy.append(name, value));
    return copy;
  }

  #removeAt(index: number): void {
    this.#names.splice(index, 1);
    this.#values.splice(index, 1);
  }
}

/** How many messages may be under way at a time. */
const IN_ALL = 256;
const FOR_A_HOST = 8;
/** From here on each host has one: many that are slow leave room for others. */
const SCARCE = IN_ALL / 2;

/** Bounds what is under way, in all and for each host: one that is slow holds no more than its own. */
export class SendingSlots {
  readonly #byHost = new Map<string, number>();
  #taken = 0;

  free(host: string): number {
    const forAHost = this.#taken < SCARCE ? FOR_A_HOST : 1;
    return Math.min(IN_ALL - this.#taken, forAHost - (this.#byHost.get(host) ?? 0));
  }

  take(host: string): void {
    this.#taken += 1;
    this.#byHost.set(host, (this.#byHost.get(host) ?? 0) + 1);
  }

  /** @returns whether others may have waited for it */
  giveBack(host: string): boolean {
    const left = (this.#byHost.get(host) ?? 1) - 1;
    if (left === 0) this.#byHost.delete(host);
    else this.#byHost.set(host, left);
    this.#taken -= 1;
    return this.#taken >= SCARCE - 1 || left === FOR_A_HOST - 1;
  }
}

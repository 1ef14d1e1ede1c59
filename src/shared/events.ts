/** Event names and the arguments that their listeners take, as tuples: `{ answered: [sdp: string] }`. */
export type EventMap<Events> = { [Name in keyof Events]: unknown[] };

type Listener<Args extends unknown[]> = (...args: Args) => void;

interface Subscription {
  readonly name: string;
  readonly listener: Listener<unknown[]>;
  readonly isOnce: boolean;
}

/**
 * An event emitter whose names and arguments are checked. Listeners run in the turn of the emit, in order: those that
 * were there when it began.
 *
 * A plain list, since a call has two emitters with a handful of listeners for as long as it lasts: Node's own emitter
 * takes twice the memory.
 */
export class TypedEmitter<Events extends EventMap<Events>> {
  /** Grows in place and is replaced where it shrinks: an emit under way goes on over what it began with. */
  #subscriptions: Subscription[] = [];

  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    return this.#add(name, listener, false);
  }

  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    return this.#add(name, listener, true);
  }

  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#subscriptions = this.#subscriptions.filter((other) => other.name !== name || other.listener !== listener);
    return this;
  }

  /** @returns whether there was a listener */
  protected emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    const subscriptions = this.#subscriptions;
    const count = subscriptions.length;
    let isHeard = false;
    for (let index = 0; index < count; index += 1) {
      const subscription = subscriptions[index];
      if (subscription?.name !== name) continue;
      isHeard = true;
      if (subscription.isOnce) this.#remove(subscription);
      subscription.listener(...args);
    }
    return isHeard;
  }

  #add(name: string, listener: Listener<never>, isOnce: boolean): this {
    this.#subscriptions.push({ name, listener: listener as Listener<unknown[]>, isOnce });
    return this;
  }

  #remove(subscription: Subscription): void {
    this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
  }
}

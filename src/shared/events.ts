import { EventEmitter } from 'node:events';

/** Event names and the arguments that their listeners take, as tuples: `{ answered: [sdp: string] }`. */
export type EventMap<Events> = { [Name in keyof Events]: unknown[] };

type Listener<Args extends unknown[]> = (...args: Args) => void;

/** An event emitter whose names and arguments are checked. Listeners run in the turn of the emit, in order. */
export class TypedEmitter<Events extends EventMap<Events>> {
  readonly #emitter = new EventEmitter();

  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#emitter.on(name, listener as Listener<unknown[]>);
    return this;
  }

  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#emitter.once(name, listener as Listener<unknown[]>);
    return this;
  }

  off<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): this {
    this.#emitter.off(name, listener as Listener<unknown[]>);
    return this;
  }

  /** @returns whether there was a listener */
  protected emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    return this.#emitter.emit(name, ...args);
  }
}

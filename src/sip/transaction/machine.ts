import type { Hop } from '../transport/transport.ts';
import type { TimerWheel, WheelTimer } from './timer-wheel.ts';
import type { TimerBase } from './transaction.ts';

/** One row of a state machine: where an input leads, and what is done on the way, in order. */
interface Transition<State extends string, Action extends string> {
  readonly next: State | 'terminated';
  readonly actions: readonly Action[];
}

/** State x input. An input without a row is ignored in that state. */
export type TransitionTable<State extends string, Input extends string, Action extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Input, Transition<State, Action>>>>>
>;

/** What the machines need of the layer that runs them. */
export interface MachineHost {
  readonly wheel: TimerWheel;
  readonly timers: TimerBase;
  send(data: Buffer, hop: Hop, onError?: (error: Error) => void): void;
  /** Runs code of the transaction user: what it throws is logged and goes no further. */
  guard<Argument>(tell: (argument: Argument) => void, argument: Argument): void;
  /** The machine has terminated: nothing will match it any more. */
  forget(key: string): void;
}

/**
 * Runs one transaction through its table. An action is the name of a method of the machine. The state is set before
 * the actions run, and the transaction user is told last, so it may call back into the machine.
 */
export abstract class Machine<State extends string, Input extends string, Action extends string, Payload> {
  readonly key: string;
  protected readonly hop: Hop;
  protected readonly host: MachineHost;
  protected abstract readonly table: TransitionTable<State, Input, Action>;
  #state: State | 'terminated';
  #resendTimer: WheelTimer | undefined;
  #lifeTimer: WheelTimer | undefined;
  #resendMs = 0;

  constructor(host: MachineHost, key: string, hop: Hop, initial: State) {
    this.host = host;
    this.key = key;
    this.hop = hop;
    this.#state = initial;
  }

  get state(): State | 'terminated' {
    return this.#state;
  }

  /** A row of a timer names no action that reads the payload. */
  take(input: Input, payload?: Payload): void {
    if (this.#state === 'terminated') return;
    const transition = this.table[this.#state][input];
    if (transition === undefined) return;
    this.#state = transition.next;
    if (transition.next === 'terminated') this.#end();
    for (const action of transition.actions) this.perform(action, payload as Payload);
  }

  /** Ends without telling anyone. */
  drop(): void {
    this.#state = 'terminated';
    this.#end();
  }

  stopTimers(): void {
    this.stopResending();
    if (this.#lifeTimer !== undefined) this.host.wheel.cancel(this.#lifeTimer);
    this.#lifeTimer = undefined;
  }

  protected abstract perform(action: Action, payload: Payload): void;

  protected get reliable(): boolean {
    return this.hop.protocol !== 'udp';
  }

  /** Timers A, E and G: the first of them after T1. Over reliable transports nothing is sent again. */
  protected startResending(input: Input): void {
    if (!this.reliable) this.resendAfter(this.host.timers.t1, input);
  }

  /** The interval doubles, up to `limitMs`. */
  protected continueResending(input: Input, limitMs: number): void {
    this.resendAfter(Math.min(this.#resendMs * 2, limitMs), input);
  }

  protected resendAfter(delayMs: number, input: Input): void {
    this.#resendMs = delayMs;
    this.#resendTimer = this.host.wheel.set(delayMs, this, input);
  }

  protected stopResending(): void {
    if (this.#resendTimer !== undefined) this.host.wheel.cancel(this.#resendTimer);
    this.#resendTimer = undefined;
  }

  /** The one timer that limits how long the state lasts; it replaces the one before. */
  protected startLife(delayMs: number, input: Input): void {
    if (this.#lifeTimer !== undefined) this.host.wheel.cancel(this.#lifeTimer);
    this.#lifeTimer = this.host.wheel.set(delayMs, this, input);
  }

  /** Timers D, I, J and K only wait for late copies: over reliable transports there are none, and they are zero. */
  protected startLinger(delayMs: number, input: Input): void {
    this.startLife(this.reliable ? 0 : delayMs, input);
  }

  #end(): void {
    this.stopTimers();
    this.host.forget(this.key);
  }
}

import type { Log } from '../../shared/log.ts';
import type { Hop, SipTransport } from '../transport/transport.ts';
import type { TimerWheel, WheelTimer } from './timer-wheel.ts';
import type { KeptBytes, TimerBase } from './transaction.ts';

/** One row of a state machine: where an input leads, and what is done on the way, in order. */
interface Transition<State extends string, Action extends string> {
  readonly next: State | 'terminated';
  readonly actions: readonly Action[];
}

/** State x input. An input without a row is ignored in that state. */
export type TransitionTable<State extends string, Input extends string, Action extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Input, Transition<State, Action>>>>>
>;

/** What the machines of a layer share, and who forgets them. */
export interface MachineHost {
  readonly transport: SipTransport;
  readonly wheel: TimerWheel;
  readonly timers: TimerBase;
  readonly log: Log;
  /** The machine has terminated: nothing will match it any more. */
  forget(key: string): void;
}

/** Runs code of the transaction user: what it throws is logged, so that a fault of one call does not end the others. */
export const guard = <Argument>(log: Log, task: (argument: Argument) => void, argument: Argument): void => {
  try {
    task(argument);
  } catch (error) {
    log.error({ err: error }, 'The user of a transaction failed');
  }
};

export const keepBytes = (data: Buffer): KeptBytes => data.toString('latin1');

export const releaseBytes = (kept: KeptBytes): Buffer => Buffer.from(kept, 'latin1');

/**
 * Runs one transaction through its table. An action is the name of a method of the machine. The state is set before
 * the actions run, and the transaction user is notified last, so it may call back into the machine.
 */
export abstract class Machine<Input extends string, Action extends string, Payload> {
  readonly key: string;
  protected readonly hop: Hop;
  protected readonly host: MachineHost;
  readonly #table: TransitionTable<string, string, Action>;
  #state: string;
  #resendTimer: WheelTimer | undefined;
  #lifeTimer: WheelTimer | undefined;
  #resendMs = 0;

  constructor(
    host: MachineHost,
    { key, hop }: { readonly key: string; readonly hop: Hop },
    { table, initial }: { readonly table: TransitionTable<string, string, Action>; readonly initial: string },
  ) {
    this.host = host;
    this.key = key;
    this.hop = hop;
    this.#table = table;
    this.#state = initial;
  }

  /** The name of a row of the table, or `terminated`. */
  get state(): string {
    return this.#state;
  }

  /** A row of a timer names no action that reads the payload. */
  take(input: Input, payload?: Payload): void {
    const transition = this.#table[this.#state]?.[input];
    if (transition === undefined) return;
    this.#state = transition.next;
    if (transition.next === 'terminated') this.#end();
    for (const action of transition.actions) this.perform(action, payload as Payload);
  }

  /** Ends without a word to the user. */
  drop(): void {
    this.#state = 'terminated';
    this.#end();
  }

  stopTimers(): void {
    if (this.#resendTimer !== undefined) this.host.wheel.cancel(this.#resendTimer);
    if (this.#lifeTimer !== undefined) this.host.wheel.cancel(this.#lifeTimer);
    this.#resendTimer = this.#lifeTimer = undefined;
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

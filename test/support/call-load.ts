import { setTimeout as pause } from 'node:timers/promises';
import { type FaultStage, nextNumber } from './fault-stage.ts';
import { RestError } from './rest-client.ts';

type Verb = 'POST' | 'GET' | 'PUT';

/** One request, as its sender saw it. */
export interface Sample {
  readonly verb: Verb;
  /** When it was sent, by `performance.now()`. */
  readonly at: number;
  readonly ms: number;
  /** 0: there was no reply. */
  readonly status: number;
  /** Of a refusal. */
  readonly problem?: string;
}

/** A call that the service has promised by its 201. */
export interface PromisedCall {
  readonly number: string;
  readonly token: string;
  /** Who ended it: the user, as a PUT with 200 says; else nobody has said so. */
  endedBy?: 'user';
}

export interface CallLoadOptions {
  readonly perSecond: number;
  /** From the 201 to the PUT, by chance up to twice as long. */
  readonly holdMs: number;
  readonly random: () => number;
}

/** Calls in an open loop: each is placed at its time, read, and ended by its user, whatever became of the others. */
export class CallLoad {
  readonly samples: Sample[] = [];
  readonly promised: PromisedCall[] = [];
  /** The numbers of the calls that were refused with 503. */
  readonly refused: string[] = [];
  readonly #stage: FaultStage;
  readonly #options: CallLoadOptions;
  readonly #calls = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(stage: FaultStage, options: CallLoadOptions) {
    this.#stage = stage;
    this.#options = options;
    this.#running = this.#run();
  }

  /** Places no more calls, and waits for those that were placed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all(this.#calls);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const begun = performance.now();
    for (let count = 0; ; count += 1) {
      const due = begun + (count * 1000) / this.#options.perSecond;
      await pause(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const call = this.#call();
      this.#calls.add(call);
      void call.finally(() => this.#calls.delete(call));
    }
  }

  /** No reply and no success end the story: the samples tell. */
  async #call(): Promise<void> {
    const number = nextNumber();
    const { rest } = this.#stage;
    const token = await this.#ask(
      'POST',
      () => rest.place({ number }),
      () => this.refused.push(number),
    );
    if (token === undefined) return;
    const promised: PromisedCall = { number, token };
    this.promised.push(promised);
    const { holdMs, random } = this.#options;
    const half = (holdMs * (0.5 + random())) / 2;
    await pause(half);
    await this.#ask('GET', () => rest.info(token));
    await pause(half);
    const stopped = await this.#ask('PUT', () => rest.stop(token));
    if (stopped !== undefined) promised.endedBy = 'user';
  }

  async #ask<Reply>(verb: Verb, request: () => Promise<Reply>, refused?: () => void): Promise<Reply | undefined> {
    const at = performance.now();
    const note = (sample: Pick<Sample, 'status' | 'problem'>): void =>
      void this.samples.push({ verb, at, ms: performance.now() - at, ...sample });
    try {
      const reply = await request();
      note({ status: verb === 'POST' ? 201 : 200 });
      return reply;
    } catch (error) {
      if (error instanceof RestError) {
        note({ status: error.status, problem: error.message });
        if (error.status === 503) refused?.();
      } else note({ status: 0 });
      return undefined;
    }
  }
}

/**
 * Holds what the journal says of a call against what was promised, once nothing is ongoing any more.
 * @returns what is untrue; undefined where the record is true
 */
export const untruthOf = async (stage: FaultStage, { token, endedBy }: PromisedCall): Promise<string | undefined> => {
  try {
    const call = await stage.info(token);
    if (call.state !== 'ended' || call.ended_at === null) return `${token} is ${call.state}`;
    if (Date.parse(call.ended_at) < Date.parse(call.created_at)) return `${token} ended before it was placed`;
    if (endedBy !== undefined && call.ended_by !== endedBy) return `${token} was ended by ${String(call.ended_by)}`;
    return undefined;
  } catch (error) {
    return `${token}: ${String(error)}`;
  }
};

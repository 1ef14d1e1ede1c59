import type { StepResult, TestScript, TestStep } from '../../../calls/test-call.ts';
import type { TestPhonePort } from '../../../media/test-phone/test-phone-media.ts';
import type { MonotonicClock, Timer } from '../../../shared/clock.ts';

export interface ScriptPlayerOptions {
  readonly script: TestScript;
  readonly port: Pick<TestPhonePort, 'send'>;
  readonly clock: MonotonicClock;
  /** The test phone hangs up. Never called after `stop`. */
  readonly onDone: () => void;
}

type State = 'waiting' | 'playing' | 'stopped';

/** Does the steps of a script, one after the other, from the answer on. */
export class ScriptPlayer {
  readonly #options: ScriptPlayerOptions;
  readonly #results: StepResult[] = [];
  #state: State = 'waiting';
  #answeredAt = 0;
  #heard = '';
  /** Of what was heard, how much earlier steps have waited for. */
  #taken = 0;
  #timer: Timer | undefined;
  /** Wakes the step under way. */
  #wake: (() => void) | undefined;

  constructor(options: ScriptPlayerOptions) {
    this.#options = options;
  }

  /** All digits that were heard, also before the first step. */
  get digits(): string {
    return this.#heard;
  }

  /** One for each step; those after the end were not reached. */
  get results(): readonly StepResult[] {
    const missing = this.#options.script.steps.length - this.#results.length;
    return [...this.#results, ...Array.from({ length: missing }, () => NOT_REACHED)];
  }

  /** The call was answered. */
  start(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'playing';
    this.#answeredAt = this.#options.clock.elapsed();
    this.#sendBetween();
    void this.#play();
  }

  hearDigit(digit: string): void {
    this.#heard += digit;
    this.#wake?.();
  }

  /** The call is over: the step under way ends here, and was not done. */
  stop(): void {
    this.#state = 'stopped';
    this.#timer?.cancel();
    this.#wake?.();
  }

  async #play(): Promise<void> {
    const { script, onDone } = this.#options;
    for (const step of script.steps) {
      const startedMs = this.#sinceAnswer();
      const { isDone, digits } = await this.#do(step);
      const isStopped = this.#isStopped();
      this.#results.push({
        state: isDone && (!isStopped || step.kind === 'hang-up') ? 'done' : 'failed',
        startedMs,
        endedMs: this.#sinceAnswer(),
        digits,
      });
      if (isStopped) return;
      if (step.kind === 'hang-up') {
        onDone();
        return;
      }
    }
    await this.#wait(script.lastsMs - this.#sinceAnswer());
    if (!this.#isStopped()) onDone();
  }

  async #do(step: TestStep): Promise<{ readonly isDone: boolean; readonly digits: string | null }> {
    switch (step.kind) {
      case 'wait':
        await this.#wait(step.ms);
        break;
      case 'send-digits':
        await this.#send({ kind: 'digits', digits: step.digits });
        break;
      case 'play-tone':
        await this.#send({ kind: 'tone', hz: step.hz, ms: step.ms });
        break;
      case 'play-sound':
        await this.#send({ kind: 'pcm', pcm: step.pcm });
        break;
      case 'expect-digits':
        return this.#expect(step.digits, step.withinMs);
      case 'hang-up':
        break;
    }
    return { isDone: true, digits: null };
  }

  async #expect(wanted: string, withinMs: number): Promise<{ readonly isDone: boolean; readonly digits: string }> {
    const from = this.#taken;
    const until = this.#options.clock.elapsed() + withinMs;
    for (;;) {
      const heard = this.#heard.slice(from);
      const found = heard.indexOf(wanted);
      const leftMs = until - this.#options.clock.elapsed();
      if (found !== -1) this.#taken = from + found + wanted.length;
      if (found !== -1 || leftMs <= 0 || this.#isStopped()) return { isDone: found !== -1, digits: heard };
      await this.#waitOrWake(leftMs);
    }
  }

  async #send(audio: Parameters<TestPhonePort['send']>[0]): Promise<void> {
    const sent = this.#options.port.send(audio);
    await Promise.race([sent, new Promise<void>((resolve) => (this.#wake = resolve))]);
    // A digit that is heard while something is sent wakes nobody.
    if (!this.#isStopped()) await sent;
    this.#sendBetween();
  }

  #sendBetween(): void {
    if (!this.#isStopped()) void this.#options.port.send({ kind: this.#options.script.between });
  }

  /** Until then, or a digit, or the end. */
  async #waitOrWake(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#options.clock.setTimer(ms, resolve);
    });
    this.#timer?.cancel();
  }

  /** The whole time, whatever is heard; less where the call ends. */
  async #wait(ms: number): Promise<void> {
    const until = this.#options.clock.elapsed() + ms;
    for (;;) {
      const leftMs = until - this.#options.clock.elapsed();
      if (leftMs <= 0 || this.#isStopped()) return;
      await this.#waitOrWake(leftMs);
    }
  }

  #sinceAnswer(): number {
    return Math.round(this.#options.clock.elapsed() - this.#answeredAt);
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }
}

const NOT_REACHED: StepResult = { state: 'not-reached', startedMs: null, endedMs: null, digits: null };

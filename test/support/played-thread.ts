import type { Recording } from '../../src/media/analysis/recording.ts';
import { MediaThreadLostError, NoMediaPortError } from '../../src/media/errors.ts';
import type { HeardPeer, Measurement, SentAudio } from '../../src/media/test-phone/test-phone-media.ts';
import { TestPhonePort, type TestPhonePortOptions } from '../../src/media/test-phone/test-phone-port.ts';
import type { MonotonicClock, Timer } from '../../src/shared/clock.ts';

type Order = Parameters<TestPhonePortOptions['tell']>[0];

const KEY_AND_PAUSE_MS = 260;

const lengthMs = (audio: SentAudio): number => {
  switch (audio.kind) {
    case 'silence':
    case 'probe':
      return 0;
    case 'tone':
      return audio.ms;
    case 'pcm':
      return audio.pcm.length / 8;
    case 'digits':
      return audio.digits.length * KEY_AND_PAUSE_MS;
  }
};

export const aMeasurement: Measurement = {
  ...{ audio: 'silence', levelDbov: -127, toneHz: null, echoDelayMs: null },
  ...{ lossPercent: 0, jitterMs: 0, r: 91.7, mos: 4.4, levels: [] },
};

const recorded = {} as Recording;

/** A port of a test phone whose thread a test plays: no datagram, and all time is the clock's. */
export class PlayedPort {
  readonly port: TestPhonePort;
  readonly peers: HeardPeer[] = [];
  readonly said: SentAudio[] = [];
  state: 'open' | 'answered' | 'finished' | 'lost' = 'open';
  readonly #clock: MonotonicClock;
  #sending: { readonly ticket: number; readonly timer: Timer } | undefined;
  #hasAnswered = false;

  constructor(bound: number, clock: MonotonicClock) {
    this.#clock = clock;
    this.port = new TestPhonePort({
      address: '10.0.0.1',
      port: bound,
      tell: (order) => this.#take(order),
      measure: () => Promise.resolve(aMeasurement),
    });
  }

  press(digits: string): void {
    for (const digit of digits) this.port.heard({ of: 'digit', port: 0, digit });
  }

  hearAudio(): void {
    this.port.heard({ of: 'audio', port: 0 });
  }

  lose(): void {
    this.state = 'lost';
    this.#sending?.timer.cancel();
    this.port.lost(new MediaThreadLostError());
  }

  #take(order: Order): void {
    switch (order.order) {
      case 'connect':
        this.peers.push(order.peer);
        break;
      case 'answered':
        this.#hasAnswered = true;
        this.state = 'answered';
        break;
      case 'send':
        this.#send(order.audio, order.ticket);
        break;
      case 'finish':
        this.state = 'finished';
        this.#cutOff();
        this.port.heard({ of: 'finished', port: 0, recording: this.#hasAnswered ? recorded : undefined });
        break;
      case 'open':
        break;
    }
  }

  #send(audio: SentAudio, ticket: number): void {
    this.#cutOff();
    this.said.push(audio);
    const timer = this.#clock.setTimer(lengthMs(audio), () => {
      this.#sending = undefined;
      this.port.heard({ of: 'sent', port: 0, ticket });
    });
    this.#sending = { ticket, timer };
  }

  #cutOff(): void {
    const sending = this.#sending;
    this.#sending = undefined;
    sending?.timer.cancel();
    if (sending !== undefined) this.port.heard({ of: 'sent', port: 0, ticket: sending.ticket });
  }
}

/** Stands for the thread below real ports. */
export class PlayedThread {
  readonly ports: PlayedPort[] = [];
  readonly #clock: MonotonicClock;
  /** How long a port takes to open, or `never`. */
  opensAfterMs = 0;
  isFull = false;

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  async open(): Promise<TestPhonePort> {
    if (this.opensAfterMs > 0) await new Promise<void>((resolve) => this.#clock.setTimer(this.opensAfterMs, resolve));
    if (this.isFull) throw new NoMediaPortError();
    const opened = new PlayedPort(6000 + 2 * this.ports.length, this.#clock);
    this.ports.push(opened);
    return opened.port;
  }

  get last(): PlayedPort {
    const last = this.ports.at(-1);
    if (last === undefined) throw new Error('no port was opened');
    return last;
  }

  /** Ports that were not freed. */
  get held(): number {
    return this.ports.filter(({ state }) => state === 'open' || state === 'answered').length;
  }
}

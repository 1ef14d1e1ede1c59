import { TypedEmitter } from '../../shared/events.ts';
import type { Measurement } from '../analysis/measure.ts';
import type { Recording } from '../analysis/recording.ts';
import type { SentAudio } from '../audio-sender.ts';
import type { HeardPeer } from './heard-port.ts';
import type { ThreadOrder, ThreadReport } from './thread-orders.ts';

export interface TestPhonePortEvents {
  /** One of 0-9, *, #, A-D; once a key press (RFC 4733). */
  digit: [digit: string];
  /** The first packet of audio came. */
  audio: [];
}

/** An order without the port that it is for. */
type PortOrder = ThreadOrder extends infer Order ? (Order extends ThreadOrder ? Omit<Order, 'port'> : never) : never;

export interface TestPhonePortOptions {
  readonly address: string;
  readonly port: number;
  readonly tell: (order: PortOrder) => void;
  readonly measure: (recording: Recording) => Promise<Measurement | undefined>;
}

type Awaited = {
  readonly resolve: (recording: Recording | undefined) => void;
  readonly reject: (error: Error) => void;
};

/** The RTP port of a test phone, which lives in a thread: it sends, hears, records and counts. */
export class TestPhonePort extends TypedEmitter<TestPhonePortEvents> {
  /** Where it is bound. */
  readonly address: string;
  readonly port: number;
  readonly #options: TestPhonePortOptions;
  readonly #sending = new Map<number, () => void>();
  #tickets = 0;
  #recording: Awaited | undefined;
  #measurement: Promise<Measurement | undefined> | undefined;
  #fault: Error | undefined;

  constructor(options: TestPhonePortOptions) {
    super();
    this.#options = options;
    this.address = options.address;
    this.port = options.port;
  }

  /** Nothing is sent before it. Every new answer of the peer may call it again. */
  connect(peer: HeardPeer): void {
    this.#options.tell({ order: 'connect', peer });
  }

  /** What is heard counts from here. Before it there is only early media. */
  answered(): void {
    this.#options.tell({ order: 'answered' });
  }

  /**
   * Resolves when it was sent, or cut off by what is sent next or by the end: at once for `silence` and `probe`, which go on.
   */
  send(audio: SentAudio): Promise<void> {
    if (this.#fault !== undefined || this.#measurement !== undefined) return Promise.resolve();
    this.#tickets += 1;
    const ticket = this.#tickets;
    this.#options.tell({ order: 'send', audio, ticket });
    return new Promise((resolve) => this.#sending.set(ticket, resolve));
  }

  /**
   * Closes the port and measures what was heard, beside the event loop. Undefined where nothing came after the answer.
   * Idempotent: the same promise.
   * @throws MediaThreadLostError where the thread was lost
   */
  finish(): Promise<Measurement | undefined> {
    this.#measurement ??= this.#finish();
    return this.#measurement;
  }

  /** What the thread tells of this port. */
  heard(report: ThreadReport): void {
    switch (report.of) {
      case 'digit':
        this.emit('digit', report.digit);
        break;
      case 'audio':
        this.emit('audio');
        break;
      case 'sent':
        this.#sending.get(report.ticket)?.();
        this.#sending.delete(report.ticket);
        break;
      case 'finished':
        this.#stopSending();
        this.#recording?.resolve(report.recording);
        break;
    }
  }

  /** The thread has ended, and the port with it. */
  lost(error: Error): void {
    this.#fault = error;
    this.#stopSending();
    this.#recording?.reject(error);
  }

  async #finish(): Promise<Measurement | undefined> {
    if (this.#fault !== undefined) throw this.#fault;
    const recorded = new Promise<Recording | undefined>((resolve, reject) => (this.#recording = { resolve, reject }));
    this.#options.tell({ order: 'finish' });
    const recording = await recorded;
    return recording === undefined ? undefined : this.#options.measure(recording);
  }

  #stopSending(): void {
    for (const done of this.#sending.values()) done();
    this.#sending.clear();
  }
}

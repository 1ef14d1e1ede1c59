import type { RtpPeer } from '../rtp-endpoint.ts';

/** What a test phone sends. The stream never pauses: what is not said here is silence. */
export type SentAudio =
  | { readonly kind: 'silence' }
  /** A known noise, by which an echo is found. Goes on until something else is sent. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'tone'; readonly hz: number; readonly ms: number }
  /** Linear PCM of 16 bits, 8000 samples a second. */
  | { readonly kind: 'pcm'; readonly pcm: Int16Array }
  /** Telephone events (RFC 4733); in-band where the peer takes none is no question: they are not sent then. */
  | { readonly kind: 'digits'; readonly digits: string };

export interface TestPhonePortEvents {
  /** One of 0-9, *, #, A-D; once a key press (RFC 4733). */
  digit: [digit: string];
  /** The first packet of audio came. */
  audio: [];
}

/** What was heard from the answer on. Null: not measured, or not there. See `HeardAudio` of the call domain. */
export interface Measurement {
  readonly audio: 'tone' | 'sound' | 'silence' | 'echo';
  readonly levelDbov: number | null;
  readonly toneHz: number | null;
  readonly echoDelayMs: number | null;
  readonly lossPercent: number | null;
  readonly jitterMs: number | null;
  readonly r: number | null;
  readonly mos: number | null;
  /** For each 100 ms since `answered`. */
  readonly levels: readonly number[];
}

/** An RTP port of a test phone, in a thread of its own: it sends, hears, records and counts. */
export interface TestPhonePort {
  readonly address: string;
  readonly port: number;
  on<Name extends keyof TestPhonePortEvents>(
    name: Name,
    listener: (...args: TestPhonePortEvents[Name]) => void,
  ): unknown;
  /** Nothing is sent before it. Every new answer of the peer may call it again. */
  connect(peer: RtpPeer): void;
  /** What is heard counts from here. Before it there is only early media. */
  answered(): void;
  /** Resolves when it was sent: at once for `silence` and `probe`, which go on. What was being sent is cut off. */
  send(audio: SentAudio): Promise<void>;
  /**
   * Closes the port and measures what was heard, beside the event loop. Undefined where nothing came after the answer.
   * Idempotent: the same promise.
   * @throws Error where the thread was lost
   */
  finish(): Promise<Measurement | undefined>;
}

/** Opens ports for test phones. */
export interface TestPhoneMedia {
  /** @throws NoMediaPortError when nothing can be bound */
  open(): Promise<TestPhonePort>;
  /** Ends the threads. Ports that are open end with them. Idempotent. */
  close(): Promise<void>;
}

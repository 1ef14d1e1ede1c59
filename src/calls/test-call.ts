import type { CallRecord } from './call-record.ts';

/*
 * A test call: one leg to a number, from a phone of our own that plays, presses keys, hears and measures. No user's phone
 * is rung. Policy, routes, limits and journal are those of any call.
 */

/** What the test phone does after the answer, one step after the other. It sends silence, or its probe, between them. */
export type TestStep =
  | { readonly kind: 'wait'; readonly ms: number }
  /** Of 0-9, *, #, A-D, as telephone events (RFC 4733). */
  | { readonly kind: 'send-digits'; readonly digits: string }
  /** Waits until these digits were heard, one after the other, since the last step that waited for digits. */
  | { readonly kind: 'expect-digits'; readonly digits: string; readonly withinMs: number }
  | { readonly kind: 'play-tone'; readonly hz: number; readonly ms: number }
  /** Linear PCM of 16 bits, 8000 samples a second. */
  | { readonly kind: 'play-sound'; readonly pcm: Int16Array }
  | { readonly kind: 'hang-up' };

/** What the test phone is to do in a call. */
export interface TestScript {
  readonly steps: readonly TestStep[];
  /** It does not hang up earlier than this after the answer, unless a step says so. Milliseconds. */
  readonly lastsMs: number;
  /** What is sent while no step plays: the probe is a known noise, by which an echo is found and its delay measured. */
  readonly between: 'silence' | 'probe';
}

/** What became of a step. A step after the end of the call was not reached. */
export interface StepResult {
  readonly state: 'done' | 'failed' | 'not-reached';
  /** Milliseconds since the answer; null where the step was not reached. */
  readonly startedMs: number | null;
  readonly endedMs: number | null;
  /** Of a step that expects digits: those that were heard. */
  readonly digits: string | null;
}

/** What was heard after the answer. Null: not measured, or not there. */
export interface HeardAudio {
  /** A steady tone counts as a tone, what was sent and came back as an echo, all else that is not silent as sound. */
  readonly audio: 'tone' | 'sound' | 'silence' | 'echo';
  /** RMS of what was not silent, or of all where all was silent, in dB under the overload point (RFC 6464's dBov). */
  readonly levelDbov: number | null;
  /** Of the strongest steady tone. */
  readonly toneHz: number | null;
  readonly echoDelayMs: number | null;
  /** Packets that never came, or came too late for a playout buffer of 60 ms, of those that were sent; 0 to 100. */
  readonly lossPercent: number | null;
  /** Interarrival jitter (RFC 3550 section 6.4.1), its mean over the call. */
  readonly jitterMs: number | null;
  /** Transmission rating factor (ITU-T G.107) and the mean opinion score that goes with it. */
  readonly r: number | null;
  readonly mos: number | null;
  /** A level for each 100 ms since the answer, in dBov; -127 is digital silence. */
  readonly levels: readonly number[];
}

/** What the test phone saw of a call. Durations are milliseconds on the monotonic clock. */
export interface TestReport {
  /** From the INVITE to the first response that tells of progress (RFC 6076: 180, 181, 182, 183, or the answer). */
  readonly postDialMs: number | null;
  /** From the INVITE to the answer. */
  readonly answerMs: number | null;
  /** From the answer to the end. */
  readonly talkMs: number | null;
  /** `network`: audio came before the answer. Null: it never rang, nor answered. */
  readonly ringback: 'network' | 'none' | null;
  /** Null where the call was not answered, or nothing came. */
  readonly heard: HeardAudio | null;
  /** All digits that were heard, by telephone event or INFO. */
  readonly digits: string;
  /** In the order of the script's steps. */
  readonly steps: readonly StepResult[];
}

/** A test call that is wanted. */
export interface PlaceTest {
  /** As it was dialled: a number or an extension. */
  readonly number: string;
  /** Whole seconds for the destination to answer, 5 to 120; absent: 60. */
  readonly destinationTimeoutSeconds?: number | undefined;
  readonly script: TestScript;
}

/** A test call that is over. */
export interface TestResult {
  /** As it ended, both legs over. */
  readonly call: CallRecord;
  readonly report: TestReport;
}

/** A test call that was placed. */
export interface PlacedTest {
  readonly tokenCall: string;
  /**
   * Once the call is over and what was heard is measured. Rejects where it could not be measured, or the call was lost:
   * a fault of ours.
   */
  readonly result: Promise<TestResult>;
}

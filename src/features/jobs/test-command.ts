import type { PlaceTest, TestStep } from '../../calls/test-call.ts';
import type { Script, Step } from './script.ts';

/** Samples of an uploaded sound; undefined where it is gone. */
export type SoundReader = (name: string) => Promise<Int16Array | undefined>;

/** How long a call lasts where nothing says so: long enough to hear what is there. */
const USUAL_SECONDS = 3;
const USUAL_TONE_MS = 1000;
const USUAL_WAIT_FOR_DIGITS_MS = 5000;

/** The name of the sound that a step plays. */
export const soundOf = (step: Step): string | undefined =>
  'play' in step ? /^sound:(.*)$/.exec(step.play)?.[1] : undefined;

const playedStep = async (
  step: Extract<Step, { play: string }>,
  readSound: SoundReader,
): Promise<TestStep | undefined> => {
  const name = soundOf(step);
  if (name === undefined) {
    return { kind: 'play-tone', hz: Number(step.play.slice('tone:'.length)), ms: step.for_ms ?? USUAL_TONE_MS };
  }
  const pcm = await readSound(name);
  if (pcm === undefined) return undefined;
  return { kind: 'play-sound', pcm: step.for_ms === undefined ? pcm : pcm.subarray(0, step.for_ms * 8) };
};

const stepOf = async (step: Step, readSound: SoundReader): Promise<TestStep | undefined> => {
  if ('wait_ms' in step) return { kind: 'wait', ms: step.wait_ms };
  if ('dtmf' in step) return { kind: 'send-digits', digits: step.dtmf };
  if ('expect_dtmf' in step) {
    const withinMs = step.within_ms ?? USUAL_WAIT_FOR_DIGITS_MS;
    return { kind: 'expect-digits', digits: step.expect_dtmf, withinMs };
  }
  return 'play' in step ? playedStep(step, readSound) : { kind: 'hang-up' };
};

/**
 * The test call of a script. Where an echo is expected, a known noise is sent by which it is found.
 * @returns undefined where a sound that it plays is gone
 */
export const testCommand = async (script: Script, readSound: SoundReader): Promise<PlaceTest | undefined> => {
  const { expect, number, timeout } = script;
  const steps: TestStep[] = [];
  for (const step of script.steps) {
    const read = await stepOf(step, readSound);
    if (read === undefined) return undefined;
    steps.push(read);
  }
  const seconds = expect.talk_seconds_at_least ?? (steps.length === 0 ? USUAL_SECONDS : 0);
  return {
    number,
    ...(timeout !== undefined && { destinationTimeoutSeconds: timeout }),
    script: { steps, lastsMs: seconds * 1000, between: expect.audio === 'echo' ? 'probe' : 'silence' },
  };
};

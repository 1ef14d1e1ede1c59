import type { CallRecord } from '../../calls/call-record.ts';
import type { HeardAudio, TestReport, TestResult } from '../../calls/test-call.ts';
import type { ExpectationResult, RunResult } from './model.ts';
import type { Expectations, Script } from './script.ts';

/** A tone is right within this: exchanges keep theirs to 1 % and better (ITU-T E.180). */
const TONE_TOLERANCE_HZ = 10;

type Seen = string | number | null;

/** How an expectation is judged: what was seen, and whether it will do. */
interface Judgement<Expected> {
  readonly seen: (result: TestResult) => Seen;
  readonly passes: (seen: Exclude<Seen, null>, expected: Expected, result: TestResult) => boolean;
}

const equal = (seen: Exclude<Seen, null>, expected: string | number): boolean => seen === expected;
const atMost = (seen: Exclude<Seen, null>, most: number): boolean => Number(seen) <= most;
const atLeast = (seen: Exclude<Seen, null>, least: number): boolean => Number(seen) >= least;

const callee = ({ call }: TestResult): CallRecord['legs'][1] => call.legs[1];
const heard =
  (field: keyof Omit<HeardAudio, 'levels'>) =>
  ({ report }: TestResult): Seen =>
    report.heard?.[field] ?? null;
const seconds = (milliseconds: number | null): number | null =>
  milliseconds === null ? null : Math.round(milliseconds / 100) / 10;

/** Tones and echoes are sounds; silence is none. */
const soundsAs = (seen: Exclude<Seen, null>, expected: string): boolean =>
  expected === 'sound' ? seen !== 'silence' : seen === expected;

const judgements: { readonly [Field in keyof Expectations]-?: Judgement<NonNullable<Expectations[Field]>> } = {
  outcome: { seen: ({ call }) => call.outcome, passes: equal },
  sip_status: { seen: (result) => callee(result).sipStatus, passes: equal },
  q850_cause: { seen: (result) => callee(result).q850Cause, passes: equal },
  post_dial_ms_at_most: { seen: ({ report }) => report.postDialMs, passes: atMost },
  answer_ms_at_most: { seen: ({ report }) => report.answerMs, passes: atMost },
  ringback: { seen: ({ report }) => report.ringback, passes: equal },
  audio: { seen: heard('audio'), passes: soundsAs },
  tone_hz: {
    seen: heard('toneHz'),
    passes: (seen, expected) => Math.abs(Number(seen) - expected) <= TONE_TOLERANCE_HZ,
  },
  loss_percent_at_most: { seen: heard('lossPercent'), passes: atMost },
  mos_at_least: { seen: heard('mos'), passes: atLeast },
  talk_seconds_at_least: {
    seen: ({ report }) => seconds(report.talkMs),
    passes: (_seen, least, { report }) => (report.talkMs ?? 0) >= least * 1000,
  },
};

const judge = <Field extends keyof Expectations>(
  name: Field,
  expected: NonNullable<Expectations[Field]>,
  result: TestResult,
): ExpectationResult => {
  const { seen: look, passes } = judgements[name] as Judgement<NonNullable<Expectations[Field]>>;
  const seen = look(result);
  const verdict = seen !== null && passes(seen, expected, result) ? 'Pass' : 'Fail';
  return { name, expected, seen, verdict };
};

/** A step that waits for digits is an expectation too. */
const judgeSteps = ({ steps }: Script, report: TestReport): readonly ExpectationResult[] =>
  steps.flatMap((step, index) => {
    if (!('expect_dtmf' in step)) return [];
    const result = report.steps[index];
    const seen = result === undefined || result.state === 'not-reached' ? null : (result.digits ?? '');
    const verdict = result?.state === 'done' ? 'Pass' : 'Fail';
    return [{ name: `steps[${index}].expect_dtmf`, expected: step.expect_dtmf, seen, verdict }];
  });

/** Without any expectation a call is expected to be answered. */
const expectationsOf = ({ expect, steps }: Script): Expectations =>
  Object.keys(expect).length === 0 && !steps.some((step) => 'expect_dtmf' in step) ? { outcome: 'completed' } : expect;

/** Judges a call that is over: every expectation, also after one that failed. */
export const judgeCall = (script: Script, result: TestResult): RunResult => {
  const { report } = result;
  const expected = Object.entries(expectationsOf(script)) as [keyof Expectations, never][];
  return {
    expectations: [...expected.map(([name, value]) => judge(name, value, result)), ...judgeSteps(script, report)],
    heard: report.heard,
    digits: report.digits,
    steps: report.steps,
    postDialMs: report.postDialMs,
    answerMs: report.answerMs,
    talkMs: report.talkMs,
  };
};

/** Whether every expectation was met. */
export const isPassed = ({ expectations }: RunResult): boolean =>
  expectations.every(({ verdict }) => verdict === 'Pass');

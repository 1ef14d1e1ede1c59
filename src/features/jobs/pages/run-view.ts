import type { CallRecord, LegRecord } from '../../../calls/call-record.ts';
import { isoTime, type PageData } from '../../../web/page/page-data.ts';
import type { BadgeView, FactView, LegView, MomentView } from '../../../web/page/project-page-data.ts';
import type { Job, RunResult, TestRun } from '../model.ts';
import type { Step } from '../script.ts';
import { runBadge } from './badges.ts';
import { heardFacts, levelLine } from './heard-view.ts';
import { duration, jobAddress } from './job-views.ts';

type RunPageData = PageData['test-run'];

/** A step as people say it. */
export const stepWords = (step: Step): string => {
  if ('wait_ms' in step) return `Wait ${duration(step.wait_ms)}`;
  if ('dtmf' in step) return `Press ${step.dtmf}`;
  if ('expect_dtmf' in step) return `Hear the keys ${step.expect_dtmf}`;
  if ('play' in step) return `Play ${step.play}`;
  return 'Hang up';
};

const stepBadges: Readonly<Record<'done' | 'failed' | 'not-reached', BadgeView>> = {
  done: { kind: 'good', word: 'Done' },
  failed: { kind: 'bad', word: 'Failed' },
  'not-reached': { kind: 'over', word: 'Not reached' },
};

const stepMoments = ({ script }: TestRun, { steps, answerMs }: RunResult): readonly MomentView[] =>
  steps.map(({ state, startedMs, digits }, index) => {
    const step = script.steps[index];
    const what = step === undefined ? `Step ${index + 1}` : stepWords(step);
    return {
      at: startedMs === null || answerMs === null ? '–' : duration(answerMs + startedMs),
      what: digits === null ? what : `${what}; heard ${digits === '' ? 'none' : digits}`,
      badge: stepBadges[state],
    };
  });

/** What happened, since the INVITE was sent. */
const momentsOf = (run: TestRun): readonly MomentView[] => {
  const { result } = run;
  if (result === null) return [];
  const { postDialMs, answerMs, talkMs } = result;
  const moment = (ms: number | null, what: string): readonly MomentView[] =>
    ms === null ? [] : [{ at: duration(ms), what, badge: null }];
  return [
    { at: '0 ms', what: 'Called', badge: null },
    ...(postDialMs === answerMs ? [] : moment(postDialMs, 'Ringing, or progress')),
    ...moment(answerMs, 'Answered'),
    ...stepMoments(run, result),
    ...moment(answerMs === null || talkMs === null ? null : answerMs + talkMs, 'Ended'),
  ];
};

const WIDTH = 1000;

const barsOf = ({ result, script }: TestRun): RunPageData['bars'] => {
  if (result?.answerMs == null) return [];
  const { postDialMs, answerMs, talkMs, steps } = result;
  const endMs = answerMs + (talkMs ?? 0);
  const scale = (ms: number): number => Math.round((ms / Math.max(endMs, 1)) * WIDTH);
  const rang = postDialMs ?? answerMs;
  const bar = (kind: 'ringing' | 'talking', from: number, to: number, what: string) => ({
    ...{ kind, x: scale(from), width: Math.max(scale(to - from), 2), what },
  });
  return [
    bar('ringing', rang, answerMs, `Ringing for ${duration(answerMs - rang)}`),
    bar('talking', answerMs, endMs, `Answered for ${duration(talkMs)}`),
    ...steps.flatMap(({ startedMs }, index) => {
      const step = script.steps[index];
      if (startedMs === null || step === undefined) return [];
      return [
        { kind: 'step' as const, x: Math.min(scale(answerMs + startedMs), WIDTH - 4), width: 4, what: stepWords(step) },
      ];
    }),
  ];
};

/** What the fields of `expect` are called. */
const expectationLabels: Readonly<Record<string, string>> = {
  outcome: 'Outcome',
  sip_status: 'SIP status',
  q850_cause: 'Q.850 cause',
  post_dial_ms_at_most: 'Ringing within (ms)',
  answer_ms_at_most: 'Answered within (ms)',
  ringback: 'Ringback',
  audio: 'What is heard',
  tone_hz: 'Tone (Hz)',
  loss_percent_at_most: 'Loss at most (%)',
  mos_at_least: 'MOS at least',
  talk_seconds_at_least: 'Talks for at least (s)',
};

/** A step that expects keys is called by its place, from 1 as the editor counts. */
const expectationLabel = (name: string): string => {
  const step = /^steps\[(\d+)\]/.exec(name)?.[1];
  return step === undefined ? (expectationLabels[name] ?? name) : `Keys of step ${Number(step) + 1}`;
};

const causeOf = ({ sipStatus, q850Cause, reason }: LegRecord): string =>
  [sipStatus && `SIP ${sipStatus}`, q850Cause && `Q.850 cause ${q850Cause}`, reason].filter(Boolean).join(', ') || '–';

const legView = (leg: LegRecord): LegView => ({
  role: leg.role === 'caller' ? 'Test phone' : 'Number',
  address: leg.address,
  state: leg.state,
  cause: causeOf(leg),
});

const callWords = ({ state, outcome }: CallRecord): string => (outcome === null ? state : `${state}: ${outcome}`);

const tookOf = ({ startedAt, endedAt }: TestRun): number | null =>
  startedAt === null || endedAt === null ? null : endedAt - startedAt;

const resultFacts = ({ postDialMs, answerMs, talkMs, digits }: RunResult): readonly FactView[] => [
  { label: 'Ringing after', value: duration(postDialMs) },
  { label: 'Answered after', value: duration(answerMs) },
  { label: 'Talked for', value: duration(talkMs) },
  { label: 'Digits heard', value: digits === '' ? 'none' : digits },
];

const startFacts = ({ startedAt }: TestRun): readonly FactView[] =>
  startedAt === null ? [] : [{ label: 'Started', value: `${isoTime(startedAt).slice(0, 19).replace('T', ' ')} UTC` }];

const factsOf = (run: TestRun): readonly FactView[] => [
  ...startFacts(run),
  { label: 'Took', value: duration(tookOf(run)) },
  ...(run.result === null ? [] : resultFacts(run.result)),
  { label: 'Tried again', value: run.retries === 0 ? 'no' : `${run.retries} times` },
];

/** All that a run's page shows. */
export const runView = (of: {
  readonly job: Job;
  readonly run: TestRun;
  readonly call: CallRecord | undefined;
}): RunPageData => {
  const { job, run, call } = of;
  const heard = run.result?.heard ?? null;
  return {
    ...{ id: run.id, jobId: job.id, jobAddress: jobAddress(job), projectId: job.projectId },
    ...{ projectName: job.projectName, name: run.script.name, number: run.script.number },
    ...{ badge: runBadge(run.status), reason: run.reason, facts: factsOf(run) },
    ...{ moments: momentsOf(run), bars: barsOf(run) },
    expectations: (run.result?.expectations ?? []).map(({ name, expected, seen, verdict }) => ({
      name: expectationLabel(name),
      expected: String(expected),
      seen: seen === null ? 'nothing' : String(seen),
      badge: runBadge(verdict),
    })),
    heard: heard === null ? [] : heardFacts(heard),
    levels: heard === null ? undefined : levelLine(heard.levels),
    call: call && { token: call.tokenCall, state: callWords(call), legs: call.legs.map(legView) },
  };
};

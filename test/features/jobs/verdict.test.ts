import { describe, expect, it } from '@jest/globals';
import type { TestReport } from '../../../src/calls/test-call.ts';
import type { Expectations, Script } from '../../../src/features/jobs/script.ts';
import { isPassed, judgeCall } from '../../../src/features/jobs/verdict.ts';
import { aCall, aLeg } from '../../contracts/records.ts';
import { aScript } from '../../support/job-world.ts';
import { aReport } from '../../support/scripted-engine.ts';

const heard = {
  ...({ audio: 'tone', levelDbov: -19, toneHz: 425.2, echoDelayMs: null, lossPercent: 0.4 } as const),
  ...{ jitterMs: 1.2, r: 92, mos: 4.38, levels: [-19, -19] },
};

const call = aCall('token', {
  state: 'ended',
  outcome: 'completed',
  legs: [aLeg('caller'), aLeg('callee', { state: 'ended', sipStatus: 200, q850Cause: 16 })],
});

const judge = (script: Partial<Script>, report: Partial<TestReport> = {}) =>
  judgeCall(aScript(script), { call, report: aReport({ heard, ...report }) });

const verdictOf = (expect: Expectations, report: Partial<TestReport> = {}) => {
  const [first] = judge({ expect }, report).expectations;
  return first && `${first.name} ${first.expected} ${String(first.seen)} ${first.verdict}`;
};

describe('an expectation', () => {
  it.each<[Expectations, Partial<TestReport>, string]>([
    [{ outcome: 'completed' }, {}, 'outcome completed completed Pass'],
    [{ outcome: 'busy' }, {}, 'outcome busy completed Fail'],
    [{ sip_status: 200 }, {}, 'sip_status 200 200 Pass'],
    [{ sip_status: 486 }, {}, 'sip_status 486 200 Fail'],
    [{ q850_cause: 16 }, {}, 'q850_cause 16 16 Pass'],
    [{ q850_cause: 17 }, {}, 'q850_cause 17 16 Fail'],
    [{ post_dial_ms_at_most: 100 }, {}, 'post_dial_ms_at_most 100 100 Pass'],
    [{ post_dial_ms_at_most: 99 }, {}, 'post_dial_ms_at_most 99 100 Fail'],
    [{ post_dial_ms_at_most: 99 }, { postDialMs: null }, 'post_dial_ms_at_most 99 null Fail'],
    [{ answer_ms_at_most: 1000 }, {}, 'answer_ms_at_most 1000 1000 Pass'],
    [{ answer_ms_at_most: 999 }, {}, 'answer_ms_at_most 999 1000 Fail'],
    [{ answer_ms_at_most: 999 }, { answerMs: null }, 'answer_ms_at_most 999 null Fail'],
    [{ ringback: 'none' }, {}, 'ringback none none Pass'],
    [{ ringback: 'network' }, {}, 'ringback network none Fail'],
    [{ audio: 'tone' }, {}, 'audio tone tone Pass'],
    [{ audio: 'sound' }, {}, 'audio sound tone Pass'],
    [{ audio: 'sound' }, { heard: { ...heard, audio: 'echo' } }, 'audio sound echo Pass'],
    [{ audio: 'sound' }, { heard: { ...heard, audio: 'silence' } }, 'audio sound silence Fail'],
    [{ audio: 'silence' }, {}, 'audio silence tone Fail'],
    [{ audio: 'echo' }, { heard: null }, 'audio echo null Fail'],
    [{ tone_hz: 425 }, {}, 'tone_hz 425 425.2 Pass'],
    [{ tone_hz: 436 }, {}, 'tone_hz 436 425.2 Fail'],
    [{ loss_percent_at_most: 0.4 }, {}, 'loss_percent_at_most 0.4 0.4 Pass'],
    [{ loss_percent_at_most: 0 }, {}, 'loss_percent_at_most 0 0.4 Fail'],
    [{ mos_at_least: 4.38 }, {}, 'mos_at_least 4.38 4.38 Pass'],
    [{ mos_at_least: 4.4 }, {}, 'mos_at_least 4.4 4.38 Fail'],
    [{ talk_seconds_at_least: 3 }, {}, 'talk_seconds_at_least 3 3 Pass'],
    [{ talk_seconds_at_least: 3 }, { talkMs: 2999 }, 'talk_seconds_at_least 3 3 Fail'],
    [{ talk_seconds_at_least: 3 }, { talkMs: null }, 'talk_seconds_at_least 3 null Fail'],
  ])('%j with %j: %s', (expected, report, verdict) => {
    expect(verdictOf(expected, report)).toBe(verdict);
  });

  it('is judged also after one that failed', () => {
    const { expectations } = judge({ expect: { outcome: 'busy', sip_status: 200, audio: 'silence', tone_hz: 425 } });
    expect(expectations.map(({ verdict }) => verdict)).toEqual(['Fail', 'Pass', 'Fail', 'Pass']);
  });

  it('is that the call is answered, where a script has none', () => {
    const answered = judge({});
    expect(answered.expectations).toEqual([
      { name: 'outcome', expected: 'completed', seen: 'completed', verdict: 'Pass' },
    ]);
    expect(isPassed(answered)).toBe(true);
  });
});

describe('a step that waits for digits', () => {
  const steps = [{ wait_ms: 10 }, { expect_dtmf: '5' }];
  const waited = { state: 'done', startedMs: 0, endedMs: 10, digits: null } as const;

  it.each([
    ['heard', { state: 'done', startedMs: 10, endedMs: 20, digits: '15' }, '15', 'Pass'],
    ['not heard', { state: 'failed', startedMs: 10, endedMs: 20, digits: '1' }, '1', 'Fail'],
    ['not reached', { state: 'not-reached', startedMs: null, endedMs: null, digits: null }, null, 'Fail'],
  ] as const)('is an expectation by its place: %s', (_what, result, seen, verdict) => {
    expect(judge({ steps }, { steps: [waited, result] }).expectations).toEqual([
      { name: 'steps[1].expect_dtmf', expected: '5', seen, verdict },
    ]);
  });
});

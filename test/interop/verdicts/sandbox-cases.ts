import { all, answered, echo, heardEarly, refused, silent, sound, tone } from './truths.ts';
import { casesOf, type VerdictCase } from './verdict-case.ts';

/** A case, and the last three digits of the number in the sandbox. */
export interface SandboxCase extends VerdictCase {
  readonly digits: string;
}

const at = (digits: string, cases: readonly VerdictCase[]): readonly SandboxCase[] =>
  cases.map((each) => ({ ...each, name: `${digits}, ${each.name}`, digits }));

const lasting = (seconds: number) => ({ script: { expect: { talk_seconds_at_least: seconds } } });

const pressing = (dtmf: string, within: number) => [
  { wait_ms: 800 },
  { dtmf },
  { expect_dtmf: '5', within_ms: within },
];

const menu: readonly VerdictCase[] = [
  { name: 'menu takes 1', script: { steps: pressing('1', 5000) }, fails: [] },
  { name: 'menu takes no 2', script: { steps: pressing('2', 3000) }, fails: ['steps[2].expect_dtmf'] },
  {
    name: 'menu answers with a tone',
    script: { steps: [...pressing('1', 5000), { wait_ms: 3000 }], expect: { audio: 'tone', tone_hz: 1000 } },
    fails: [],
    measures: { toneHz: 1000 },
  },
  {
    name: 'menu answers with another tone',
    script: { steps: [...pressing('1', 5000), { wait_ms: 3000 }], expect: { audio: 'tone', tone_hz: 1020 } },
    fails: ['tone_hz'],
  },
  {
    name: 'menu ends after a wrong key',
    script: { steps: [{ wait_ms: 800 }, { dtmf: '9' }, { wait_ms: 3000 }], expect: { talk_seconds_at_least: 4 } },
    fails: ['talk_seconds_at_least'],
  },
];

const key = (dtmf: string, expect_dtmf: string, fails: readonly string[]): VerdictCase => ({
  name: `presses ${dtmf}, hears ${expect_dtmf}`,
  script: { steps: [{ dtmf }, { expect_dtmf, within_ms: 3000 }] },
  fails,
});

const keys: readonly VerdictCase[] = [
  ...['1', '12', '147#', '*9', '0', 'AD', '55', '2580', '##'].map((dtmf) => key(dtmf, dtmf, [])),
  ...(
    [
      ['1', '2'],
      ['12', '21'],
      ['147#', '147*'],
      ['5', '55'],
    ] as const
  ).map(([pressed, wanted]) => key(pressed, wanted, ['steps[1].expect_dtmf'])),
];

const lossy = {
  right: [{ loss_percent_at_most: 10 }, { audio: 'sound', mos_at_least: 3 }],
  wrong: [
    [['loss_percent_at_most'], { loss_percent_at_most: 2 }],
    [['mos_at_least'], { mos_at_least: 4.3 }],
  ],
} as const;

const hungUp = {
  right: [{ talk_seconds_at_least: 4 }, { outcome: 'completed', talk_seconds_at_least: 4 }],
  wrong: [
    [['talk_seconds_at_least'], { talk_seconds_at_least: 6.5 }],
    [['outcome'], { outcome: 'failed', talk_seconds_at_least: 4 }],
  ],
} as const;

/** What the numbers of the sandbox must come to: 150. */
export const sandboxCases: readonly SandboxCase[] = [
  ...at('100', casesOf('answers, silent', all(answered, silent), lasting(2))),
  ...at('101', casesOf('busy', refused('busy', 486, 17), { script: {} })),
  ...at(
    '102',
    casesOf(
      'rings',
      {
        right: [{ outcome: 'no-answer' }, { outcome: 'no-answer', ringback: 'none' }],
        wrong: [
          [['outcome'], { outcome: 'completed' }],
          [['ringback'], { outcome: 'no-answer', ringback: 'network' }],
          [['answer_ms_at_most'], { answer_ms_at_most: 120_000 }],
        ],
      },
      { script: { timeout: 5 } },
    ),
  ),
  ...at('103', casesOf('declines', refused('declined', 603, 21), { script: {} })),
  ...at('104', casesOf('does not exist', refused('unreachable', 404, 1), { script: {} })),
  ...at('105', casesOf('fails', refused('failed', 503, 41), { script: {} })),
  ...at('106', casesOf('hangs up after 5 s', hungUp, { script: {} })),
  ...at('107', casesOf('echoes', all(echo, answered), lasting(4))),
  ...at('108', casesOf('is heard before the answer', all(heardEarly, answered), lasting(2))),
  ...at('109', menu),
  ...at('110', casesOf('tone of 425 Hz', all(tone(425), answered), { ...lasting(3), measures: { toneHz: 425 } })),
  ...at('111', casesOf('answers at once', all(answered, silent), lasting(2))),
  ...at(
    '112',
    casesOf(
      'answers late',
      { right: sound.right, wrong: [[['answer_ms_at_most'], { answer_ms_at_most: 4000 }]] },
      lasting(3),
    ),
  ),
  ...at('113', casesOf('loses 5 %', all(lossy, sound), lasting(6))),
  ...at('114', keys),
  ...at('115', casesOf('is heard early, then sounds', all(heardEarly, sound, answered), lasting(3))),
];

import { delayedBy } from '../../support/relay-plans.ts';
import type { RelayPlan } from '../../support/rtp-relay.ts';
import {
  answers,
  answersWith,
  hangsUp,
  isAcknowledged,
  isHungUp,
  isInvited,
  isTerminated,
  pause,
  plays,
  pressesByInfo,
  refuses,
  rings,
  sendsEarlyMedia,
  type Step,
  takesCall,
} from '../steps.ts';
import type { CaptureName } from './captures.ts';
import { all, answered, echo, heardEarly, refused, silent, sound, tone } from './truths.ts';
import { casesOf, type Truth, type VerdictCase } from './verdict-case.ts';

/** What a scenario needs of the machine. */
export interface Surroundings {
  readonly fileOf: (name: CaptureName) => string;
  /** Of the relay, where there is one. */
  readonly mediaPort?: string | undefined;
}

/** A case, and what sipp does in it. */
export interface SippCase extends VerdictCase {
  readonly steps: (surroundings: Surroundings) => readonly Step[];
  /** It sends back what it hears. */
  readonly echoes?: true;
  /** Between the test phone and sipp, for what sipp sends back. */
  readonly relay?: RelayPlan;
}

type FarEnd = Omit<SippCase, keyof VerdictCase>;

const at = (farEnd: FarEnd, cases: readonly VerdictCase[]): readonly SippCase[] =>
  cases.map((each) => ({ ...farEnd, ...each }));

const lasting = (seconds: number) => ({ script: { expect: { talk_seconds_at_least: seconds } } });

const playing = (name: CaptureName): FarEnd => ({
  steps: ({ fileOf }) => [...takesCall, ...plays(fileOf(name), 0), ...isHungUp],
});

const playingPcma: FarEnd = {
  steps: ({ fileOf }) => [
    isInvited,
    rings,
    answersWith({ payloadType: 8 }),
    isAcknowledged,
    ...plays(fileOf('tone-pcma'), 0),
    ...isHungUp,
  ],
};

const refusing = (phrase: string, steps: readonly Step[] = []): FarEnd => ({
  steps: () => [isInvited, ...steps, ...refuses(phrase)],
});

const LATE_MS = 3000;
const late: Truth = {
  right: [{ answer_ms_at_most: 30_000 }, { outcome: 'completed', post_dial_ms_at_most: LATE_MS - 500 }],
  wrong: [[['answer_ms_at_most'], { answer_ms_at_most: LATE_MS - 500 }]],
};

const TONES = [300, 425, 440, 697, 1209, 1400, 2100, 2600, 3300] as const;

const tones: readonly SippCase[] = TONES.flatMap((hz) =>
  at(
    playing(`tone-${hz}`),
    casesOf(
      `sipp plays ${hz} Hz`,
      { right: [{ audio: 'tone', tone_hz: hz }], wrong: [[['tone_hz'], { audio: 'tone', tone_hz: hz + 14 }]] },
      { ...lasting(3), measures: { toneHz: hz } },
    ),
  ),
);

const DELAYS_MS = [60, 125, 250, 400, 700] as const;

const echoes: readonly SippCase[] = DELAYS_MS.flatMap((ms) =>
  at(
    {
      steps: ({ mediaPort }) => [isInvited, rings, answersWith({ mediaPort }), isAcknowledged, ...isHungUp],
      echoes: true,
      relay: delayedBy(ms),
    },
    casesOf(
      `sipp echoes after ${ms} ms`,
      { right: [{ audio: 'echo' }], wrong: [[['tone_hz'], { audio: 'echo', tone_hz: 1000 }]] },
      { ...lasting(5), measures: { echoDelayMs: ms } },
    ),
  ),
);

const KEYS = { 0: '0', 1: '1', 3: '3', 7: '7', 9: '9', star: '*', pound: '#' } as const;

const keyFile = (name: string): string => `/usr/share/sip-tester/dtmf_2833_${name}.pcap`;

const keyCase = (heard: string, expected: string): VerdictCase => ({
  name: `sipp presses ${heard}, ${expected} is expected`,
  // sipp plays a key to its end before it listens for a BYE.
  script: { expect: { talk_seconds_at_least: 4 }, steps: [{ expect_dtmf: expected, within_ms: 3500 }] },
  fails: heard.includes(expected) ? [] : ['steps[0].expect_dtmf'],
});

const keys: readonly SippCase[] = [
  ...Object.entries(KEYS).flatMap(([name, key]) =>
    at({ steps: () => [...takesCall, pause(300), ...plays(keyFile(name), 0), ...isHungUp] }, [
      keyCase(key, key),
      keyCase(key, key === '9' ? '6' : '9'),
    ]),
  ),
  ...at(
    {
      steps: () => [...takesCall, pause(300), ...plays(keyFile('5'), 800), ...plays(keyFile('7'), 0), ...isHungUp],
    },
    [keyCase('57', '57'), keyCase('57', '7'), keyCase('57', '75'), keyCase('57', '577')],
  ),
];

const infoCase = (expected: string): VerdictCase => ({
  name: `sipp presses 4# by INFO, ${expected} is expected`,
  script: { steps: [{ expect_dtmf: expected, within_ms: 3000 }] },
  fails: '4#'.includes(expected) ? [] : ['steps[0].expect_dtmf'],
});

const lossy: Truth = {
  right: [
    { loss_percent_at_most: 12, mos_at_least: 3 },
    { audio: 'sound', loss_percent_at_most: 13 },
  ],
  wrong: [
    [['loss_percent_at_most'], { loss_percent_at_most: 8 }],
    [['mos_at_least'], { mos_at_least: 3.9 }],
  ],
};

const hungUp: Truth = {
  right: [{ talk_seconds_at_least: 1.5 }],
  wrong: [[['talk_seconds_at_least'], { talk_seconds_at_least: 4 }]],
};

const unheard: Truth = {
  right: [{ ringback: 'none', outcome: 'completed' }],
  // No packet is not silence: nobody knows what is there.
  wrong: [[['audio'], { audio: 'silence' }]],
};

const noAnswer: Truth = {
  right: [{ outcome: 'no-answer' }],
  wrong: [[['outcome'], { outcome: 'completed' }]],
};

/** What sipp does, with captured audio, echoes, keys, refusals, and late answers. */
export const sippCases: readonly SippCase[] = [
  ...tones,
  ...at(
    playing('tone-1004'),
    casesOf('sipp plays 1004 Hz', all(tone(1004), answered), { ...lasting(3), measures: { toneHz: 1004 } }),
  ),
  ...at(playingPcma, casesOf('sipp plays PCMA', tone(1020), { ...lasting(3), measures: { toneHz: 1020 } })),
  ...at(
    playing('busy-tone'),
    casesOf('sipp plays a busy tone', tone(425), { ...lasting(5), measures: { toneHz: 425 } }),
  ),
  ...at(
    playing('dial-tone'),
    casesOf(
      'sipp plays two tones',
      { right: [{ audio: 'tone' }], wrong: [[['audio'], { audio: 'silence' }]] },
      lasting(3),
    ),
  ),
  ...at(playing('speech'), casesOf('sipp plays speech', sound, lasting(5))),
  ...at(playing('noise'), casesOf('sipp plays noise', sound, lasting(3))),
  ...at(playing('digital-silence'), casesOf('sipp plays silence', silent, lasting(3))),
  ...at(playing('comfort-noise'), casesOf('sipp plays comfort noise', silent, lasting(3))),
  ...at(playing('lossy-speech'), casesOf('sipp plays what lost 10 %', lossy, lasting(6))),
  ...at({ steps: () => [...takesCall, ...isHungUp] }, casesOf('sipp sends nothing', unheard, lasting(1))),
  ...at({ steps: () => [...takesCall, ...isHungUp], echoes: true }, casesOf('sipp echoes', echo, lasting(5))),
  ...echoes,
  ...keys,
  ...at(
    { steps: () => [...takesCall, ...pressesByInfo('4', 1), ...pressesByInfo('#', 2), ...isHungUp] },
    ['4#', '#', '4*'].map(infoCase),
  ),
  ...at(refusing('486 Busy Here', [rings]), casesOf('sipp is busy', refused('busy', 486, 17), { script: {} })),
  ...at(refusing('603 Decline'), casesOf('sipp declines', refused('declined', 603, 21), { script: {} })),
  ...at(
    refusing('480 Temporarily Unavailable', [rings]),
    casesOf('sipp is not there', refused('no-answer', 480, 18), { script: {} }),
  ),
  ...at(
    { steps: () => [isInvited, rings, pause(LATE_MS), answers, isAcknowledged, ...isHungUp] },
    casesOf('sipp answers late', late, lasting(1)),
  ),
  ...at(
    {
      steps: ({ fileOf }) => [
        isInvited,
        sendsEarlyMedia,
        ...plays(fileOf('ringing'), LATE_MS),
        answers,
        isAcknowledged,
        ...isHungUp,
      ],
    },
    casesOf('sipp is heard, then answers', all(heardEarly, late), lasting(1)),
  ),
  ...at(
    { steps: () => [...takesCall, pause(2000), ...hangsUp] },
    casesOf('sipp hangs up', hungUp, { script: { steps: [{ wait_ms: 6000 }] } }),
  ),
  ...at(
    { steps: () => [isInvited, rings, ...isTerminated] },
    casesOf('sipp rings', noAnswer, { script: { timeout: 5 } }),
  ),
];

import type { RtpSource } from '../../media/rtp-endpoint.ts';
import type { SandboxMedia } from './sandbox-media.ts';

/** What a number does once it has answered, besides what it sends. */
export type Conduct = (media: SandboxMedia, hangUp: () => void) => void;

/** What a number of the carrier does. */
export type Behaviour =
  | {
      readonly kind: 'answer';
      readonly media: RtpSource;
      readonly early?: RtpSource;
      /** Instead of the usual time. */
      readonly answerAfterMs?: number;
      readonly hangUpAfterMs?: number;
      readonly leavesOutOneOf?: number;
      readonly conduct?: Conduct;
    }
  | { readonly kind: 'ring' }
  | { readonly kind: 'refuse'; readonly status: number };

const HOUR_MS = 3_600_000;

const saysTone =
  (hz: number): Conduct =>
  (media) =>
    void media.say({ kind: 'tone', hz, ms: HOUR_MS });

const makesSound: Conduct = (media) => void media.say({ kind: 'probe' });

/** Asks with a tone, takes 1 for an answer, and lets nobody in who presses another key. */
const isMenu: Conduct = (media, hangUp) => {
  void media.say({ kind: 'tone', hz: 440, ms: 600 });
  media.onDigit((digit) => {
    if (digit === '1') {
      void media.say({ kind: 'digits', digits: '5' }).then(() => media.say({ kind: 'tone', hz: 1000, ms: HOUR_MS }));
    } else void media.say({ kind: 'tone', hz: 480, ms: 500 }).then(hangUp);
  });
};

/** Each key comes back, one after the other. */
const repeatsKeys: Conduct = (media) => {
  let said = Promise.resolve();
  media.onDigit((digit) => {
    said = said.then(() => media.say({ kind: 'digits', digits: digit }));
  });
};

const answers = { kind: 'answer', media: 'silence' } as const;

/** By the last three digits. A number that is not here does not exist. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  '100': answers,
  '101': { kind: 'refuse', status: 486 },
  '102': { kind: 'ring' },
  '103': { kind: 'refuse', status: 603 },
  '104': { kind: 'refuse', status: 404 },
  '105': { kind: 'refuse', status: 503 },
  '106': { ...answers, hangUpAfterMs: 5000 },
  '107': { kind: 'answer', media: 'echo' },
  '108': { ...answers, early: 'ringback' },
  '109': { ...answers, conduct: isMenu },
  '110': { ...answers, conduct: saysTone(425) },
  '111': { ...answers, answerAfterMs: 0 },
  '112': { ...answers, answerAfterMs: 8000, conduct: makesSound },
  '113': { ...answers, leavesOutOneOf: 20, conduct: makesSound },
  '114': { ...answers, conduct: repeatsKeys },
  '115': { ...answers, early: 'ringback', conduct: makesSound },
};

const UNKNOWN: Behaviour = { kind: 'refuse', status: 404 };

/** @param uri - the Request-URI of the call */
export const behaviourOf = (uri: string): Behaviour =>
  behaviours[/^sips?:[^@]*(\d{3})@/i.exec(uri)?.[1] ?? ''] ?? UNKNOWN;

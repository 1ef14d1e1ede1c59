import { silent, sound, tone } from './truths.ts';
import { casesOf, type VerdictCase } from './verdict-case.ts';

/** What sox makes for baresip to play: a file of 30 s, 8000 Hz. */
export interface SoxSound {
  readonly name: string;
  /** After `synth 30`. */
  readonly effect: readonly string[];
}

/** Cases at one phone. */
export interface BaresipPhone {
  readonly sound: SoxSound;
  readonly cases: readonly VerdictCase[];
}

const lasting = (seconds: number) => ({ script: { expect: { talk_seconds_at_least: seconds } } });

const plays = (name: string, effect: readonly string[], cases: readonly VerdictCase[]): BaresipPhone => ({
  sound: { name, effect },
  cases,
});

/** What baresip does, with what sox made. */
export const baresipPhones: readonly BaresipPhone[] = [
  plays(
    'sine-1300',
    ['sine', '1300', 'vol', '0.3'],
    casesOf('baresip plays 1300 Hz', tone(1300), { ...lasting(4), measures: { toneHz: 1300 } }),
  ),
  plays(
    'sine-512',
    ['sine', '512', 'vol', '0.1'],
    casesOf('baresip plays 512 Hz', tone(512), { ...lasting(4), measures: { toneHz: 512 } }),
  ),
  plays('pink', ['pinknoise', 'vol', '0.3'], casesOf('baresip plays pink noise', sound, lasting(4))),
  plays('sweep', ['sine', '300-3000', 'vol', '0.3'], casesOf('baresip plays a sweep', sound, lasting(4))),
  plays('nothing', ['sine', '1000', 'vol', '0'], casesOf('baresip plays silence', silent, lasting(4))),
];

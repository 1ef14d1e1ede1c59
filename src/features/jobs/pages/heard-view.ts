import type { HeardAudio } from '../../../calls/test-call.ts';
import type { FactView, ProjectPageData } from '../../../web/page/project-page-data.ts';

const measured = (value: number | null, unit: string, places = 0): string =>
  value === null ? 'not measured' : `${value.toFixed(places)}${unit}`;

/** What was measured, with its unit and what it means. */
export const heardFacts = (heard: HeardAudio): readonly FactView[] => [
  {
    label: 'Heard',
    value: heard.audio,
    meaning: 'A steady tone, an echo of what was sent, silence, or any other sound.',
  },
  {
    label: 'Level',
    value: measured(heard.levelDbov, ' dBov', 1),
    meaning: 'How loud what was not silent was, under the loudest that can be sent. Speech has about -26 dBov.',
  },
  { label: 'Tone', value: measured(heard.toneHz, ' Hz', 1), meaning: 'The frequency of the strongest steady tone.' },
  {
    label: 'Echo delay',
    value: measured(heard.echoDelayMs, ' ms'),
    meaning: 'Until what was sent came back. Half of it counts as the delay of one way.',
  },
  {
    label: 'Loss',
    value: measured(heard.lossPercent, ' %', 2),
    meaning: 'Packets that never came, or too late for a playout buffer of 60 ms, of all that were sent.',
  },
  {
    label: 'Jitter',
    value: measured(heard.jitterMs, ' ms', 1),
    meaning: 'How unevenly packets came: the mean of the interarrival jitter (RFC 3550).',
  },
  {
    label: 'R',
    value: measured(heard.r, '', 1),
    meaning: 'The rating of the E-model (ITU-T G.107), 0 to 100, from loss, codec and delay.',
  },
  {
    label: 'MOS',
    value: measured(heard.mos, '', 2),
    meaning: 'The mean opinion score that goes with R: 4.3 and more is very good, under 3.6 many are dissatisfied.',
  },
];

const WIDTH = 1000;
const SILENCE_DBOV = -127;
const LEVELS_A_SECOND = 10;

/** The line of the plot: each 100 ms from left to right, 0 dBov at the top and -127 at the bottom. */
export const levelLine = (levels: readonly number[]): ProjectPageData['test-run']['levels'] => {
  if (levels.length === 0) return undefined;
  const step = WIDTH / Math.max(levels.length - 1, 1);
  const bounded = levels.map((level) => Math.max(Math.min(level, 0), SILENCE_DBOV));
  return {
    points: bounded.map((level, index) => `${(index * step).toFixed(1)},${(-level).toFixed(1)}`).join(' '),
    seconds: (levels.length / LEVELS_A_SECOND).toFixed(1),
    loudest: bounded.reduce((most, level) => Math.max(most, level), SILENCE_DBOV).toFixed(1),
  };
};

import type { Truth } from './verdict-case.ts';

/*
 * What is true of far ends, whoever they are. Bounds are such that no speed of a machine decides about them.
 */

/** It answers, and the network is as good as a loopback. */
export const answered: Truth = {
  right: [{ outcome: 'completed' }, { sip_status: 200 }, { answer_ms_at_most: 30_000, post_dial_ms_at_most: 20_000 }],
  wrong: [
    [['outcome'], { outcome: 'busy' }],
    [['outcome', 'sip_status'], { outcome: 'declined', sip_status: 603 }],
    [['answer_ms_at_most'], { answer_ms_at_most: 0 }],
    [['sip_status'], { sip_status: 486 }],
  ],
};

/** It is refused with a status, and so has an outcome. */
export const refused = (outcome: string, status: number, cause: number): Truth => ({
  right: [{ outcome }, { sip_status: status }, { outcome, sip_status: status, q850_cause: cause }],
  wrong: [
    [['outcome'], { outcome: 'completed' }],
    [['sip_status'], { outcome, sip_status: status === 480 ? 486 : 480 }],
    [['q850_cause'], { q850_cause: 31, sip_status: status }],
    [['audio'], { outcome, audio: 'sound' }],
    [['talk_seconds_at_least', 'mos_at_least'], { talk_seconds_at_least: 1, mos_at_least: 1, outcome }],
  ],
});

export const tone = (hz: number): Truth => ({
  right: [{ audio: 'tone' }, { tone_hz: hz }, { audio: 'sound', ringback: 'none' }],
  wrong: [
    [['tone_hz'], { audio: 'tone', tone_hz: hz + 25 }],
    [['tone_hz'], { tone_hz: hz - 15 }],
    [['audio'], { audio: 'echo', tone_hz: hz }],
    [['audio'], { audio: 'silence' }],
  ],
});

/** What is neither a tone nor an echo. */
export const sound: Truth = {
  right: [{ audio: 'sound' }, { audio: 'sound', outcome: 'completed', sip_status: 200 }],
  wrong: [
    [['audio'], { audio: 'tone' }],
    [['audio'], { audio: 'silence', sip_status: 200 }],
    [['audio'], { audio: 'echo' }],
    [['tone_hz'], { audio: 'sound', tone_hz: 440 }],
  ],
};

export const silent: Truth = {
  right: [{ audio: 'silence' }, { audio: 'silence', ringback: 'none' }],
  wrong: [
    [['audio'], { audio: 'sound' }],
    [['audio', 'tone_hz'], { audio: 'tone', tone_hz: 425 }],
    [['audio'], { audio: 'echo' }],
  ],
};

/** What it hears comes back. */
export const echo: Truth = {
  right: [{ audio: 'echo' }, { audio: 'echo', outcome: 'completed', ringback: 'none' }],
  wrong: [
    [['tone_hz'], { audio: 'echo', tone_hz: 1000 }],
    [['outcome'], { audio: 'echo', outcome: 'no-answer' }],
    [['q850_cause'], { audio: 'echo', q850_cause: 17 }],
  ],
};

/** Audio comes before the answer. */
export const heardEarly: Truth = {
  right: [{ ringback: 'network' }, { ringback: 'network', outcome: 'completed' }],
  wrong: [
    [['ringback'], { ringback: 'none' }],
    [['ringback', 'outcome'], { ringback: 'none', outcome: 'busy' }],
  ],
};

/** Several truths of one far end. */
export const all = (...truths: readonly Truth[]): Truth => ({
  right: truths.flatMap(({ right }) => right),
  wrong: truths.flatMap(({ wrong }) => wrong),
});

/* What a script can say, as fields of a form: each with its label, and what may stand there. */

const outcomes = ['completed', 'busy', 'declined', 'no-answer', 'unreachable', 'failed', 'cancelled'];

/** `choices` make a list to choose from; all others are numbers. */
export const expectations = [
  { name: 'outcome', label: 'Outcome', choices: outcomes },
  { name: 'audio', label: 'What is heard', choices: ['tone', 'sound', 'silence', 'echo'] },
  { name: 'tone_hz', label: 'Tone (Hz)' },
  { name: 'answer_ms_at_most', label: 'Answered within (ms)' },
  { name: 'post_dial_ms_at_most', label: 'Ringing within (ms)' },
  { name: 'ringback', label: 'Ringback', choices: ['network', 'none'] },
  { name: 'talk_seconds_at_least', label: 'Talks for at least (s)' },
  { name: 'sip_status', label: 'SIP status' },
  { name: 'q850_cause', label: 'Q.850 cause' },
  { name: 'loss_percent_at_most', label: 'Loss at most (%)' },
  { name: 'mos_at_least', label: 'MOS at least' },
];

/** The field that tells the kind of a step comes first. */
export const steps = [
  { kind: 'wait_ms', label: 'Wait', fields: [{ name: 'wait_ms', label: 'Milliseconds', number: true }], empty: 500 },
  { kind: 'dtmf', label: 'Press keys', fields: [{ name: 'dtmf', label: 'Keys' }], empty: '1' },
  {
    kind: 'expect_dtmf',
    label: 'Hear keys',
    fields: [
      { name: 'expect_dtmf', label: 'Keys' },
      { name: 'within_ms', label: 'Within (ms)', number: true },
    ],
    empty: '1',
  },
  {
    kind: 'play',
    label: 'Play',
    fields: [
      { name: 'play', label: 'Tone or sound', list: 'playable' },
      { name: 'for_ms', label: 'For (ms)', number: true },
    ],
    empty: 'tone:1000',
  },
  { kind: 'hang_up', label: 'Hang up', fields: [], empty: true },
];

/** What was typed, as JSON has it: nothing where the field is empty, and text where a number is none. */
export const valueOf = (text, { number }) => {
  if (text.trim() === '') return undefined;
  return number && Number.isFinite(Number(text)) ? Number(text) : text;
};

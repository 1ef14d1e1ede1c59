/**
 * The call flow of RFC 3725 with an early offer everywhere, as data: where a call is, what may happen there, and where
 * that leads. What is not named here is not heard: it came too late.
 *
 *   locating ─▶ calling ─▶ dialling ─▶ joining ─▶ joined
 *                              │          │          │
 *                              ▼          │          │
 *                           refusing ─────┴──────────┴─▶ over (from every phase)
 */
export type Phase =
  /** Looking for the user's phones. */
  | 'locating'
  /** The user's phone rings. */
  | 'calling'
  /** The user hears ringback, the destination rings. */
  | 'dialling'
  /** The destination has answered; the user's phone is being offered its media. */
  | 'joining'
  | 'joined'
  /** The destination could not be had; its fate is published and the user hears the busy tone. */
  | 'refusing'
  | 'over';

export type Input =
  | 'caller-located'
  | 'caller-answered'
  | 'callee-answered'
  | 'media-joined'
  | 'callee-failed'
  /** Whatever else ends a call: a hang-up of either leg or by request, a failed caller, media that do not fit. */
  | 'end';

export const callFlow: Readonly<Record<Phase, Readonly<Partial<Record<Input, Phase>>>>> = {
  locating: { 'caller-located': 'calling', end: 'over' },
  calling: { 'caller-answered': 'dialling', end: 'over' },
  dialling: { 'callee-answered': 'joining', 'callee-failed': 'refusing', end: 'over' },
  joining: { 'media-joined': 'joined', end: 'over' },
  joined: { end: 'over' },
  refusing: { end: 'over' },
  over: {},
};

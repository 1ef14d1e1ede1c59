/**
 * Where a session stands, on either side, and where a step leads. A step that is not named in a phase comes too late.
 *
 *     inviting ─▶ answered ─▶ established ─▶ leaving ─▶ ended (from every phase)
 *        │           │             ▲            ▲
 *        │           ▼             │            │
 *        ├──────▶ cancelled ───────│────────────┘
 *        └─────────────────────────┘
 */
export type Phase =
  | 'inviting'
  /** Our 2xx is sent; its ACK is awaited. */
  | 'answered'
  | 'established'
  /** Ended by us before it was established: a 2xx may cross our CANCEL, or the ACK of ours is not there yet. */
  | 'cancelled'
  /** Our BYE is sent. */
  | 'leaving'
  | 'ended';

export type Step = 'answer' | 'establish' | 'cancel' | 'leave' | 'end';

export const sessionFlow: Readonly<Record<Phase, Readonly<Partial<Record<Step, Phase>>>>> = {
  inviting: { answer: 'answered', establish: 'established', cancel: 'cancelled', end: 'ended' }, // RFC 3261 13, 9.1
  answered: { establish: 'established', cancel: 'cancelled', end: 'ended' }, // 13.3.1.4, 15: no BYE before the ACK
  established: { leave: 'leaving', end: 'ended' }, // 15.1
  cancelled: { leave: 'leaving', end: 'ended' }, // 9.1, 15.1
  leaving: { end: 'ended' }, // 15.1.1
  ended: {},
};

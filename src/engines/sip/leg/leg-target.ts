import type { InviteOptions, Session } from '../../../sip/user-agent.ts';

/** What a target is reached over. */
export interface LegTrunk {
  readonly name: string;
  /** Takes notice of what becomes of each INVITE. */
  readonly health?: { follow(session: Session): void; silent(): void; readonly isPassedOver: boolean } | undefined;
  /** How many calls it takes, where it does not take all. */
  readonly load?: { readonly isFull: boolean; take(session: Pick<Session, 'on'>): void } | undefined;
  /** With no response at all for so long, the next target is tried. */
  readonly firstResponseMs?: number | undefined;
}

/** One address at which a leg may be rung, ready to be invited. */
export interface LegTarget {
  /** As the API shows it. */
  readonly address: string;
  readonly trunk?: LegTrunk | undefined;
  readonly invite: Omit<InviteOptions, 'sdp'>;
}

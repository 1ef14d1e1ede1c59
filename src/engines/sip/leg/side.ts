import type { Clock } from '../../../shared/clock.ts';
import type { InviteOptions, RemoteOffer, Session } from '../../../sip/user-agent.ts';
import { Leg, type LegOptions, type LegUser } from './leg.ts';
import { LegSdp } from './leg-sdp.ts';
import type { OfferedCodecs } from './next-attempt.ts';

/** A leg with what it was sent and what it said of its media. */
export interface Side {
  readonly leg: Leg;
  readonly sdp: LegSdp;
  /** The last description of the leg's own; empty until it answers. */
  remote: string;
}

export interface SideFactoryOptions {
  readonly invite: (options: InviteOptions) => Session;
  readonly clock: Clock;
  /** Of our media. */
  readonly address: string;
  /** For an `o=` line: one that no other leg of ours has. */
  readonly nextSessionId: () => number;
}

export interface SidePlan extends Pick<LegOptions, 'targets' | 'ringSeconds' | 'next'> {
  /** Whose media the INVITE shows, as they are then; undefined where there are none with these codecs. */
  readonly media: (codecs: OfferedCodecs) => string | undefined;
  readonly user: Omit<LegUser, 'offered' | 'renegotiated'>;
  readonly offered: (offer: RemoteOffer, side: Side) => void;
  readonly renegotiated: (answer: string, side: Side) => void;
}

/** Makes a leg that shows others' media under an origin of its own. Nothing is sent before it is started. */
export const createSide = (
  { invite, clock, address, nextSessionId }: SideFactoryOptions,
  { media, user, offered, renegotiated, ...plan }: SidePlan,
): Side => {
  const sdp = new LegSdp({ sessionId: nextSessionId(), address });
  const leg = new Leg({
    ...plan,
    invite,
    clock,
    offer: (codecs) => {
      const shown = media(codecs);
      return shown && sdp.stamp(shown);
    },
    user: {
      ...user,
      offered: (offer) => offered(offer, side),
      renegotiated: (answer) => renegotiated(answer, side),
    },
  });
  const side: Side = { leg, sdp, remote: '' };
  return side;
};

import { isIP } from 'node:net';
import type { HeardPeer } from '../../../media/test-phone/test-phone-media.ts';
import { parseUri } from '../../../sip/message/uri.ts';
import { answerAudio } from '../../../sip/sdp/answer-audio.ts';
import { audioFormatOf, audioTargetOf, wantsAudio } from '../../../sip/sdp/audio-target.ts';
import { type AudioSdpOptions, createAudioSdp } from '../../../sip/sdp/create-audio-sdp.ts';
import type { LegTarget } from '../leg/leg-target.ts';

/** What a port of ours says of itself: G.711 and telephone events, both ways. Its leg sets the origin line. */
export class PortSdp {
  readonly offer: string;
  readonly #description: AudioSdpOptions;

  constructor(where: { readonly address: string; readonly port: number }) {
    this.#description = { sessionId: 0, version: 0, ...where };
    this.offer = createAudioSdp(this.#description);
  }

  /**
   * Our answer to an offer of the far end.
   * @throws SdpError where it has nothing that we speak
   */
  answer(offer: string): string {
    return answerAudio(offer, this.#description);
  }
}

/**
 * How a description of the far end is heard, and where it wants to be sent audio: nowhere while it is on hold, or only plays.
 * A far end behind NAT is where its audio comes from, if that is the host by which it signals.
 * Undefined where it has no audio that we speak.
 */
export const peerOf = (description: string, signallingHosts: readonly string[]): HeardPeer | undefined => {
  try {
    const format = audioFormatOf(description);
    if (format === undefined) return undefined;
    const { payloadType, eventPayloadType: telephoneEventPayloadType } = format;
    return {
      payloadType,
      ...(telephoneEventPayloadType !== undefined && { telephoneEventPayloadType }),
      ...placeOf(description, signallingHosts),
    };
  } catch {
    return undefined; // malformed
  }
};

const placeOf = (description: string, hosts: readonly string[]): Pick<HeardPeer, 'to' | 'learnsFrom'> => {
  const to = audioTargetOf(description);
  if (to === undefined) return wantsAudio(description) ? { learnsFrom: hosts } : {};
  const { address, port } = to;
  // From the host that it names it may send by another port than it hears at: that is no NAT.
  return { to: { address, port }, learnsFrom: hosts.filter((host) => host !== address) };
};

/** From where the far end signals, as far as that is known by an address. */
export const hostsOf = ({ hop, target }: Pick<LegTarget['invite'], 'hop' | 'target'>): readonly string[] => {
  const uri = parseUri(target);
  const hosts = [hop?.address ?? '', uri.scheme === 'tel' ? '' : uri.host];
  return hosts.map((host) => host.replace(/^\[(.*)\]$/, '$1')).filter((host) => isIP(host) !== 0);
};

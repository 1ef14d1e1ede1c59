import type { RtpPeer } from '../../../media/test-phone/test-phone-media.ts';
import { answerAudio } from '../../../sip/sdp/answer-audio.ts';
import { audioFormatOf, audioTargetOf } from '../../../sip/sdp/audio-target.ts';
import { type AudioSdpOptions, createAudioSdp } from '../../../sip/sdp/create-audio-sdp.ts';

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
 * Undefined where it has no audio that we speak.
 */
export const peerOf = (description: string): RtpPeer | undefined => {
  try {
    const format = audioFormatOf(description);
    if (format === undefined) return undefined;
    const to = audioTargetOf(description);
    const { payloadType, eventPayloadType: telephoneEventPayloadType } = format;
    return {
      payloadType,
      ...(telephoneEventPayloadType !== undefined && { telephoneEventPayloadType }),
      ...(to !== undefined && { to: { address: to.address, port: to.port } }),
    };
  } catch {
    return undefined; // malformed
  }
};

import { answerAudio } from '../../../sip/sdp/answer-audio.ts';
import { type AudioSdpOptions, createAudioSdp } from '../../../sip/sdp/create-audio-sdp.ts';

/** What the test phone says of its port: G.711 and telephone events, both ways. Its leg sets the origin line. */
export class TestPhoneSdp {
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

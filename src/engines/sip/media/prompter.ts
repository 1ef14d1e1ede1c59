import type { MediaPort } from '../../../media/media-port.ts';
import type { ToneName } from '../../../media/tones.ts';
import { answerAudio } from '../../../sip/sdp/answer-audio.ts';
import { type AudioTarget, audioTargetOf } from '../../../sip/sdp/audio-target.ts';
import { type AudioSdpOptions, createAudioSdp } from '../../../sip/sdp/create-audio-sdp.ts';

export interface PromptPlayback {
  stop(): void;
}

const readTarget = (sdp: string): AudioTarget | undefined => {
  try {
    return audioTargetOf(sdp);
  } catch {
    return undefined;
  }
};

/** What a user hears before the join: tones, all from one port that every call shares. */
export class Prompter {
  /** The address in our SDP. */
  readonly address: string;
  /** Our offer to the user's phone: sendrecv G.711 with telephone events, at the shared port. */
  readonly offer: string;
  readonly #description: AudioSdpOptions;
  readonly #media: MediaPort;

  constructor({ media, address }: { readonly media: MediaPort; readonly address: string }) {
    this.#media = media;
    this.#description = { sessionId: 0, version: 0, address, port: media.port };
    this.address = address;
    this.offer = createAudioSdp(this.#description);
  }

  /**
   * Our answer to an offer of the user's phone.
   * @throws SdpError where it has nothing that we speak
   */
  answer(offer: string): string {
    return answerAudio(offer, this.#description);
  }

  /** Plays a tone to where `sdp` receives audio. @returns undefined where it receives none that we can send */
  play(tone: ToneName, sdp: string): PromptPlayback | undefined {
    const to = readTarget(sdp);
    return to && this.#media.play({ to, payloadType: to.payloadType, tone });
  }
}

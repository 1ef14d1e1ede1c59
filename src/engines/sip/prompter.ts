import type { MediaPort } from '../../media/media-port.ts';
import type { ToneName } from '../../media/tones.ts';
import { audioTargetOf } from '../../sip/sdp/audio-target.ts';
import { createAudioSdp } from '../../sip/sdp/create-audio-sdp.ts';

export interface PromptPlayback {
  readonly tone: ToneName;
  stop(): void;
}

/** What a user hears before the join: tones, all from one port that every call shares. */
export class Prompter {
  /** The address in our SDP. */
  readonly address: string;
  /** Our offer to the user's phone: sendrecv G.711 with telephone events, at the shared port. */
  readonly offer: string;
  readonly #media: MediaPort;

  constructor({ media, address }: { readonly media: MediaPort; readonly address: string }) {
    this.#media = media;
    this.address = address;
    this.offer = createAudioSdp({ sessionId: 0, version: 0, address, port: media.port });
  }

  /**
   * Plays a tone to where `sdp` receives audio.
   * @returns undefined where it receives none that we can send
   * @throws SdpError when the description cannot be read
   */
  play(tone: ToneName, sdp: string): PromptPlayback | undefined {
    const to = audioTargetOf(sdp);
    if (to === undefined) return undefined;
    const playback = this.#media.play({ to, payloadType: to.payloadType, tone });
    return { tone, stop: () => playback.stop() };
  }
}

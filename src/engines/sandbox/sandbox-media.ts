import type { SentAudio } from '../../media/audio-sender.ts';
import { RtpEndpoint, type RtpSource } from '../../media/rtp-endpoint.ts';
import type { MonotonicClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { answerAudio } from '../../sip/sdp/answer-audio.ts';
import { audioTargetOf } from '../../sip/sdp/audio-target.ts';
import { createAudioSdp } from '../../sip/sdp/create-audio-sdp.ts';
import type { IncomingSession } from '../../sip/user-agent.ts';

export interface SandboxMediaOptions {
  readonly host: string;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
  readonly send: RtpSource;
  /** Of so many packets one is left out. */
  readonly leavesOutOneOf?: number;
}

/** The media of one call at a sandbox peer: real RTP at a port of its own, described by SDP of its own. */
export class SandboxMedia {
  readonly #endpoint: RtpEndpoint;
  readonly #host: string;
  #version = 0;

  private constructor(endpoint: RtpEndpoint, host: string) {
    this.#endpoint = endpoint;
    this.#host = host;
  }

  static async open(options: SandboxMediaOptions): Promise<SandboxMedia> {
    return new SandboxMedia(await RtpEndpoint.open(options), options.host);
  }

  /**
   * Answers an offer, and sends where it says.
   * @throws SdpError when the two have no audio in common
   */
  answer(offer: string): string {
    const answer = answerAudio(offer, this.#description());
    const to = audioTargetOf(offer);
    if (to !== undefined) {
      const { payloadType, eventPayloadType } = to;
      this.#endpoint.connect({
        to,
        payloadType,
        ...(eventPayloadType !== undefined && { telephoneEventPayloadType: eventPayloadType }),
      });
    }
    return answer;
  }

  /** An offer of our own, for a peer that asks without one. */
  offer(): string {
    return createAudioSdp(this.#description());
  }

  send(source: RtpSource): void {
    this.#endpoint.send(source);
  }

  /** Resolves when it was said, or cut off. */
  say(audio: SentAudio): Promise<void> {
    return this.#endpoint.say(audio);
  }

  /** Each key that the caller presses, by telephone event. */
  onDigit(listener: (digit: string) => void): void {
    this.#endpoint.on('digit', listener);
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  #description(): { sessionId: number; version: number; address: string; port: number } {
    this.#version += 1;
    const { port } = this.#endpoint;
    return { sessionId: port, version: this.#version, address: this.#host, port };
  }
}

/**
 * Opens the media of a session: later offers are answered with it, and it is freed when the session ends.
 * @returns undefined where the session has ended meanwhile
 */
export const openMediaFor = async (
  session: IncomingSession,
  options: SandboxMediaOptions,
): Promise<SandboxMedia | undefined> => {
  const opened = SandboxMedia.open(options);
  const ended = new Promise<undefined>((resolve) => session.on('ended', () => resolve(undefined)));
  void ended.then(async () => (await opened).close()).catch(() => undefined); // the caller of `open` hears of that
  const media = await Promise.race([ended, opened]);
  if (media === undefined) return undefined;
  session.on('offer', (offer) => {
    try {
      offer.accept(offer.sdp === undefined ? media.offer() : media.answer(offer.sdp));
    } catch {
      offer.reject(488);
    }
  });
  return media;
};

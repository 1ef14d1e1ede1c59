import type { Socket } from 'node:dgram';
import type { MonotonicClock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { FrameTicker } from './frame-ticker.ts';
import type { G711PayloadType } from './g711.ts';
import { RtpStream } from './rtp-stream.ts';
import type { ToneName, TonePlan } from './tones.ts';
import { toneFrames } from './tones.ts';
import type { MediaAddress, MediaBinding } from './udp-socket.ts';
import { bindUdpSocket, isSendable } from './udp-socket.ts';

export interface MediaPortOptions extends MediaBinding {
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** `us` by default. */
  readonly tonePlan?: TonePlan;
}

export interface PlayOptions {
  /** As the SDP of the phone says. Nothing is sent to an address on hold, to port 0 or to a name. */
  readonly to: MediaAddress;
  readonly payloadType: G711PayloadType;
  readonly tone: ToneName;
}

export interface Playback {
  /** No packet leaves after it. Stopping twice does nothing. */
  stop(): void;
}

interface Playing extends PlayOptions {
  /** Made with the first packet: many playbacks are stopped before it. */
  stream: RtpStream | undefined;
}

/** The system raises it to its least, two or three packets: a flood is dropped by the kernel, not by us. */
const RECV_BUFFER_BYTES = 1;

/**
 * One UDP socket for all calls that only hear a tone. Each playback is an RTP stream of its own, known by where
 * it goes; all are driven by one timer, which runs only while something plays. What arrives is dropped.
 */
export class MediaPort {
  readonly address: string;
  readonly port: number;
  readonly #socket: Socket;
  readonly #ids: IdSource;
  readonly #log: Log;
  readonly #tonePlan: TonePlan;
  readonly #ticker: FrameTicker;
  readonly #playing = new Set<Playing>();
  #closed: Promise<void> | undefined;

  private constructor(socket: Socket, options: MediaPortOptions) {
    const { address, port } = socket.address();
    this.address = address;
    this.port = port;
    this.#socket = socket;
    this.#ids = options.ids;
    this.#log = options.log;
    this.#tonePlan = options.tonePlan ?? 'us';
    this.#ticker = new FrameTicker({
      clock: options.clock,
      onFrame: () => this.#sendFrames(),
      onSkip: (frames) => this.#skipFrames(frames),
    });
    socket.on('error', (error) => this.#log.warn({ err: error }, 'media port failed'));
  }

  /**
   * Binds the port and opens it.
   * @throws NoMediaPortError when nothing can be bound
   */
  static async open(options: MediaPortOptions): Promise<MediaPort> {
    return new MediaPort(await bindUdpSocket(options, RECV_BUFFER_BYTES), options);
  }

  /** How many streams are being sent. */
  get playing(): number {
    return this.#playing.size;
  }

  /** Plays a tone until it is stopped, the first packet within 20 ms. Never throws, whatever the address. */
  play(options: PlayOptions): Playback {
    if (this.#closed !== undefined || !isSendable(options.to)) return { stop: () => undefined };
    const playing: Playing = { ...options, stream: undefined };
    this.#playing.add(playing);
    this.#ticker.start();
    return { stop: () => this.#stop(playing) };
  }

  /** Stops every playback and frees the port. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#playing.clear();
      this.#ticker.stop();
      this.#socket.close(resolve);
    });
    return this.#closed;
  }

  #stop(playing: Playing): void {
    if (this.#playing.delete(playing) && this.#playing.size === 0) this.#ticker.stop();
  }

  #sendFrames(): void {
    for (const playing of this.#playing) {
      try {
        playing.stream ??= this.#createStream(playing);
        // Without a callback Node drops what the network refuses; media is not sent twice.
        this.#socket.send(playing.stream.next(), playing.to.port, playing.to.address);
      } catch (error) {
        this.#log.error({ err: error }, 'playback failed');
        this.#stop(playing);
      }
    }
  }

  #skipFrames(frames: number): void {
    for (const { stream } of this.#playing) stream?.skip(frames);
  }

  #createStream({ tone, payloadType }: PlayOptions): RtpStream {
    return new RtpStream(toneFrames(this.#tonePlan, tone, payloadType), payloadType, this.#ids);
  }
}

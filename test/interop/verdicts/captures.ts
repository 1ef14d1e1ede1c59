import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mixed, noise, silence, sine, speechLike } from '../../media/signals.ts';
import { pcapOf, type PcapOptions } from '../../support/pcap.ts';

const LASTS_MS = 12_000;

/** A tone that comes and goes each half second, as that of a busy line does (ITU-T E.180). */
const cadenced = (hz: number): Int16Array =>
  sine(hz, LASTS_MS).map((sample, index) => (Math.floor(index / 4000) % 2 === 0 ? sample : 0));

interface Capture extends PcapOptions {
  readonly pcm: () => Int16Array;
}

const captures = {
  'tone-pcma': { pcm: () => sine(1020, LASTS_MS), payloadType: 8 },
  'busy-tone': { pcm: () => cadenced(425) },
  'dial-tone': { pcm: () => mixed(sine(350, LASTS_MS, -13), sine(440, LASTS_MS, -13)) },
  ringing: { pcm: () => mixed(sine(440, 6000, -19), sine(480, 6000, -19)) },
  speech: { pcm: () => speechLike(11, LASTS_MS) },
  noise: { pcm: () => noise(12, LASTS_MS, -20) },
  'digital-silence': { pcm: () => silence(LASTS_MS) },
  'comfort-noise': { pcm: () => noise(13, LASTS_MS, -66) },
  'lossy-speech': { pcm: () => speechLike(14, LASTS_MS), isLost: (index) => index % 10 === 5 },
} as const satisfies Readonly<Record<string, Capture>>;

export type CaptureName = keyof typeof captures | `tone-${number}`;

const captureOf = (name: CaptureName): Capture => {
  if (name in captures) return captures[name as keyof typeof captures];
  const hz = Number(name.slice('tone-'.length));
  return { pcm: () => sine(hz, LASTS_MS) };
};

/** Files of captured audio in a directory, each made when it is first asked for. */
export class Captures {
  readonly #directory: string;
  readonly #written = new Map<CaptureName, Promise<void>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The file; it is there once `written` resolves. */
  fileOf(name: CaptureName): string {
    const file = join(this.#directory, `${name}.pcap`);
    if (!this.#written.has(name)) {
      const { pcm, ...options } = captureOf(name);
      this.#written.set(name, writeFile(file, pcapOf(pcm(), options)));
    }
    return file;
  }

  async written(): Promise<void> {
    await Promise.all(this.#written.values());
  }
}

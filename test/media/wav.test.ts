import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { levelOf } from '../../src/media/analysis/level.ts';
import { findTone } from '../../src/media/analysis/tone.ts';
import { readWav } from '../../src/media/wav.ts';
import { sine } from './signals.ts';

const hasSox = (): boolean => {
  try {
    execFileSync('sox', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

interface Parts {
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  readonly data?: Uint8Array;
  /** What the chunk says of its length. */
  readonly says?: number;
}

const chunk = (name: string, body: Uint8Array, says = body.length): Buffer => {
  const head = Buffer.alloc(8);
  head.write(name, 'latin1');
  head.writeUInt32LE(says, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
};

const formatChunk = ({ tag = 1, channels = 1, rate = 8000, bits = 16 }: Parts): Buffer => {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt16LE(bits, 14);
  return chunk('fmt ', body);
};

const riff = (...chunks: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(chunks);
  const head = Buffer.from('RIFF....WAVE', 'latin1');
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
};

const bytesOf = (pcm: Int16Array): Buffer => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);

const wav = (parts: Parts = {}): Buffer => {
  const { data = bytesOf(sine(1000, 100)), says } = parts;
  return riff(formatChunk(parts), chunk('data', data, says));
};

describe('the WAV reader', () => {
  it('reads 16 bits at 8000 Hz sample by sample', () => {
    const pcm = sine(1000, 100);

    expect(readWav(wav({ data: bytesOf(pcm) }))).toEqual(pcm);
  });

  it('passes over other chunks, of odd lengths too, wherever they stand', () => {
    const pcm = sine(500, 50);
    const note = chunk('LIST', Buffer.from('odd'));

    expect(readWav(riff(note, chunk('data', bytesOf(pcm)), note, formatChunk({})))).toEqual(pcm);
  });

  it('leaves out half a sample at the end', () => {
    expect(readWav(wav({ data: Buffer.of(1, 0, 2) }))).toEqual(Int16Array.of(1));
  });

  it('reads on to the end where the length was unknown to the writer', () => {
    expect(readWav(wav({ says: 0xffff_ffff }))).toHaveLength(800);
  });

  it('mixes the channels of stereo', () => {
    expect(readWav(wav({ channels: 2, data: bytesOf(Int16Array.of(100, 300, -50, 50)) }))).toEqual(
      Int16Array.of(200, 0),
    );
  });

  it.each([
    ['another kind of file', Buffer.from('ID3\u0004 this is an MP3 file'), 'is not a WAV file'],
    ['nothing', Buffer.alloc(0), 'is not a WAV file'],
    ['no format', riff(chunk('data', Buffer.alloc(10))), 'has no format'],
    ['no sound', riff(formatChunk({})), 'has no samples'],
    ['an empty sound', wav({ data: Buffer.alloc(0) }), 'has no samples'],
    ['a format that is cut off', riff(chunk('fmt ', Buffer.alloc(8)), chunk('data', Buffer.alloc(10))), 'is cut off'],
    ['a sound that is cut off', wav({ says: 5000 }), 'is cut off: 1600 of 5000 bytes'],
    ['MP3 within WAV', wav({ tag: 0x55, bits: 0 }), 'has format 85 with 0 bits'],
    ['12 bits', wav({ bits: 12 }), 'with 12 bits'],
    ['no channel', wav({ channels: 0 }), 'has 0 channels'],
    ['200 channels', wav({ channels: 200 }), 'has 200 channels'],
    ['a rate of 0', wav({ rate: 0 }), 'has 0 samples a second'],
    ['a rate of 96 kHz', wav({ rate: 96_000 }), 'has 96000 samples a second'],
    ['more than a minute', wav({ data: Buffer.alloc(2 * 8000 * 62) }), 'lasts 62 s: 60 at the most'],
  ])('refuses %s in a sentence', (_what, file, message) => {
    expect(() => readWav(file)).toThrow(message);
  });

  it('ends with samples or a sentence, wherever a file is cut or bent', () => {
    const file = wav({ data: bytesOf(sine(1000, 5)) });
    for (let at = 0; at < file.length; at += 1) {
      for (const bent of [
        file.subarray(0, at),
        Buffer.concat([file.subarray(0, at), Buffer.of(0xff), file.subarray(at + 1)]),
      ]) {
        try {
          expect(readWav(bent)).toBeInstanceOf(Int16Array);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_wav' });
        }
      }
    }
  });
});

/** On a machine of a person sox may be missing; where everything must hold, that is a failure. */
const describeWithSox = hasSox() || process.env['CI'] !== undefined ? describe : describe.skip;

describeWithSox('the WAV reader, with files of sox', () => {
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'offhook-wav-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const bySox = (format: readonly string[], hz: number): Int16Array => {
    const file = join(folder, 'sound.wav');
    execFileSync('sox', ['-R', '-n', ...format, file, 'synth', '2', 'sine', String(hz), 'vol', '0.5'], {
      stdio: 'ignore',
    });
    return readWav(readFileSync(file));
  };

  it.each([
    ['8 bits', ['-r', '8000', '-b', '8', '-e', 'unsigned-integer']],
    ['16 bits at 16 kHz', ['-r', '16000', '-b', '16']],
    ['24 bits at 44.1 kHz', ['-r', '44100', '-b', '24']],
    ['32 bits at 48 kHz, stereo', ['-r', '48000', '-b', '32', '-c', '2']],
    ['floating point at 22.05 kHz', ['-r', '22050', '-b', '32', '-e', 'floating-point']],
    ['A-law', ['-r', '8000', '-e', 'a-law']],
    ['mu-law at 11.025 kHz', ['-r', '11025', '-e', 'mu-law']],
  ])('reads %s: the tone, its length and its level', (_what, format) => {
    const pcm = bySox(format, 1004);

    expect(Math.abs(pcm.length - 16_000)).toBeLessThanOrEqual(1);
    expect(Math.abs(findTone(pcm)! - 1004)).toBeLessThan(1);
    expect(Math.abs(levelOf(pcm) + 9.03)).toBeLessThan(0.2);
  });

  it.each([4400, 6000, 7000, 12_000, 20_000])('lets nothing through of a tone of %i Hz', (hz) => {
    expect(levelOf(bySox(['-r', '48000', '-b', '16'], hz).subarray(400, -400))).toBeLessThan(-60);
  });

  it('lets 3400 Hz through as it is', () => {
    expect(Math.abs(levelOf(bySox(['-r', '48000', '-b', '16'], 3400)) + 9.03)).toBeLessThan(0.3);
  });
});

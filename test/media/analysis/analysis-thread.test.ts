import { afterEach, describe, expect, it } from '@jest/globals';
import { AnalysisThread } from '../../../src/media/analysis/analysis-thread.ts';
import type { Recording } from '../../../src/media/analysis/recording.ts';
import { encodeG711 } from '../../../src/media/g711.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { openAnalysisThread } from '../../support/test-phone-media.ts';
import { sine } from '../signals.ts';

const open: AnalysisThread[] = [];

const opened = (thread = openAnalysisThread()): AnalysisThread => {
  open.push(thread);
  return thread;
};

afterEach(async () => {
  await Promise.all(open.splice(0).map((thread) => thread.close()));
});

const FRAMES = 100;

const aRecording = (hz: number): Recording => ({
  ...{ answeredMs: 0, endedMs: FRAMES * 20, sent: new Uint8Array(), sentFromMs: 0 },
  heard: {
    arrivedMs: Float64Array.from({ length: FRAMES }, (_, index) => index * 20),
    sequence: Uint16Array.from({ length: FRAMES }, (_, index) => index),
    timestamp: Uint32Array.from({ length: FRAMES }, (_, index) => index * 160),
    ssrc: new Uint32Array(FRAMES),
    payloadType: new Uint8Array(FRAMES),
    end: Uint32Array.from({ length: FRAMES }, (_, index) => (index + 1) * 160),
    payload: encodeG711(0, sine(hz, FRAMES * 20)),
  },
});

/** What no recording is: its moments cannot be reckoned with. */
const unmeasurable = (): Recording => {
  const { heard, ...rest } = aRecording(400);
  return { ...rest, heard: { ...heard, arrivedMs: new BigInt64Array(FRAMES) as unknown as Float64Array } };
};

const wav = (samples: number): Uint8Array => {
  const file = Buffer.alloc(44 + 2 * samples);
  file.write('RIFF', 0);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(8000, 24);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(2 * samples, 40);
  return file;
};

describe('the thread of the analysis', () => {
  it('measures recordings in their order, and reads WAV files beside them', async () => {
    const thread = opened();
    const [first, second, pcm] = await Promise.all([
      thread.measure(aRecording(425)),
      thread.measure(aRecording(1004)),
      thread.readWav(wav(800)),
    ]);

    expect([first?.toneHz, second?.toneHz]).toEqual([425, 1004]);
    expect(pcm).toHaveLength(800);
  });

  it('says what is wrong with a file that is no WAV', async () => {
    const reading = opened().readWav(Buffer.from('no RIFF at all, but long enough'));

    await expect(reading).rejects.toMatchObject({ code: 'invalid_wav', message: expect.stringContaining('RIFF') });
  });

  it('fails for what cannot be measured alone', async () => {
    const thread = opened();
    const [before, failing, after] = await Promise.allSettled([
      thread.measure(aRecording(500)),
      thread.measure(unmeasurable()),
      thread.measure(aRecording(600)),
    ]);

    expect(before).toMatchObject({ status: 'fulfilled', value: { toneHz: 500 } });
    expect(failing).toMatchObject({ status: 'rejected', reason: { code: 'not_analysed' } });
    expect(after).toMatchObject({ status: 'fulfilled', value: { toneHz: 600 } });
  });

  it('comes back after a task has ended it, and what waited is done', async () => {
    const log = new RecordedLog();
    const thread = opened(new AnalysisThread({ log, script: new URL('./dying-thread.mjs', import.meta.url) }));
    const results = await Promise.allSettled([1, 0, 2, 0, 3].map((bytes) => thread.readWav(new Uint8Array(bytes))));

    expect(results.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    ]);
    expect(results[1]).toMatchObject({ reason: { code: 'media_thread_lost' } });
    expect(log.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'error: the thread of the analysis is lost',
      'error: the thread of the analysis is lost',
    ]);
  });

  it('leaves nobody waiting when it is closed, and takes nothing afterwards', async () => {
    const thread = opened();
    const tasks = [thread.measure(aRecording(425)), thread.readWav(wav(8)), thread.readWav(wav(8))];
    const settled = Promise.allSettled(tasks);
    await Promise.all([thread.close(), thread.close()]);

    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(thread.readWav(wav(8))).rejects.toMatchObject({ code: 'media_thread_lost' });
  });
});

import { describe, expect, it } from '@jest/globals';
import { mosOf, ratingOf } from '../../../src/media/analysis/e-model.ts';
import { findEcho } from '../../../src/media/analysis/echo.ts';
import { measureLevels } from '../../../src/media/analysis/level.ts';
import { findTone } from '../../../src/media/analysis/tone.ts';
import { Probe } from '../../../src/media/probe.ts';
import { cadence, echoed, joined, mixed, noise, seeded, silence, sine, speechLike } from '../signals.ts';

const probe = (ms: number, seed = 0x1234_5678): Int16Array => {
  const noiseOfIt = new Probe(seed);
  return joined(...Array.from({ length: ms / 20 }, () => noiseOfIt.next()));
};

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('a tone', () => {
  it('is known within 2 Hz from 200 to 3600 Hz, at -40 dBm0 too', () => {
    const random = seeded(1);
    for (const step of numbers(35)) {
      const hz = 200 + (3400 * step) / 34 + (step === 34 ? 0 : random());
      const found = findTone(sine(hz, 2000, step % 2 === 0 ? -10 : -40));
      expect(Math.abs((found ?? Infinity) - hz)).toBeLessThanOrEqual(2);
    }
  });

  it('is known beside noise that is 15 dB weaker', () => {
    for (const seed of numbers(9)) {
      const hz = 300 + 330 * seed;
      const found = findTone(mixed(sine(hz, 3000, -20), noise(seed, 3000, -35)));
      expect(Math.abs((found ?? Infinity) - hz)).toBeLessThanOrEqual(2);
    }
  });

  it.each([
    [250, 250],
    [500, 500],
    [1000, 4000],
  ])('is known where it comes for %i ms and goes for %i', (onMs, offMs) => {
    expect(Math.abs((findTone(cadence(sine(425, 10_000), onMs, offMs)) ?? Infinity) - 425)).toBeLessThanOrEqual(2);
  });

  it('is the stronger one of two', () => {
    const found = findTone(mixed(sine(440, 3000, -19), sine(480, 3000, -22)));
    expect(Math.abs((found ?? Infinity) - 440)).toBeLessThanOrEqual(2);
  });

  it('is not heard in speech, in noise, in keys or in silence', () => {
    for (const seed of numbers(8)) expect(findTone(speechLike(seed, 6000))).toBeNull();
    for (const seed of numbers(5)) expect(findTone(noise(seed, 3000, -20))).toBeNull();
    expect(findTone(silence(3000))).toBeNull();
    const keys = [697, 770, 852, 941, 697, 770].map((low, index) =>
      joined(mixed(sine(low, 100, -10), sine([1209, 1336, 1477][index % 3]!, 100, -10)), silence(60)),
    );
    expect(findTone(joined(...keys, ...keys))).toBeNull();
  });
});

describe('an echo', () => {
  it('is found with its delay within 10 ms, from 0 to 1900 ms, through G.711 and up to 24 dB weaker', () => {
    const sent = probe(8000);
    for (const step of numbers(20)) {
      const delay = step * 100;
      const found = findEcho({ sent, heard: echoed(sent, delay, (step % 5) * 6) });
      expect(Math.abs((found ?? Infinity) - delay)).toBeLessThanOrEqual(10);
    }
  });

  it('is found in two seconds of call', () => {
    const sent = probe(2000);
    expect(Math.abs((findEcho({ sent, heard: echoed(sent, 300, 6) }) ?? Infinity) - 300)).toBeLessThanOrEqual(10);
  });

  it('is found of speech as of the probe, under a voice that is as loud', () => {
    const sent = speechLike(3, 8000);
    const heard = mixed(echoed(sent, 640, 0), speechLike(4, 8000));
    expect(Math.abs((findEcho({ sent, heard }) ?? Infinity) - 640)).toBeLessThanOrEqual(10);
  });

  it.each([0, 20, 60])('that seems to come %d ms before it was sent, after a standstill, comes at once', (earlyMs) => {
    const sent = probe(4000);
    expect(findEcho({ sent, heard: echoed(sent, 0, 6).subarray(earlyMs * 8) })).toBe(0);
  });

  it('is none where the far end has a sound of its own', () => {
    const sent = probe(8000);
    for (const seed of numbers(6)) {
      expect(findEcho({ sent, heard: speechLike(seed, 8000) })).toBeNull();
      expect(findEcho({ sent: speechLike(seed + 100, 8000), heard: speechLike(seed, 8000) })).toBeNull();
      expect(findEcho({ sent, heard: noise(seed, 8000, -16) })).toBeNull();
    }
    // Another test phone sends a probe of its own.
    for (const seed of numbers(6)) expect(findEcho({ sent, heard: probe(8000, seed * 0x0101_0101 + 1) })).toBeNull();
    expect(findEcho({ sent, heard: sine(425, 8000) })).toBeNull();
    expect(findEcho({ sent: sine(425, 8000), heard: sine(425, 8000) })).toBeNull();
    expect(findEcho({ sent: silence(8000), heard: speechLike(1, 8000) })).toBeNull();
  });
});

describe('a level', () => {
  it('is RMS under the overload point, of what is not silent', () => {
    const { levels, levelDbov, isSilent } = measureLevels(joined(silence(500), sine(1000, 500, -20)));

    expect(isSilent).toBe(false);
    expect(levels).toHaveLength(10);
    expect(levels.slice(0, 5)).toEqual([-127, -127, -127, -127, -127]);
    // A sine of 0 dBm0 lies at -6.2 dBov (ITU-T G.711: 3.17 dB under the peak, and 3.01 for a sine's RMS).
    expect(Math.abs(levelDbov + 26.2)).toBeLessThan(0.2);
  });

  it('of comfort noise, a click and nothing is silence', () => {
    const click = silence(2000);
    click.fill(20_000, 4000, 4020);
    for (const pcm of [noise(1, 2000, -62), click, silence(2000), silence(0)]) {
      expect(measureLevels(pcm).isSilent).toBe(true);
    }
  });
});

describe('the E-model', () => {
  it.each([
    // G.107: R of the defaults, and MOS of annex B for it.
    [0, 0, 93.2, 4.41],
    // Ie,eff = 95 * 5 / (5 + 25.1) = 15.78.
    [5, 0, 77.42, 3.92],
    // Idd at 300 ms: X = 1.585; 25 * ((1 + X^6)^(1/6) - 3 * (1 + (X/3)^6)^(1/6) + 2) = 14.9.
    [0, 300, 78.3, 3.95],
    // Ie,eff = 95 * 100 / 125.1 = 75.94.
    [100, 0, 17.26, 1.19],
  ])('rates %i %% of loss and %i ms as the formulas do', (lossPercent, oneWayDelayMs, r, mos) => {
    const rating = ratingOf({ lossPercent, oneWayDelayMs });
    expect(Math.abs(rating - r)).toBeLessThan(0.15);
    expect(Math.abs(mosOf(rating) - mos)).toBeLessThan(0.02);
  });

  it('never falls below 1', () => {
    expect(mosOf(ratingOf({ lossPercent: 100, oneWayDelayMs: 60_000 }))).toBe(1);
    expect(mosOf(3)).toBe(1);
  });
});

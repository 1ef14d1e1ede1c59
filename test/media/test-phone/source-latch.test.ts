import { describe, expect, it } from '@jest/globals';
import { SourceLatch } from '../../../src/media/test-phone/source-latch.ts';

const NAT = { address: '192.0.2.7', port: 40_000 };
const STRANGER = { address: '198.51.100.9', port: 40_000 };

const hear = (latch: SourceLatch, packets: number, from = NAT, ssrc = 1): void => {
  for (let packet = 0; packet < packets; packet += 1) latch.hear(ssrc, from);
};

describe('the place of a far end behind NAT', () => {
  it('is where five packets of one stream came from, one after the other', () => {
    const latch = new SourceLatch(['192.0.2.7']);
    hear(latch, 4);
    expect(latch.found).toBeUndefined();
    hear(latch, 1);
    expect(latch.found).toEqual(NAT);
  });

  it('is not learned from streams or ports that take turns', () => {
    const latch = new SourceLatch(['192.0.2.7']);
    for (let turn = 0; turn < 20; turn += 1) {
      hear(latch, 2, NAT, 1);
      hear(latch, 2, NAT, 2);
      hear(latch, 2, { ...NAT, port: 40_002 }, 1);
    }
    expect(latch.found).toBeUndefined();
  });

  it('is no host that is not its own, however much it sends', () => {
    const latch = new SourceLatch(['192.0.2.7']);
    hear(latch, 500, STRANGER);
    expect(latch.found).toBeUndefined();
    for (let packet = 0; packet < 5; packet += 1) {
      hear(latch, 1);
      hear(latch, 10, STRANGER, 2);
    }
    expect(latch.found).toEqual(NAT);
  });

  it('is held once it was found', () => {
    const latch = new SourceLatch(['192.0.2.7']);
    hear(latch, 5);
    hear(latch, 100, { ...NAT, port: 9 }, 2);
    expect(latch.found).toEqual(NAT);
  });
});

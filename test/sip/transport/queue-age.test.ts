import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/shared/clock.ts';
import { QueueAge } from '../../../src/sip/transport/queue-age.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { createSeededIds } from '../../support/seeded-ids.ts';
import { closeAll, openTransport, portOf } from './socket-stage.ts';

describe('the age of a queue', () => {
  let clock: FakeClock;
  let log: RecordedLog;
  let wire: Buffer[];
  let age: QueueAge;

  beforeEach(() => {
    clock = new FakeClock();
    log = new RecordedLog();
    wire = [];
    age = new QueueAge({ clock, ids: createSeededIds(1), log, sendToSelf: (data) => void wire.push(data) });
  });

  const deliver = (): boolean => age.take(wire.shift()!);
  const measure = (): void => {
    expect(age.ms).toBe(0);
    expect(deliver()).toBe(true);
  };

  it('is the time from one datagram to oneself to its arrival, and grows while that is under way', () => {
    measure();
    clock.advance(100);
    clock.advance(40);
    expect(age.ms).toBe(40);
    expect(deliver()).toBe(true);
    clock.advance(20);
    expect(age.ms).toBe(40);
  });

  it('is measured ten times a second while it is asked for, and a second longer', () => {
    measure();
    let sent = 1;
    for (let count = 0; count < 50; count += 1) {
      clock.advance(100);
      while (wire.length > 0) {
        sent += 1;
        deliver();
      }
    }
    expect(sent).toBeLessThan(14);
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts a datagram that a full queue has dropped until a later one comes back', () => {
    measure();
    clock.advance(100);
    wire.length = 0;
    for (let count = 0; count < 200; count += 1) age.take(Buffer.from('OPTIONS'));
    for (let count = 0; count < 20; count += 1) {
      clock.advance(100);
      expect(age.ms).toBe(100 * (count + 1));
    }
    while (wire.length > 0) expect(deliver()).toBe(true);
    expect(age.ms).toBe(2000);
    while (wire.length === 0) clock.advance(1);
    expect(deliver()).toBe(true);
    expect(age.ms).toBe(0);
  });

  it('is given up where datagrams to oneself do not arrive though there is room', () => {
    measure();
    for (let count = 0; count < 20; count += 1) {
      clock.advance(100);
      expect(age.ms).toBeLessThanOrEqual(1000);
    }
    expect(age.ms).toBe(0);
    const message = 'datagrams to the own SIP port do not arrive: how long its queue is cannot be measured';
    expect(log.lines).toEqual([{ level: 'warn', message, fields: {} }]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('takes nobody else at his word', () => {
    measure();
    clock.advance(100);
    const forged = Buffer.from(wire[0]!);
    forged[5] = (forged[5]! + 1) % 256;
    expect(age.take(forged)).toBe(false);
    expect(age.take(Buffer.of(0, 0, 0, 0))).toBe(false);
    expect(age.take(Buffer.alloc(0))).toBe(false);
  });
});

describe('the queue of a real socket', () => {
  afterEach(closeAll);

  it('has an age while the event loop stands still', async () => {
    const transport = await openTransport();
    expect(transport.queueAgeMs).toBe(0);
    const peer = createSocket('udp4');
    const turn = async (): Promise<void> => {
      peer.send('OPTIONS', portOf(transport), '127.0.0.1');
      await new Promise((resolve) => setImmediate(resolve));
    };
    // The first one comes back; then one waits while nothing is read.
    for (let longest = 0; longest < 50;) {
      await turn();
      const until = systemClock.elapsed() + 120;
      while (systemClock.elapsed() < until);
      longest = Math.max(longest, transport.queueAgeMs);
    }
    peer.close();
    await once(peer, 'close');
  });
});

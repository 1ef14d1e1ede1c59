import { beforeEach, describe, expect, it } from '@jest/globals';
import type { AttemptResult } from '../../../src/features/webhooks/model.ts';
import { ReceiverCircuit } from '../../../src/features/webhooks/receiver-circuit.ts';
import { SendingSlots } from '../../../src/features/webhooks/sending-slots.ts';
import { NOON } from '../../contracts/records.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const away: AttemptResult = { kind: 'failed', why: 'away', error: 'connection refused' };
const accepted: AttemptResult = { kind: 'accepted', status: 204 };
const refused = (status: number, retryAfterMs?: number): AttemptResult => ({
  ...{ kind: 'refused', status, error: `status ${status}`, retryAfterMs },
});

let clock: FakeClock;
let circuit: ReceiverCircuit;

beforeEach(() => {
  clock = new FakeClock(NOON);
  circuit = new ReceiverCircuit(clock, () => 0.5);
});

const note = (result: AttemptResult, begunAt = clock.elapsed()) => circuit.note(result, begunAt);
const open = (): void => {
  for (let failure = 0; failure < 3; failure += 1) note(away);
};

describe('the circuit of a receiver', () => {
  it('lets one through to see whether it is there, then all', () => {
    expect(circuit.passage()).toBe('one');
    expect(note(accepted)).toBe('back');
    expect(circuit.passage()).toBe('all');
    expect(note(accepted)).toBe('as-before');
  });

  it('opens after three failures in a row, also of a proxy before it, and not for what the receiver itself refuses', () => {
    note(accepted);
    for (const result of [away, refused(502), refused(500), away, refused(504)]) expect(note(result)).toBe('as-before');
    expect(circuit.passage()).toBe('all');
    expect(note(away)).toBe('away');
    expect(circuit.passage()).toBe('none');
  });

  it('tries after 5, 10, 20, 40, then each 60 seconds, and closes at the first answer', () => {
    open();
    for (const seconds of [5, 10, 20, 40, 60, 60]) {
      clock.advance(seconds * 1000 - 1);
      expect([seconds, circuit.passage()]).toEqual([seconds, 'none']);
      clock.advance(1);
      expect([seconds, circuit.passage()]).toEqual([seconds, 'one']);
      note(away);
    }
    clock.advance(60_000);
    expect(note(refused(400))).toBe('back');
    expect(circuit.passage()).toBe('all');
  });

  it('is tried no later for what was under way already when it opened', () => {
    note(accepted);
    const begunAt = clock.elapsed();
    clock.advance(10);
    open();
    for (let late = 0; late < 5; late += 1) expect(note(away, begunAt)).toBe('as-before');
    clock.advance(5000);
    expect(circuit.passage()).toBe('one');
  });

  it('pauses for as long as it is asked to, whatever was under way then comes to', () => {
    note(accepted);
    const begunAt = clock.elapsed();
    clock.advance(10);
    note(refused(429, 30_000));
    for (const result of [accepted, away, away, away]) note(result, begunAt);
    clock.advance(29_999);
    expect(circuit.passage()).toBe('none');
    clock.advance(1);
    expect(circuit.passage()).toBe('all');
  });
});

describe('what is under way', () => {
  it('is 8 for a host, and one where many hosts are slow, so that others have room', () => {
    const slots = new SendingSlots();
    const fill = (host: string): number => {
      let taken = 0;
      for (; slots.free(host) > 0; taken += 1) slots.take(host);
      return taken;
    };
    for (let host = 0; host < 16; host += 1) expect(fill(`slow-${host}`)).toBe(8);
    for (let host = 0; host < 128; host += 1) expect(fill(`other-${host}`)).toBe(1);
    expect(slots.free('one more')).toBe(0);
    expect(slots.giveBack('other-3')).toBe(true);
    expect(slots.free('slow-3')).toBeLessThanOrEqual(0);
    expect(fill('one more')).toBe(1);
  });
});

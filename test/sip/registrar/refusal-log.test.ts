import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Refusal, RefusalLog } from '../../../src/sip/registrar/refusal-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../support/recorded-log.ts';

let clock: FakeClock;
let log: RecordedLog;
let refusals: RefusalLog;

beforeEach(() => {
  clock = new FakeClock();
  log = new RecordedLog();
  refusals = new RefusalLog({ log, clock });
});

const add = (changes: Partial<Refusal> = {}): void =>
  refusals.add({ source: '192.0.2.1', account: 'bob', status: 401, reason: 'wrong-password', ...changes });

const written = (): string[] =>
  log.lines.splice(0).map(({ fields }) => {
    const { source, account, reason, count } = fields as Record<string, string | number | undefined>;
    return `${source} ${account} ${reason} ${count}`;
  });

describe('refused registrations in the log', () => {
  it('the first at once, then at most one line a minute with how many there were', () => {
    add();
    expect(written()).toEqual(['192.0.2.1 bob wrong-password 1']);
    for (let second = 0; second < 59; second += 1) {
      add();
      clock.advance(1000);
    }
    expect(written()).toEqual([]);
    clock.advance(1000);
    expect(written()).toEqual(['192.0.2.1 bob wrong-password 59']);
    add({ reason: 'unknown-account' });
    clock.advance(59_999);
    expect(written()).toEqual([]);
    clock.advance(1);
    expect(written()).toEqual(['192.0.2.1 bob unknown-account 1']);
    clock.advance(60_000);
    expect([written(), clock.pendingTimers]).toEqual([[], 0]);
    add();
    expect(written()).toEqual(['192.0.2.1 bob wrong-password 1']);
  });

  it('each source and account for itself', () => {
    for (const source of ['192.0.2.1', '192.0.2.2']) for (const account of ['bob', 'eve']) add({ source, account });
    expect(written()).toHaveLength(4);
    add({ account: undefined });
    expect(written()).toEqual(['192.0.2.1 undefined wrong-password 1']);
  });

  it('no line for a first request without credentials, nor for what a client cures by itself', () => {
    for (let time = 0; time < 5; time += 1) add({ reason: 'no-credentials' });
    for (const reason of ['stale-nonce', 'unknown-nonce', 'interval-too-brief'] as const)
      add({ reason, account: reason });
    clock.advance(60_000);
    expect([written(), clock.pendingTimers]).toEqual([[], 0]);
    for (let time = 0; time < 3; time += 1) add({ reason: 'stale-nonce' });
    expect(written()).toEqual(['192.0.2.1 bob stale-nonce 2']);
  });

  it('a scanner that invents accounts costs neither a line each nor memory', () => {
    for (let account = 0; account < 5000; account += 1) add({ account: `a${account}` });
    expect(clock.pendingTimers).toBe(1001);
    const lines = log.lines.splice(0);
    expect(lines).toHaveLength(1001);
    expect(lines.at(-1)).toMatchObject({
      message: 'more REGISTERs were refused than are told apart',
      fields: { reason: 'wrong-password', count: 1 },
    });
    clock.advance(60_000);
    expect(written()).toEqual(['undefined undefined wrong-password 3999']);
    add({ account: 'a'.repeat(10_000) });
    expect(written()).toEqual([`192.0.2.1 ${'a'.repeat(64)} wrong-password 1`]);
  });
});

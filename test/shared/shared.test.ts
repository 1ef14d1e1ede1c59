import { describe, expect, it } from '@jest/globals';
import { createSteadyClock, systemClock } from '../../src/shared/clock.ts';
import { AppError, type ErrorKind } from '../../src/shared/errors.ts';
import { TypedEmitter } from '../../src/shared/events.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { bracketless, isLoopbackHost } from '../../src/shared/loopback.ts';
import { isSipAddress } from '../../src/shared/sip-address.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('identifiers', () => {
  it('have the bits that were asked for, in base64url', () => {
    const ids = createSystemIds();
    for (const bits of [1, 8, 32, 128, 144, 256, 100_000]) {
      const id = ids.random(bits);
      expect(id).toMatch(/^[\w-]+$/);
      expect(Buffer.from(id, 'base64url')).toHaveLength(Math.ceil(bits / 8));
    }
  });

  it('never repeat, over the end of a pool and between sources', () => {
    const sources = [createSystemIds(), createSystemIds()];
    const drawn = sources.flatMap((ids) => Array.from({ length: 2000 }, () => ids.random(128)));
    expect(new Set(drawn).size).toBe(4000);
    expect(drawn.every((id) => id.length === 22 && !/^A+$/.test(id))).toBe(true);
  });
});

describe('loopback', () => {
  it.each([
    'localhost',
    'LOCALHOST',
    'calls.localhost',
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
  ])('is %s', (host) => expect(isLoopbackHost(host)).toBe(true));

  it.each([
    '',
    '0.0.0.0',
    '::',
    '128.0.0.1',
    '10.0.0.1',
    '127.0.0.1.example.com',
    'localhost.example.com',
    'notlocalhost',
    '0177.0.0.1',
    '::2',
    '::ffff:10.0.0.1',
    'fe80::1',
  ])('is not "%s"', (host) => expect(isLoopbackHost(host)).toBe(false));

  it('takes an address out of its brackets, and nothing else', () => {
    expect(['[::1]', '::1', '[::1', 'host'].map(bracketless)).toEqual(['::1', '::1', '[::1', 'host']);
  });
});

describe('a SIP address', () => {
  it.each([
    'sip:200@10.0.0.5',
    'SIP:phone@pbx.example.com:5061',
    'sip:pbx.example.com',
    'sip:+12025550100@[2001:db8::1]:5060;transport=tcp',
    'sip:a%20b@10.0.0.5?Subject=x',
  ])('is %s', (text) => expect(isSipAddress(text)).toBe(true));

  it.each([
    '200@10.0.0.5',
    'sips:200@10.0.0.5',
    'tel:+12025550100',
    '+12025550100',
    'sip:',
    'sip:@10.0.0.5',
    'sip:200@',
    'sip:200@10.0.0.5:65536',
    'sip:200@[10.0.0.5]',
    'sip:200@10.0.0.5 ',
    'sip:200@10.0.0.5>;x',
    'sip:200@10.0.0.5\r\nX: y',
    'sip:a@b@c',
  ])('is not "%s"', (text) => expect(isSipAddress(text)).toBe(false));
});

describe('typed events', () => {
  class Bell extends TypedEmitter<{ rung: [times: number]; broken: [] }> {
    ring(times: number): boolean {
      return this.emit('rung', times);
    }
  }

  it('reach every listener in order, in the turn of the emit, until it is taken off', () => {
    const bell = new Bell();
    const heard: string[] = [];
    const first = (times: number): void => void heard.push(`first ${times}`);
    bell.on('rung', first).once('rung', (times) => heard.push(`once ${times}`));
    expect(bell.ring(1)).toBe(true);
    expect(heard).toEqual(['first 1', 'once 1']);
    expect(bell.ring(2)).toBe(true);
    expect(bell.off('rung', first).ring(3)).toBe(false);
    expect(heard).toEqual(['first 1', 'once 1', 'first 2']);
  });
});

describe('errors for a caller', () => {
  class LineBusyError extends AppError {
    readonly code = 'line_busy';
    readonly kind: ErrorKind = 'conflict';
  }

  it('carry their own name, the facts and the cause', () => {
    const cause = new Error('486');
    const error = new LineBusyError('The line is busy.', { cause, details: { line: 2 } });
    expect(error).toMatchObject({ name: 'LineBusyError', message: 'The line is busy.', cause, details: { line: 2 } });
    expect(new LineBusyError('busy')).not.toHaveProperty('cause');
  });
});

describe('the clock of the machine', () => {
  it('runs a task once, and not one that was cancelled', async () => {
    const fired: string[] = [];
    systemClock.setTimer(1, () => fired.push('cancelled')).cancel();
    const timer = await new Promise<{ cancel: () => void }>((resolve) => {
      const keepAlive = setInterval(() => undefined, 1000);
      const set = systemClock.setTimer(5, () => {
        fired.push('due');
        clearInterval(keepAlive);
        resolve(set);
      });
    });
    timer.cancel();
    expect(fired).toEqual(['due']);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  });

  it('measures what passes', async () => {
    const begun = systemClock.elapsed();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(systemClock.elapsed() - begun).toBeGreaterThan(10);
  });
});

describe('steady dates', () => {
  it('go on from where the wall clock was, whatever is done to it afterwards', () => {
    const clock = new FakeClock();
    clock.step(5000);
    const begun = clock.now();
    const steady = createSteadyClock(clock);
    for (const step of [-3_600_000, 86_400_000]) {
      clock.step(step);
      clock.advance(1000);
    }
    expect(steady.now()).toBe(begun + 2000);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Frame, StreamFramer } from '../../../src/sip/message/stream-framer.ts';

const message = (body: string, name = 'Content-Length'): string =>
  `MESSAGE sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n${name}: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const torture = (name: string): Buffer => readFileSync(new URL(`../../rfc/data/rfc4475/${name}.dat`, import.meta.url));

const frames = (...chunks: (string | Buffer)[]): Frame[] => {
  const framer = new StreamFramer();
  return chunks.flatMap((chunk) => framer.push(Buffer.from(chunk)));
};

/** Messages as text, pings and errors by name. */
const shown = (list: readonly Frame[]): string[] =>
  list.map((frame) => {
    if (frame.kind === 'message') return frame.data.toString();
    return frame.kind === 'ping' ? 'ping' : frame.error.reason;
  });

describe('StreamFramer', () => {
  it('cuts messages by Content-Length, in long, compact and folded form', () => {
    const list = [
      message('one'),
      message('', 'l'),
      message('zwölf', 'CONTENT-LENGTH \t'),
      message('x', 'l:\r\n ').replace(' : ', ' '),
    ];
    expect(shown(frames(list.join('')))).toEqual(list);
  });

  it('waits for the rest of a message, fed byte by byte', () => {
    const framer = new StreamFramer();
    const data = Buffer.from(message('hello') + message('world'));
    const found = [...data].map((byte) => framer.push(Buffer.of(byte)).length);
    expect(found.reduce((a, b) => a + b)).toBe(2);
    expect([found[data.length / 2 - 1], found.at(-1)]).toEqual([1, 1]);
  });

  it('tells pings, and passes over single line breaks between messages', () => {
    expect(shown(frames('\r\n\r\n'))).toEqual(['ping']);
    expect(shown(frames('\r\n', '\r\n', '\r', '\n\r', '\n'))).toEqual(['ping', 'ping']);
    expect(shown(frames(`\r\n${message('a')}\r\n\r\n\r\n${message('b')}`))).toEqual([
      message('a'),
      'ping',
      message('b'),
    ]);
  });

  it('holds messages and pings apart in whatever chunks they come', () => {
    const parts = fc.constantFrom(
      '\r\n',
      '\r\n\r\n',
      message(''),
      message('v=0\r\n\r\n'),
      message('x'.repeat(9000)),
      torture('mpart01'),
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 5000 })), (list, sizes) => {
        const data = Buffer.concat(list.map((part) => Buffer.from(part)));
        const framer = new StreamFramer();
        const found: Frame[] = [];
        let at = 0;
        for (const size of sizes) {
          found.push(...framer.push(data.subarray(at, at + size)));
          at += size;
        }
        found.push(...framer.push(data.subarray(at)));
        expect(shown(found)).toEqual(shown(frames(data)));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['Missing Content-Length', 'OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n\r\n'],
    ['Malformed Content-Length', torture('ncl')],
    ['Conflicting Content-Length', torture('mcl01')],
    ['Message Too Large', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: 65536\r\n\r\n'],
    ['Header Fields Too Large', `OPTIONS sip:a SIP/2.0\r\nX: ${'x'.repeat(16_384)}`],
    ['Header Fields Too Large', `OPTIONS sip:a SIP/2.0\r\nX: ${'x'.repeat(16_384)}\r\nl: 0\r\n\r\n`],
    ['Missing Content-Length', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('breaks with "%s" and takes no more', (reason, data) => {
    const framer = new StreamFramer();
    expect(shown(framer.push(Buffer.from(message('before'))))).toEqual([message('before')]);
    expect(shown(framer.push(Buffer.from(data)))).toEqual([reason]);
    expect(framer.push(Buffer.from(message('after')))).toEqual([]);
  });

  it('gives out the messages before the break', () => {
    expect(shown(frames(`${message('a')}OPTIONS sip:a SIP/2.0\r\n\r\n`))).toEqual([
      message('a'),
      'Missing Content-Length',
    ]);
  });

  it('gives out copies: a later message does not change an earlier one', () => {
    const framer = new StreamFramer();
    const [first] = framer.push(Buffer.from(message('aaaa')));
    framer.push(Buffer.from(message('bbbb')));
    expect(shown([first!])).toEqual([message('aaaa')]);
  });

  it('takes 64 KiB byte by byte in a time in proportion to it', () => {
    const data = Buffer.from(message('x'.repeat(65_000)));
    const timed = (): number => {
      const framer = new StreamFramer();
      const start = performance.now();
      let found = 0;
      for (const byte of data) found += framer.push(Buffer.of(byte)).length;
      expect(found).toBe(1);
      return performance.now() - start;
    };
    expect(Math.min(...Array.from({ length: 5 }, timed))).toBeLessThan(1000);
  });
});

import { describe, expect, test } from '@jest/globals';
import { ReplyReader } from '../../scripts/bench/calls/reply.ts';

const CREATED = [
  'HTTP/1.1 201 Created',
  'Location: http://localhost:8888/rest/call?token_call=abc_-1',
  'Content-Length: 22',
  'Keep-Alive: timeout=5',
  '',
  '{"token_call":"other"}',
].join('\r\n');

describe('replies as the load reads them', () => {
  test('of one in one piece: status, call and how long the connection is kept', () => {
    const reply = new ReplyReader().read(Buffer.from(CREATED));
    expect(reply).toEqual({ status: 201, tokenCall: 'abc_-1', keepAliveMs: 5000 });
  });

  test('wherever it is cut, a reply is told when it is whole, from bytes that are used again', () => {
    const whole = Buffer.from(CREATED);
    for (let cut = 1; cut < whole.length; cut += 1) {
      const reader = new ReplyReader();
      const borrowed = Buffer.from(whole.subarray(0, cut));
      expect(reader.read(borrowed)).toBeUndefined();
      borrowed.fill(0);
      expect(reader.read(whole.subarray(cut))?.tokenCall).toBe('abc_-1');
    }
  });

  test('a refusal has no call, and the next reply begins anew', () => {
    const reader = new ReplyReader();
    const refusal = Buffer.from('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}');
    expect(reader.read(refusal)).toEqual({ status: 503, tokenCall: undefined, keepAliveMs: undefined });
    expect(reader.read(Buffer.from(CREATED))?.status).toBe(201);
  });
});

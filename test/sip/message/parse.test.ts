import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createResponse } from '../../../src/sip/message/create-response.ts';
import { SipParseError, SipPrintError } from '../../../src/sip/message/errors.ts';
import { SipHeaders } from '../../../src/sip/message/headers.ts';
import { type SipMessage, SipRequest, SipResponse } from '../../../src/sip/message/message.ts';
import { isAnswerable, parseMessage, tryParse } from '../../../src/sip/message/parse.ts';
import { printMessage } from '../../../src/sip/message/print.ts';
import { validateRequest, validateResponse } from '../../../src/sip/message/validate.ts';

const INVITE = [
  'INVITE sip:bob@biloxi.example.com SIP/2.0',
  'v: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bK776asdhds, SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKold',
  'Record-Route: <sip:p1.example.com;lr>',
  'MAX-forwards: 70',
  't: Bob <sip:bob@biloxi.example.com>',
  'f: "Alice \\"A\\"" <sip:alice@atlanta.example.com>;tag=1928301774',
  'i: a84b4c76e66710',
  'CSeq: 314159 INVITE',
  'm: <sip:alice@pc33.atlanta.example.com>',
  'X-Custom: one',
  'x-CUSTOM: two',
  'c: application/sdp',
  'l: 4',
];

const bytes = (lines: readonly string[], body = 'v=0\n'): Buffer => Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
const replaced = (search: string, line: string): Buffer =>
  bytes(INVITE.map((original) => (original.startsWith(search) ? line : original)));
const without = (...starts: string[]): Buffer =>
  bytes(INVITE.filter((line) => !starts.some((start) => line.startsWith(start))));
const request = (data: Buffer = bytes(INVITE)): SipRequest => parseMessage(data) as SipRequest;
const faultOf = (data: Buffer): { reason: string; status: number; answerable: boolean } | undefined => {
  const result = tryParse(data);
  if (result.kind === 'message') return undefined;
  const { reason, status } = result.error;
  return { reason, status, answerable: result.answerable !== undefined };
};

const torture = ['rfc4475', 'rfc5118'].flatMap((folder) => {
  const url = new URL(`../../rfc/data/${folder}/`, import.meta.url);
  return readdirSync(url).map((name) => readFileSync(new URL(name, url)));
});

describe('parseMessage', () => {
  it('translates names to their long form in lower case and keeps order and values', () => {
    const names: string[] = [];
    request().headers.forEach((name) => names.push(name));
    expect(names).toEqual([
      'via',
      'record-route',
      'max-forwards',
      'to',
      'from',
      'call-id',
      'cseq',
      'contact',
      'x-custom',
      'x-custom',
      'content-type',
      'content-length',
    ]);
    expect(request().headers.all('x-custom')).toEqual(['one', 'two']);
  });

  it('knows every compact form', () => {
    const compact = 'a b c d e f i j k l m n o r s t u v x y'.split(' ');
    const lines = compact.map((letter) => `${letter}: ${letter === 'l' ? '0' : letter}`);
    const names: string[] = [];
    parseMessage(bytes(['OPTIONS sip:a SIP/2.0', ...lines], '')).headers.forEach((name) => names.push(name));
    expect(names.join(' ')).toBe(
      'accept-contact referred-by content-type request-disposition content-encoding from call-id reject-contact ' +
        'supported content-length contact identity-info event refer-to subject to allow-events via session-expires identity',
    );
  });

  it('reads the fields that every layer asks for', () => {
    const { method, uri, topVia, from, to, callId, cseq } = request();
    expect([method, uri, callId]).toEqual(['INVITE', 'sip:bob@biloxi.example.com', 'a84b4c76e66710']);
    expect(topVia).toMatchObject({ protocol: 'UDP', host: 'pc33.atlanta.example.com', branch: 'z9hG4bK776asdhds' });
    expect(from).toMatchObject({ display: 'Alice "A"', uri: 'sip:alice@atlanta.example.com', tag: '1928301774' });
    expect(to).toMatchObject({ display: 'Bob', tag: undefined });
    expect(cseq).toEqual({ sequence: 314159, method: 'INVITE' });
  });

  it('takes as much body as Content-Length says, and all of a datagram without it', () => {
    expect(request(bytes(INVITE, 'v=0\nrest')).body.toString()).toBe('v=0\n');
    expect(request(without('l:')).body.toString()).toBe('v=0\n');
    expect(request(bytes([...INVITE, 'Content-Length: 04'])).body.toString()).toBe('v=0\n');
  });

  it('reads UTF-8 and passes over line breaks before the start line', () => {
    const data = Buffer.concat([Buffer.from('\r\n\r\n'), replaced('t:', 't: "Jürgen 大" <sip:j@example.com>')]);
    expect(request(data).to.display).toBe('Jürgen 大');
    expect(request(data).body.toString()).toBe('v=0\n');
  });

  it.each([
    ['Malformed Header Field', 400, true, replaced('X-Custom', 'no colon here')],
    ['Malformed Header Field', 400, true, replaced('X-Custom', 'bad name: x')],
    ['Stray Line Break', 400, true, replaced('X-Custom', 'X-Custom: a\nInjected: b')],
    ['Stray Line Break', 400, true, replaced('X-Custom', 'X-Custom: a\rb')],
    ['Malformed Request-URI', 400, true, replaced('INVITE', 'INVITE  sip:bob@biloxi.example.com SIP/2.0')],
    ['Malformed Request-Line', 400, true, replaced('INVITE', 'INVITE sip:bob@biloxi.example.com HTTP/1.1')],
    ['Malformed Request-Line', 400, false, replaced('INVITE', 'INVITE')],
    ['Version Not Supported', 505, true, replaced('INVITE', 'INVITE sip:bob@biloxi.example.com SIP/3.0')],
    ['Content-Length Exceeds Message', 400, true, replaced('l:', 'l: 5')],
    ['Malformed Content-Length', 400, true, replaced('l:', 'l: -4')],
    ['Conflicting Content-Length', 400, true, bytes([...INVITE, 'Content-Length: 3'])],
    ['Missing Empty Line', 400, true, Buffer.from(INVITE.join('\r\n'))],
    ['Too Many Header Fields', 513, true, bytes([...INVITE, ...Array.from({ length: 300 }, () => 'A: b')])],
    ['Message Too Large', 513, false, bytes(INVITE, 'x'.repeat(65_536))],
    ['Malformed Status-Line', 400, false, replaced('INVITE', 'SIP/2.0 99 Low')],
    ['Malformed Header Field', 400, false, bytes(['SIP/2.0 200 OK', ...INVITE.slice(1), ': x'])],
  ])('refuses with "%s" %i, answerable: %s', (reason, status, answerable, data) => {
    expect(faultOf(data)).toEqual({ reason, status, answerable });
  });

  it('leaves what cannot be answered: an ACK, and a request without a Via to go back to', () => {
    expect(faultOf(replaced('INVITE', 'ACK sip:bob@biloxi.example.com SIP/3.0'))?.answerable).toBe(false);
    expect(faultOf(replaced('v:', 'X-V: x').subarray(0, -5))?.answerable).toBe(false);
    expect(isAnswerable(request(replaced('v:', 'Via: nonsense')))).toBe(false);
  });

  it('takes a time in proportion to the size, whatever the input', () => {
    const run = (size: number): Buffer[] => [
      bytes(['INVITE sip:a SIP/2.0', `To: ${' '.repeat(size)}x`]),
      bytes(['INVITE sip:a SIP/2.0', `To: "${'\\"'.repeat(size / 2)}`]),
      bytes(['INVITE sip:a SIP/2.0', `To: <sip:${';'.repeat(size)}`]),
      bytes(['INVITE sip:a SIP/2.0', `Via: ${',"<'.repeat(size / 3)}`]),
      bytes(['INVITE sip:a SIP/2.0', `Via: SIP/2.0/UDP ${'a'.repeat(size)}!`]),
      bytes(['INVITE sip:a SIP/2.0', `CSeq: ${'1'.repeat(size)}`]),
      bytes(['INVITE sip:a SIP/2.0', `Contact: ${'a <sip:a>,'.repeat(size / 10)}`]),
      bytes(['INVITE sip:a SIP/2.0', `X:${' \r\n '.repeat(size / 4)}`]),
      bytes([`INVITE sip:${'a'.repeat(size)}\u0001 SIP/2.0`]),
    ];
    const timed = (data: Buffer): number => {
      const start = performance.now();
      const result = tryParse(data);
      if (result.kind === 'message') validateRequest(result.message as SipRequest);
      return performance.now() - start;
    };
    // The best of several tries: what the machine does beside them is not of the input.
    for (const data of run(60_000)) {
      expect(Math.min(...Array.from({ length: 10 }, () => timed(data)))).toBeLessThan(150);
    }
  });
});

/** Runs everything that looks at a message; what it throws is what it must never throw. */
const examine = (data: Buffer): void => {
  const result = tryParse(data);
  const message = result.kind === 'message' ? result.message : result.answerable;
  if (message === undefined) return;
  if (message.kind === 'response') {
    if (validateResponse(message) === undefined) read(message);
    return;
  }
  const violation = validateRequest(message);
  if (violation === undefined) read(message);
  if (isAnswerable(message)) parseMessage(printMessage(createResponse(message, 400, { toTag: 't' })));
};

const read = ({ from, to, cseq, topVia }: SipMessage): unknown => [from.tag, to.tag, cseq.method, topVia.branch];

describe('any input at all', () => {
  it('makes nothing throw: random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (data) => {
        examine(Buffer.from(data));
      }),
      { numRuns: 3000 },
    );
  });

  it('makes nothing throw: torture messages with bytes changed, cut out and put in', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      cut: fc.nat(8),
      put: fc.uint8Array({ maxLength: 4 }),
    });
    const ofSyntax = fc.constantFrom(
      '\r\n',
      '\r\n ',
      ':',
      ';',
      ',',
      '"',
      '<',
      '>',
      '=',
      '@',
      '%',
      '[',
      ']',
      ' ',
      '\t',
      '\\',
      '\0',
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...torture),
        fc.array(change, { maxLength: 6 }),
        ofSyntax,
        (original, changes, syntax) => {
          let data = original;
          for (const { at, cut, put } of changes) {
            const start = Math.floor(at * data.length);
            data = Buffer.concat([data.subarray(0, start), put, Buffer.from(syntax), data.subarray(start + cut)]);
          }
          examine(data);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('prints what it parsed so that it parses to the same again', () => {
    fc.assert(
      fc.property(fc.constantFrom(...torture), fc.nat(), fc.uint8Array({ maxLength: 3 }), (original, at, put) => {
        const start = at % original.length;
        const result = tryParse(Buffer.concat([original.subarray(0, start), put, original.subarray(start)]));
        if (result.kind === 'malformed') return;
        const printed = printMessage(result.message);
        expect(printMessage(parseMessage(printed))).toEqual(printed);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('printMessage', () => {
  it('writes canonical names, every field in order, and Content-Length of its own', () => {
    const headers = new SipHeaders()
      .append('via', 'SIP/2.0/UDP h;branch=z9hG4bK1')
      .append('call-id', 'x')
      .append('cseq', '1 INVITE')
      .append('content-length', '999')
      .append('www-authenticate', 'Digest')
      .append('x-my-header', 'y');
    const response = new SipResponse(180, 'Läutet', headers, Buffer.from('ä'));
    expect(printMessage(response).toString()).toBe(
      'SIP/2.0 180 Läutet\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n' +
        'WWW-Authenticate: Digest\r\nX-My-Header: y\r\nContent-Length: 2\r\n\r\nä',
    );
  });

  it.each([
    ['a header value', new SipRequest('INVITE', 'sip:a', new SipHeaders().append('subject', 'x\r\nRoute: <sip:evil>'))],
    ['a header value, CR alone', new SipRequest('INVITE', 'sip:a', new SipHeaders().append('subject', 'x\ry'))],
    ['a header name', new SipRequest('INVITE', 'sip:a', new SipHeaders().append('x: y\r\nroute', 'z'))],
    ['the Request-URI', new SipRequest('INVITE', 'sip:a SIP/2.0\r\nRoute: <sip:evil>')],
    ['the method', new SipRequest('INVITE sip:x', 'sip:a')],
    ['the reason phrase', new SipResponse(200, 'OK\r\nRoute: <sip:evil>')],
  ])('refuses to let %s break out of its line', (_, message) => {
    expect(() => printMessage(message)).toThrow(SipPrintError);
  });
});

describe('validateRequest', () => {
  it('finds nothing wrong with a good request', () => {
    expect(validateRequest(request())).toBeUndefined();
  });

  it.each([
    [400, 'Missing Via', without('v:')],
    [400, 'Missing From', without('f:')],
    [400, 'Missing To', without('t:')],
    [400, 'Missing Call-ID', without('i:')],
    [400, 'Missing CSeq', without('CSeq')],
    [400, 'Repeated From', bytes([...INVITE, 'From: <sip:b@example.com>;tag=2'])],
    [400, 'Repeated Max-Forwards', bytes([...INVITE, 'Max-Forwards: 2'])],
    [400, 'Empty Call-ID', replaced('i:', 'i:')],
    [400, 'Malformed CSeq', replaced('CSeq', 'CSeq: INVITE')],
    [400, 'CSeq Out Of Range', replaced('CSeq', 'CSeq: 2147483648 INVITE')],
    [400, 'CSeq Method Mismatch', replaced('CSeq', 'CSeq: 1 BYE')],
    [400, 'Malformed Max-Forwards', replaced('MAX', 'Max-Forwards: 256')],
    [400, 'Malformed Max-Forwards', replaced('MAX', 'Max-Forwards: many')],
    [400, 'Malformed Via', replaced('v:', 'Via: SIP/2.0/UDP')],
    [400, 'Malformed Via', replaced('v:', 'Via: SIP/2.0/UDP a.example.com, b')],
    [400, 'Malformed URI', replaced('m:', 'Contact: <sip:alice@>')],
    [400, 'Malformed URI', replaced('Record-Route', 'Record-Route: <sip:[::x];lr>')],
    [400, 'URI Needs Angle Brackets', replaced('m:', 'Contact: sip:alice@a.example.com?subject=x')],
    [400, 'Malformed Request-URI', replaced('INVITE', 'INVITE sip:bob@bad!host SIP/2.0')],
    [400, 'Headers In Request-URI', replaced('INVITE', 'INVITE sip:bob@example.com?to=x SIP/2.0')],
    [416, 'Unsupported URI Scheme', replaced('INVITE', 'INVITE mailto:bob@example.com SIP/2.0')],
  ])('earns %i: %s', (status, reason, data) => {
    expect(validateRequest(request(data))).toEqual({ status, reason });
  });

  it('takes tel URIs, and Contact: * as a REGISTER has it', () => {
    expect(validateRequest(request(replaced('INVITE', 'INVITE tel:+1-201-555-0123 SIP/2.0')))).toBeUndefined();
    expect(validateRequest(request(replaced('m:', 'Contact: *')))).toBeUndefined();
  });
});

describe('validateResponse', () => {
  const responded = (...via: string[]): SipResponse =>
    parseMessage(bytes(['SIP/2.0 200 OK', ...via, ...INVITE.slice(4)])) as SipResponse;

  it('drops what went astray or cannot be read', () => {
    const via = 'Via: SIP/2.0/UDP a.example.com;branch=z9hG4bK1';
    expect(validateResponse(responded(via))).toBeUndefined();
    expect(validateResponse(responded(via, via))).toBe('More Than One Via');
    expect(validateResponse(responded())).toBe('Missing Via');
  });
});

describe('createResponse', () => {
  it('copies what belongs to the transaction and the route set, and adds the tag', () => {
    const response = createResponse(request(), 180, { toTag: 'b7', headers: [['Contact', '<sip:bob@192.0.2.4>']] });
    expect(printMessage(response).toString().split('\r\n')).toEqual([
      'SIP/2.0 180 Ringing',
      'Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bK776asdhds, SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKold',
      'Record-Route: <sip:p1.example.com;lr>',
      'To: Bob <sip:bob@biloxi.example.com>;tag=b7',
      'From: "Alice \\"A\\"" <sip:alice@atlanta.example.com>;tag=1928301774',
      'Call-ID: a84b4c76e66710',
      'CSeq: 314159 INVITE',
      'Contact: <sip:bob@192.0.2.4>',
      'Content-Length: 0',
      '',
      '',
    ]);
  });

  it('keeps the tag that To has, gives none to a 100, and no route set to a refusal', () => {
    const tagged = request(replaced('t:', 'To: <sip:bob@biloxi.example.com>;tag=old'));
    expect(createResponse(tagged, 200, { toTag: 'new' }).to.tag).toBe('old');
    expect(createResponse(request(), 100, { toTag: 'new' }).to.tag).toBeUndefined();
    expect(createResponse(request(), 486, { toTag: 'new' }).headers.has('record-route')).toBe(false);
    expect(createResponse(request(bytes([...INVITE, 'Timestamp: 54'])), 100).headers.get('timestamp')).toBe('54');
  });

  it('carries a body with its type, and a phrase of its own', () => {
    const response = createResponse(request(), 200, { sdp: 'v=0\r\n', reasonPhrase: 'Fine' });
    expect([response.reasonPhrase, response.headers.get('content-type'), response.body.toString()]).toEqual([
      'Fine',
      'application/sdp',
      'v=0\r\n',
    ]);
    expect(createResponse(request(), 499).reasonPhrase).toBe('Bad Request');
  });
});

it('SipParseError is a plain AppError', () => {
  expect(() => parseMessage(Buffer.alloc(0))).toThrow(SipParseError);
  expect(new SipParseError('x')).toMatchObject({ code: 'sip_malformed', kind: 'invalid', status: 400 });
});

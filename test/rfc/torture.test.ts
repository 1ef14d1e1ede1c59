import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { createResponse } from '../../src/sip/message/create-response.ts';
import type { SipRequest, SipResponse } from '../../src/sip/message/message.ts';
import { parseNameAddr } from '../../src/sip/message/name-addr.ts';
import { isAnswerable, tryParse } from '../../src/sip/message/parse.ts';
import { printMessage } from '../../src/sip/message/print.ts';
import { parseUri } from '../../src/sip/message/uri.ts';
import { validateRequest, validateResponse } from '../../src/sip/message/validate.ts';
import { parseVia, splitList } from '../../src/sip/message/via.ts';
import { parseSdp } from '../../src/sip/sdp/session-description.ts';

/** What becomes of a message: taken, refused with a status that can be sent, or dropped without a word. */
type Verdict = 'valid' | 'dropped' | 400 | 416 | 505;

const read = (path: string): Buffer => readFileSync(new URL(`data/${path}`, import.meta.url));

const refusal = (request: SipRequest | undefined, status: number): Verdict =>
  request !== undefined && isAnswerable(request) ? (status as Verdict) : 'dropped';

const judge = (datagram: Buffer): Verdict => {
  const result = tryParse(datagram);
  if (result.kind === 'malformed') return refusal(result.answerable, result.error.status);
  const { message } = result;
  if (message.kind === 'response') return validateResponse(message) === undefined ? 'valid' : 'dropped';
  const violation = validateRequest(message);
  return violation === undefined ? 'valid' : refusal(message, violation.status);
};

const message = (path: string): SipRequest | SipResponse => {
  const result = tryParse(read(path));
  if (result.kind === 'malformed') throw result.error;
  return result.message;
};

const request = (path: string): SipRequest => message(path) as SipRequest;
const response = (path: string): SipResponse => message(path) as SipResponse;

const RFC_4475: readonly (readonly [section: string, name: string, verdict: Verdict, why: string])[] = [
  ['3.1.1.1', 'wsinv', 'valid', 'folds, blanks and escapes in every place where they may be'],
  ['3.1.1.2', 'intmeth', 'valid', 'every character that method, URI, display name and token may have'],
  ['3.1.1.3', 'esc01', 'valid', 'escapes in user parts and URI parameters'],
  ['3.1.1.4', 'escnull', 'valid', 'an escaped NUL in a user part'],
  ['3.1.1.5', 'esc02', 'valid', 'percent signs that are no escapes: in a method, a display name, a field name'],
  ['3.1.1.6', 'lwsdisp', 'valid', 'no blank between display name and angle bracket'],
  ['3.1.1.7', 'longreq', 'valid', 'very long values in many fields'],
  ['3.1.1.8', 'dblreq', 'valid', 'a second request behind the first: discarded'],
  ['3.1.1.9', 'semiuri', 'valid', 'a semicolon in the user part'],
  ['3.1.1.10', 'transports', 'valid', 'known and unknown transports in Via'],
  ['3.1.1.11', 'mpart01', 'valid', 'a binary body in parts'],
  ['3.1.1.12', 'unreason', 'valid', 'a reason phrase in UTF-8'],
  ['3.1.1.13', 'noreason', 'valid', 'an empty reason phrase'],
  ['3.1.2.1', 'badinv01', 400, 'separators without anything between in Via and Contact'],
  ['3.1.2.2', 'clerr', 400, 'Content-Length beyond the end of the datagram'],
  ['3.1.2.3', 'ncl', 400, 'a negative Content-Length'],
  ['3.1.2.4', 'scalar02', 400, 'a CSeq that does not fit'],
  ['3.1.2.5', 'scalarlg', 'dropped', 'a response with a CSeq that does not fit'],
  ['3.1.2.6', 'quotbal', 400, 'a quoted string without its end in To'],
  ['3.1.2.7', 'ltgtruri', 400, 'angle brackets around the Request-URI'],
  ['3.1.2.8', 'lwsruri', 400, 'a blank in the Request-URI'],
  ['3.1.2.9', 'lwsstart', 400, 'more than one blank between the parts of the start line'],
  ['3.1.2.10', 'trws', 400, 'blanks behind the start line'],
  ['3.1.2.11', 'escruri', 400, 'headers in the Request-URI'],
  ['3.1.2.12', 'baddate', 'valid', 'a Date that is not in GMT: of no use to us, so passed over as the RFC allows'],
  ['3.1.2.13', 'regbadct', 400, 'a Contact with headers and without angle brackets'],
  ['3.1.2.14', 'badaspec', 400, 'blanks within angle brackets'],
  ['3.1.2.15', 'baddn', 400, 'a comma in a display name without quotes'],
  ['3.1.2.16', 'badvers', 505, 'another version of SIP'],
  ['3.1.2.17', 'mismatch01', 400, 'another method in CSeq than in the start line'],
  ['3.1.2.18', 'mismatch02', 400, 'the same with an unknown method'],
  ['3.1.2.19', 'bigcode', 'dropped', 'a status beyond 699'],
  ['3.2.1', 'badbranch', 'valid', 'a branch that is nothing but the magic cookie: matched as RFC 2543 has it'],
  ['3.3.1', 'insuf', 400, 'neither From, To nor Call-ID'],
  ['3.3.2', 'unkscm', 416, 'an unknown scheme in the Request-URI'],
  ['3.3.3', 'novelsc', 416, 'a known but unusual scheme in the Request-URI'],
  ['3.3.4', 'unksm2', 400, 'a REGISTER for what is no SIP address'],
  ['3.3.5', 'bext01', 'valid', 'unknown extensions required: 420 is the work of a layer above'],
  ['3.3.6', 'invut', 'valid', 'an unknown body type: 415 is the work of a layer above'],
  ['3.3.7', 'regaut01', 'valid', 'an unknown authorization scheme: as if there were none'],
  ['3.3.8', 'multi01', 400, 'From, To, Call-ID and CSeq twice'],
  ['3.3.9', 'mcl01', 400, 'two values of Content-Length'],
  ['3.3.10', 'bcast', 'dropped', 'a response with a Via of another: it went astray'],
  ['3.3.11', 'zeromf', 'valid', 'Max-Forwards 0 at its destination'],
  ['3.3.12', 'cparam01', 'valid', 'an unknown Contact parameter'],
  ['3.3.13', 'cparam02', 'valid', 'an unknown URI parameter in Contact'],
  ['3.3.14', 'regescrt', 'valid', 'escaped headers in a Contact URI'],
  ['3.3.15', 'sdp01', 'valid', 'an Accept without SDP: 406 is the work of a layer above'],
  ['3.4.1', 'inv2543', 'valid', 'an INVITE as RFC 2543 has it, without branch, Contact or Content-Length'],
];

const RFC_5118: readonly (readonly [section: string, name: string, verdict: Verdict, why: string])[] = [
  ['4.1', 'ipv6-good', 'valid', 'an IPv6 reference in the Request-URI'],
  ['4.2', 'ipv6-bad', 400, 'an IPv6 address without brackets in the Request-URI'],
  ['4.3', 'port-ambiguous', 'valid', 'what looks like a port is part of the address'],
  ['4.4', 'port-unambiguous', 'valid', 'a port behind the brackets'],
  ['4.5', 'via-received-param-with-delim', 'valid', 'received with brackets'],
  ['4.5', 'via-received-param-no-delim', 'valid', 'received without brackets'],
  ['4.6', 'ipv6-in-sdp', 'valid', 'IPv6 in SDP'],
  ['4.7', 'mult-ip-in-header', 'valid', 'IPv4 and IPv6 in the Vias of one request'],
  ['4.8', 'mult-ip-in-sdp', 'valid', 'IPv4 and IPv6 in one SDP'],
  ['4.9', 'ipv4-mapped-ipv6', 'valid', 'IPv4 addresses mapped into IPv6'],
  ['4.10', 'ipv6-correct-abnf-2-colons', 'valid', 'two colons before an IPv4 part'],
  ['4.10', 'ipv6-bug-abnf-3-colons', 'valid', 'three colons, as the grammar of RFC 3261 led some to write'],
];

describe('RFC 4475 torture messages', () => {
  it.each(RFC_4475)('section %s: %s is %s: %s', (_section, name, verdict) => {
    expect(judge(read(`rfc4475/${name}.dat`))).toBe(verdict);
  });

  it('has a row for each message', () => {
    expect(RFC_4475.map(([, name]) => `${name}.dat`).sort()).toEqual(
      readdirSync(new URL('data/rfc4475', import.meta.url)).sort(),
    );
  });

  it('prints every message that it takes so that it is taken again, unchanged', () => {
    for (const [, name, verdict] of RFC_4475) {
      if (verdict !== 'valid') continue;
      const printed = printMessage(message(`rfc4475/${name}.dat`));
      const result = tryParse(printed);
      expect(result).toMatchObject({ kind: 'message' });
      if (result.kind === 'message') expect(printMessage(result.message)).toEqual(printed);
    }
  });

  it('can print the response to every request that it refuses', () => {
    for (const [, name, verdict] of RFC_4475) {
      if (typeof verdict !== 'number') continue;
      const result = tryParse(read(`rfc4475/${name}.dat`));
      const refused = result.kind === 'malformed' ? result.answerable : (result.message as SipRequest);
      const printed = printMessage(createResponse(refused!, verdict, { toTag: 'a1' }));
      expect(tryParse(printed)).toMatchObject({ kind: 'message', message: { status: verdict } });
    }
  });

  it('reads what the short tortuous INVITE hides', () => {
    const { from, to, cseq, topVia, headers, body } = request('rfc4475/wsinv.dat');
    expect(from).toMatchObject({ display: 'J Rosenberg \\"', uri: 'sip:jdrosen@example.com', tag: '98asjd8' });
    expect(to).toMatchObject({ uri: 'sip:vivekg@chair-dnrc.example.com', tag: '1918181833n' });
    expect(cseq).toEqual({ sequence: 9, method: 'INVITE' });
    expect(topVia).toMatchObject({ protocol: 'UDP', host: '192.0.2.2', branch: '390skdjuw' });
    const vias = headers.all('via').flatMap(splitList).map(parseVia);
    expect(vias.map(({ protocol, branch }) => [protocol, branch])).toEqual([
      ['UDP', '390skdjuw'],
      ['TCP', 'z9hG4bK9ikj8'],
      ['UDP', 'z9hG4bK30239'],
    ]);
    const contact = parseNameAddr(headers.get('contact')!);
    expect(contact).toMatchObject({ display: 'Quoted string ""', uri: 'sip:jdrosen@example.com' });
    expect([...contact.params]).toEqual([
      ['newparam', 'newvalue'],
      ['secondparam', undefined],
      ['q', '0.33'],
    ]);
    expect(headers.get('newfangledheader')).toBe('newfangled value continued newfangled value');
    expect(headers.get('unknownheaderwithunusualvalue')).toBe(';;,,;;,;');
    expect(headers.get('subject')).toBe('');
    expect(body.length).toBe(150);
  });

  it('reads unusual but legal characters and keeps UTF-8', () => {
    const { method, to, from, headers, uri } = request('rfc4475/intmeth.dat');
    expect(method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    expect(to.display).toBe('BEL:\u0007 NUL:\u0000 DEL:\u007f');
    expect(from).toMatchObject({ display: "token1~` token2'+_ token3*%!.-", tag: "_token~1'+`*%!-." });
    expect(from.params.get("fromparam''~+*_!.-%")).toBe('работающий');
    expect(headers.get("extensionheader-!.%*+_`'~")).toBe('\ufeff大停電');
    expect(parseUri(uri)).toMatchObject({ host: 'example.com' });
    expect(response('rfc4475/unreason.dat').reasonPhrase).toContain('девяносто девять');
    expect(response('rfc4475/noreason.dat').reasonPhrase).toBe('');
  });

  it('resolves escapes where they mean the same, and nowhere else', () => {
    const escaped = request('rfc4475/esc01.dat');
    expect(parseUri(escaped.uri)).toMatchObject({ user: 'sips%3Auser%40example.com', host: 'example.net' });
    expect(parseUri(escaped.to.uri)).toMatchObject({ user: 'user' });
    const contact = parseUri(parseNameAddr(escaped.headers.get('contact')!).uri);
    expect([...contact.params]).toEqual([
      ['lr', undefined],
      ['name', 'value%2541'],
    ]);
    expect(request('rfc4475/esc02.dat').method).toBe('RE%47IST%45R');
    expect(request('rfc4475/esc02.dat').headers.all('contact')).toHaveLength(2);
    expect(parseUri(request('rfc4475/semiuri.dat').uri)).toMatchObject({
      user: 'user;par=u%40example.net',
      params: new Map(),
    });
  });

  it('takes the first of two requests in a datagram', () => {
    const { method, body } = request('rfc4475/dblreq.dat');
    expect([method, body.length]).toEqual(['REGISTER', 0]);
  });

  it('keeps a binary body as it is', () => {
    const datagram = read('rfc4475/mpart01.dat');
    expect(request('rfc4475/mpart01.dat').body).toEqual(datagram.subarray(-553));
  });

  it('tells parameters of the address from those of the URI', () => {
    const contactOf = (name: string) => parseNameAddr(request(`rfc4475/${name}.dat`).headers.get('contact')!);
    expect(contactOf('cparam01').params.has('unknownparam')).toBe(true);
    expect(contactOf('cparam02').params.has('unknownparam')).toBe(false);
    expect(parseUri(contactOf('cparam02').uri).params.has('unknownparam')).toBe(true);
    expect(parseUri(contactOf('regescrt').uri)).toMatchObject({ headers: [['route', '%3Csip:sip.example.com%3E']] });
  });
});

describe('RFC 5118 torture messages for IPv6', () => {
  it.each(RFC_5118)('section %s: %s is %s: %s', (_section, name, verdict) => {
    expect(judge(read(`rfc5118/${name}`))).toBe(verdict);
  });

  it('has a row for each message', () => {
    expect(RFC_5118.map(([, name]) => name).sort()).toEqual(
      readdirSync(new URL('data/rfc5118', import.meta.url)).sort(),
    );
  });

  it('tells a port from the end of an address', () => {
    expect(parseUri(request('rfc5118/port-ambiguous').uri)).toMatchObject({
      host: '[2001:db8::10:5070]',
      port: undefined,
    });
    expect(parseUri(request('rfc5118/port-unambiguous').uri)).toMatchObject({ host: '[2001:db8::10]', port: 5070 });
  });

  it('reads received with and without brackets as the same address', () => {
    expect(request('rfc5118/via-received-param-with-delim').topVia.received).toBe('2001:db8::9:255');
    expect(request('rfc5118/via-received-param-no-delim').topVia.received).toBe('2001:db8::9:255');
  });

  it('reads the addresses in SDP', () => {
    const addresses = (name: string) =>
      parseSdp(request(`rfc5118/${name}`).body.toString()).media.map(({ address }) => address);
    expect(addresses('ipv6-in-sdp')).toEqual(['2001:db8::20', '2001:db8::20']);
    expect(addresses('mult-ip-in-sdp')).toEqual(['192.0.2.1', '2001:db8::1']);
    expect(addresses('ipv4-mapped-ipv6')).toEqual(['::ffff:192.0.2.2', '::ffff:192.0.2.2']);
  });
});

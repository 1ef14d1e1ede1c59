import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sameUri } from '../../../src/sip/message/compare-uris.ts';
import { SipParseError } from '../../../src/sip/message/errors.ts';
import { SipHeaders } from '../../../src/sip/message/headers.ts';
import { parseCSeq } from '../../../src/sip/message/message.ts';
import { formatNameAddr, parseNameAddr } from '../../../src/sip/message/name-addr.ts';
import { escapeUser, formatUri, isPlainSipUri, parseUri } from '../../../src/sip/message/uri.ts';
import { formatVia, parseVia, splitList } from '../../../src/sip/message/via.ts';

describe('SIP and tel URIs', () => {
  it.each([
    ['sip:alice@atlanta.com', { scheme: 'sip', user: 'alice', host: 'atlanta.com' }],
    ['sip:alice:secretword@atlanta.com;transport=tcp', { user: 'alice', password: 'secretword' }],
    ['SIPS:alice@ATLANTA.com:5061', { scheme: 'sips', host: 'atlanta.com', port: 5061 }],
    ['sip:+1-212-555-1212:1234@gateway.com;user=phone', { user: '+1-212-555-1212', password: '1234' }],
    ['sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com', { headers: [['to', 'alice%40atlanta.com']] }],
    ['sip:alice;day=tuesday@atlanta.com', { user: 'alice;day=tuesday', params: new Map() }],
    ['sip:*98#@[2001:db8::1]:5070;lr', { user: '*98#', host: '[2001:db8::1]', port: 5070 }],
    ['sip:%61lice%2f@a', { user: 'alice%2F' }],
    ['tel:+1-201-555-0123', { scheme: 'tel', number: '+12015550123' }],
    ['tel:7042;phone-context=example.com', { number: '7042', params: new Map([['phone-context', 'example.com']]) }],
  ])('reads %s', (text, expected) => {
    expect(parseUri(text)).toMatchObject(expected);
    expect(parseUri(formatUri(parseUri(text)))).toEqual(parseUri(text));
  });

  it.each([
    'sip:',
    'sip:@example.com',
    'sip:a b@example.com',
    'sip:a@b@example.com',
    'sip:a%4@example.com',
    'sip:a@[::1',
    'sip:a@[1::2::3]',
    'sip:a@example.com:65536',
    'sip:a@example.com:',
    'sip:a@example.com;=x',
    'sip:a@example.com?',
    'sip:a@exa"mple.com',
    'tel:',
    'tel:+12ab',
    'mailto:a@example.com',
    'example.com',
    '',
  ])('refuses %s', (text) => {
    expect(() => parseUri(text)).toThrow(SipParseError);
    expect(isPlainSipUri(text)).toBe(false);
  });

  // The examples of RFC 3261 section 19.1.4, and more.
  it.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['sip:a@[2001:DB8:0::1]', 'sip:a@[2001:db8::1]'],
    ['tel:+1-201-555-0123', 'tel:+1(201)5550123'],
  ])('holds %s and %s to be the same', (a, b) => {
    expect(sameUri(parseUri(a), parseUri(b))).toBe(true);
    expect(sameUri(parseUri(b), parseUri(a))).toBe(true);
  });

  it.each([
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a@example.com', 'sips:a@example.com'],
    ['sip:a;b@example.com', 'sip:a%3Bb@example.com'],
    ['sip:+12015550123@example.com', 'tel:+12015550123'],
    ['tel:7042;phone-context=a', 'tel:7042;phone-context=b'],
  ])('holds %s and %s to be different', (a, b) => {
    expect(sameUri(parseUri(a), parseUri(b))).toBe(false);
    expect(sameUri(parseUri(b), parseUri(a))).toBe(false);
  });

  it('takes any text as a user, once it is escaped', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (user) => {
        const uri = parseUri(`sip:${escapeUser(user)}@example.com`);
        expect(uri).toMatchObject({ scheme: 'sip', host: 'example.com' });
        if (uri.scheme === 'sip') expect(decodeURIComponent(uri.user ?? '')).toBe(user);
      }),
    );
  });

  it('throws nothing but SipParseError, and its quick test never promises too much', () => {
    const pieces = fc.constantFrom(
      'sip:',
      'a',
      '@',
      'example.com',
      ':5060',
      ':',
      ';lr',
      ';',
      '=',
      '?',
      '&',
      '%41',
      '%',
      '[::1]',
      '[',
      '<',
      ' ',
      'ä',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (list) => {
        const text = `sip:${list.join('')}`;
        const plain = isPlainSipUri(text);
        try {
          const uri = parseUri(text);
          expect(parseUri(formatUri(uri))).toEqual(uri);
          if (plain) expect(uri).toMatchObject({ headers: [] });
        } catch (error) {
          expect(error).toBeInstanceOf(SipParseError);
          expect(plain).toBe(false);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('name-addr', () => {
  it.each([
    [
      '"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s',
      { display: 'A. G. Bell', uri: 'sip:agb@bell-telephone.com', tag: 'a48s' },
    ],
    [
      'sip:+12125551212@server.phone2net.com;tag=887s;x',
      { display: undefined, tag: '887s', params: new Map([['x', undefined]]) },
    ],
    [
      'Anonymous <sip:c8oqz84zk7z@privacy.org;user=phone>',
      { display: 'Anonymous', uri: 'sip:c8oqz84zk7z@privacy.org;user=phone' },
    ],
    [
      '<sip:a@b;lr>;+sip.instance="<urn:uuid:1>";Q=0.5',
      {
        params: new Map([
          ['+sip.instance', '<urn:uuid:1>'],
          ['q', '0.5'],
        ]),
      },
    ],
    ['"<;,\\"\\\\" <sip:a@b>', { display: '<;,"\\' }],
    ['<sip:a@b>;;;', { params: new Map() }],
    ['sip:a@b;x="<y>"', { uri: 'sip:a@b', params: new Map([['x', '<y>']]) }],
  ])('reads %s', (text, expected) => {
    expect(parseNameAddr(text)).toMatchObject(expected);
    expect(parseNameAddr(formatNameAddr(parseNameAddr(text)))).toEqual(parseNameAddr(text));
  });

  it.each([
    '',
    '<>',
    '<sip:a@b',
    '"x <sip:a@b>',
    '"x" y <sip:a@b>',
    'a, b <sip:a@b>',
    '< sip:a@b >',
    'sip:a@b,sip:c@d',
    '<sip:a@b> x',
    'nonsense',
  ])('refuses %s', (text) => {
    expect(() => parseNameAddr(text)).toThrow(SipParseError);
  });

  it('writes what it is given so that it is read again', () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[a-z0-9]{1,8}$/), fc.string(), (display, tag, value) => {
        const address = { display, uri: 'sip:a@b', tag, params: new Map([['x', value]]) };
        expect(parseNameAddr(formatNameAddr(address))).toEqual(address);
      }),
    );
  });
});

describe('Via', () => {
  it('reads and writes sent-by, branch, received, rport and the rest', () => {
    const text = 'SIP/2.0/tls [2001:db8::9]:5061;branch=z9hG4bK1;received=192.0.2.1;rport=9988;alias;ttl=1';
    expect(parseVia(text)).toEqual({
      protocol: 'TLS',
      host: '[2001:db8::9]',
      port: 5061,
      branch: 'z9hG4bK1',
      received: '192.0.2.1',
      rport: 9988,
      params: new Map([
        ['alias', undefined],
        ['ttl', '1'],
      ]),
    });
    expect(formatVia(parseVia(text))).toBe(text.replace('tls', 'TLS'));
    expect(formatVia({ ...parseVia('SIP/2.0/UDP h;rport;branch=z9hG4bK2'), received: '192.0.2.1', rport: 5062 })).toBe(
      'SIP/2.0/UDP h;branch=z9hG4bK2;received=192.0.2.1;rport=5062',
    );
    expect(parseVia('SIP/2.0/UDP h;rport').rport).toBe('requested');
  });

  it.each([
    '',
    'SIP/2.0',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP h:port',
    'SIP/2.0/UDP h:99999999',
    'SIP/2.0/UDP h x',
    'SIP/2.0/UDP h;rport=x',
  ])('refuses %s', (text) => {
    expect(() => parseVia(text)).toThrow(SipParseError);
  });
});

describe('lists', () => {
  it('splits at commas, but not in quotes or angle brackets', () => {
    expect(splitList('"a,\\",b" <sip:x,y@z>;p="1,2" , <sip:b>,, c')).toEqual([
      '"a,\\",b" <sip:x,y@z>;p="1,2"',
      '<sip:b>',
      'c',
    ]);
    expect(splitList('')).toEqual([]);
    expect(splitList('one')).toEqual(['one']);
    expect(splitList('a, "b, c')).toEqual(['a', '"b, c']);
  });
});

describe('CSeq', () => {
  it('reads number and method, and nothing beyond 2^31', () => {
    expect(parseCSeq('2147483647 INVITE')).toEqual({ sequence: 2_147_483_647, method: 'INVITE' });
    expect(parseCSeq('0009 \t INVITE')).toEqual({ sequence: 9, method: 'INVITE' });
    for (const text of ['', '1', 'INVITE 1', '-1 INVITE', '1 IN VITE', '2147483648 INVITE']) {
      expect(() => parseCSeq(text)).toThrow(SipParseError);
    }
  });
});

describe('SipHeaders', () => {
  it('keeps order while fields are added, replaced and removed', () => {
    const headers = new SipHeaders().append('a', '1').append('b', '2').append('a', '3').append('c', '4');
    headers.prepend('v', '0').set('a', '5').remove('b');
    headers.replaceFirst('c', '6');
    const copy = headers.clone().append('d', '7');
    const fields: string[] = [];
    copy.forEach((name, value) => fields.push(name + value));
    expect(fields).toEqual(['v0', 'a5', 'c6', 'd7']);
    expect([headers.size, copy.size, headers.has('d'), headers.get('b')]).toEqual([3, 4, false, undefined]);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { answerAudio } from '../../../src/sip/sdp/answer-audio.ts';
import { audioTargetOf } from '../../../src/sip/sdp/audio-target.ts';
import { createAudioSdp } from '../../../src/sip/sdp/create-audio-sdp.ts';
import { SdpError } from '../../../src/sip/sdp/errors.ts';
import { withOrigin } from '../../../src/sip/sdp/origin.ts';
import { restrictCodecs } from '../../../src/sip/sdp/restrict-codecs.ts';
import { sameMedia } from '../../../src/sip/sdp/same-media.ts';
import { parseSdp } from '../../../src/sip/sdp/session-description.ts';

const sdp = (...lines: string[]): string => `${lines.join('\r\n')}\r\n`;

const HEAD = ['v=0', 'o=phone 1 1 IN IP4 192.0.2.10', 's=call', 'c=IN IP4 192.0.2.10', 't=3 4'];
const OFFER = sdp(
  ...HEAD,
  'm=audio 49170 RTP/AVP 9 8 0 96 97',
  'a=rtpmap:9 G722/8000',
  'a=rtpmap:96 opus/48000/2',
  'a=rtpmap:97 telephone-event/8000',
  'a=fmtp:97 0-16',
  'a=ptime:20',
  'm=video 51372 RTP/AVP 31',
  'c=IN IP6 2001:db8::5',
  'a=inactive',
);
const OURS = { sessionId: 7, version: 2, address: '198.51.100.1', port: 4000 };
const offering = (direction: string, address = '192.0.2.10'): string =>
  sdp(
    'v=0',
    `o=- 1 1 IN IP4 ${address}`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    'm=audio 5004 RTP/AVP 0',
    `a=${direction}`,
  );

describe('parseSdp', () => {
  it('gives each stream its own address and direction, else those of the session', () => {
    const { media, origin, timing } = parseSdp(OFFER);
    expect([origin, timing]).toEqual(['phone 1 1 IN IP4 192.0.2.10', '3 4']);
    expect(media).toMatchObject([
      { type: 'audio', port: 49170, protocol: 'RTP/AVP', address: '192.0.2.10', direction: 'sendrecv' },
      { type: 'video', port: 51372, formats: ['31'], address: '2001:db8::5', direction: 'inactive' },
    ]);
    const session = parseSdp(OFFER.replace('t=3 4', 't=3 4\r\na=sendonly'));
    expect(session.media.map(({ direction }) => direction)).toEqual(['sendonly', 'inactive']);
  });

  it('takes lines that end with LF, a port count, and a TTL', () => {
    const text = OFFER.replaceAll('\r\n', '\n')
      .replace('49170 ', '49170/2 ')
      .replace('IP4 192.0.2.10\nt', 'IP4 224.2.1.1/127\nt');
    expect(parseSdp(text).media[0]).toMatchObject({ port: 49170, address: '224.2.1.1' });
  });

  it.each([
    ['', 'nothing'],
    ['hello', 'no line of SDP'],
    [OFFER.replace('v=0', 'v=1'), 'another version'],
    [OFFER.replace('o=phone 1', 'o=phone'), 'a short origin'],
    [OFFER.replace('m=audio 49170', 'm=audio'), 'a stream without a port'],
    [OFFER.replace('49170', '70000'), 'a port beyond 65535'],
    [OFFER.replace('RTP/AVP 31', 'RTP/AVP'), 'a stream without formats'],
    [OFFER.replace('c=IN IP4 192', 'c=IP4 192'), 'a bad connection'],
    [OFFER.replace('m=video', 'm =video'), 'a blank before an equals sign'],
  ])('refuses %j: %s', (text) => {
    expect(() => parseSdp(text)).toThrow(SdpError);
  });
});

describe('createAudioSdp', () => {
  it('offers G.711 and telephone events', () => {
    expect(createAudioSdp(OURS)).toBe(
      sdp(
        'v=0',
        'o=- 7 2 IN IP4 198.51.100.1',
        's=-',
        'c=IN IP4 198.51.100.1',
        't=0 0',
        'm=audio 4000 RTP/AVP 0 8 101',
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        'a=sendrecv',
      ),
    );
  });

  it('writes IPv6, a direction and chosen codecs', () => {
    const text = createAudioSdp({
      ...OURS,
      address: '2001:db8::1',
      direction: 'recvonly',
      codecs: ['PCMA'],
      username: 'me',
    });
    expect(text).toContain('o=me 7 2 IN IP6 2001:db8::1\r\n');
    expect(text).toContain('c=IN IP6 2001:db8::1\r\n');
    expect(text).toContain('m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=recvonly\r\n');
    expect(() => createAudioSdp({ ...OURS, address: '1.2.3.4\r\na=x' })).toThrow(SdpError);
  });
});

describe('withOrigin', () => {
  it('changes the o= line and no other byte', () => {
    const origin = { username: 'offhook', sessionId: '99', version: 3, address: '2001:db8::7' };
    expect(withOrigin(OFFER, origin)).toBe(
      OFFER.replace('o=phone 1 1 IN IP4 192.0.2.10', 'o=offhook 99 3 IN IP6 2001:db8::7'),
    );
    const messy = 'v=0\no=a b c IN IP4 d\nx\n\n o=y';
    expect(withOrigin(messy, { sessionId: 1, version: 1, address: '192.0.2.1' })).toBe(
      'v=0\no=- 1 1 IN IP4 192.0.2.1\nx\n\n o=y',
    );
  });

  it('refuses SDP without one, and blanks that would break the line', () => {
    expect(() => withOrigin('v=0\r\n', OURS)).toThrow(SdpError);
    expect(() => withOrigin(OFFER, { ...OURS, username: 'a\r\nb' })).toThrow(SdpError);
  });
});

describe('answerAudio', () => {
  it('picks the common codecs in the order and with the payload types of the offer, and refuses other streams', () => {
    expect(answerAudio(OFFER, OURS)).toBe(
      sdp(
        'v=0',
        'o=- 7 2 IN IP4 198.51.100.1',
        's=-',
        'c=IN IP4 198.51.100.1',
        't=3 4',
        'm=audio 4000 RTP/AVP 8 0 97',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:97 telephone-event/8000',
        'a=fmtp:97 0-15',
        'a=sendrecv',
        'm=video 0 RTP/AVP 31',
      ),
    );
  });

  it.each([
    ['sendrecv', undefined, 'sendrecv'],
    ['sendonly', undefined, 'recvonly'],
    ['recvonly', undefined, 'sendonly'],
    ['inactive', undefined, 'inactive'],
    ['sendrecv', 'sendonly', 'sendonly'],
    ['sendonly', 'sendonly', 'inactive'],
    ['recvonly', 'recvonly', 'inactive'],
  ] as const)('answers %s, wanting %s, with %s', (offered, wanted, expected) => {
    expect(parseSdp(answerAudio(offering(offered), { ...OURS, direction: wanted })).media[0]?.direction).toBe(expected);
  });

  it('takes an address of all zeros for a hold', () => {
    expect(parseSdp(answerAudio(offering('sendrecv', '0.0.0.0'), OURS)).media[0]?.direction).toBe('recvonly');
  });

  it('accepts the first audio stream that it can, and no second', () => {
    const offer = sdp(
      ...HEAD,
      'm=audio 1 RTP/SAVP 0',
      'm=audio 0 RTP/AVP 0',
      'm=audio 2 RTP/AVP 8',
      'm=audio 3 RTP/AVP 0',
    );
    expect(parseSdp(answerAudio(offer, OURS)).media.map(({ port, protocol }) => [port, protocol])).toEqual([
      [0, 'RTP/SAVP'],
      [0, 'RTP/AVP'],
      [4000, 'RTP/AVP'],
      [0, 'RTP/AVP'],
    ]);
  });

  it.each([
    ['no codec of ours', sdp(...HEAD, 'm=audio 1 RTP/AVP 18')],
    ['telephone events alone', sdp(...HEAD, 'm=audio 1 RTP/AVP 101', 'a=rtpmap:101 telephone-event/8000')],
    ['no audio', sdp(...HEAD, 'm=video 1 RTP/AVP 31')],
    ['a number of ours under another name', sdp(...HEAD, 'm=audio 1 RTP/AVP 0', 'a=rtpmap:0 opus/48000/2')],
    ['no stream', sdp(...HEAD)],
  ])('refuses an offer with %s', (_, offer) => {
    expect(() => answerAudio(offer, OURS)).toThrow(SdpError);
  });
});

describe('restrictCodecs', () => {
  it('leaves the named codecs and every other line', () => {
    expect(restrictCodecs(OFFER, ['PCMU', 'PCMA'])).toBe(
      sdp(
        ...HEAD,
        'm=audio 49170 RTP/AVP 8 0',
        'a=ptime:20',
        'm=video 51372 RTP/AVP 31',
        'c=IN IP6 2001:db8::5',
        'a=inactive',
      ),
    );
  });

  it('refuses to leave a stream without a codec', () => {
    expect(() => restrictCodecs(sdp(...HEAD, 'm=audio 1 RTP/AVP 18'), ['PCMU'])).toThrow(SdpError);
  });
});

describe('sameMedia', () => {
  it('looks at address, port, codecs and direction alone', () => {
    const moved = withOrigin(OFFER, OURS).replace('s=call', 's=other').replace('a=ptime:20\r\n', '');
    expect(sameMedia(OFFER, moved)).toBe(true);
    expect(sameMedia(OFFER, OFFER.replace('a=rtpmap:9 G722/8000\r\n', ''))).toBe(true);
  });

  it.each([
    ['c=IN IP4 192.0.2.10', 'c=IN IP4 192.0.2.11'],
    ['49170', '49172'],
    ['9 8 0', '8 9 0'],
    ['opus/48000/2', 'opus/48000'],
    ['a=ptime:20', 'a=sendonly'],
    ['0-16', '0-15'],
  ])('tells %s from %s', (before, after) => {
    expect(sameMedia(OFFER, OFFER.replace(before, after))).toBe(false);
  });
});

describe('audioTargetOf', () => {
  it('finds where and how to send', () => {
    expect(audioTargetOf(OFFER)).toEqual({ address: '192.0.2.10', port: 49170, payloadType: 8, eventPayloadType: 97 });
    expect(audioTargetOf(offering('recvonly'))).toMatchObject({ payloadType: 0, eventPayloadType: undefined });
  });

  it.each([
    ['on hold', offering('sendonly')],
    ['held the old way', offering('sendrecv', '0.0.0.0')],
    ['a host name', offering('sendrecv', 'example.com')],
    ['refused', sdp(...HEAD, 'm=audio 0 RTP/AVP 0')],
    ['encrypted', sdp(...HEAD, 'm=audio 1 RTP/SAVP 0')],
    ['without a codec of ours', sdp(...HEAD, 'm=audio 1 RTP/AVP 18')],
  ])('finds none: %s', (_, text) => {
    expect(audioTargetOf(text)).toBeUndefined();
  });
});

it('throws nothing but SdpError, whatever the input', () => {
  const line = fc.constantFrom(
    ...OFFER.split('\r\n'),
    'a=',
    'm=audio',
    'c=',
    'a=rtpmap:',
    'a=rtpmap:0 ',
    'm=audio 1 RTP/AVP 999',
    '=',
    'o=',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(line).map((lines) => sdp(...HEAD, ...lines)),
    fc.array(line).map((lines) => lines.join('\n')),
  );
  fc.assert(
    fc.property(text, (input) => {
      const uses = [
        () => answerAudio(input, OURS),
        () => restrictCodecs(input, ['PCMU']),
        () => withOrigin(input, OURS),
        () => audioTargetOf(input),
        () => sameMedia(input, OFFER),
      ];
      for (const use of uses) {
        try {
          use();
        } catch (error) {
          expect(error).toBeInstanceOf(SdpError);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

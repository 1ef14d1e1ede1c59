import { describe, expect, it } from '@jest/globals';
import { settingsSchema } from '../../src/config/settings.ts';

const mistakesOf = (settings: object): string[] =>
  (settingsSchema.safeParse(settings).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

const ofTrunk = (more: object): string[] =>
  mistakesOf({ trunks: [{ name: 'carrier', uri: 'sip:sip.example.com', ...more }] });

describe('the dialect of a trunk', () => {
  it.each<[what: string, trunk: object, mistake: string]>([
    ['a header that is ours', { headers: { From: 'me' } }, 'trunks.0.headers.From: is written by Offhook itself'],
    ['a header in its short form', { headers: { v: 'x' } }, 'trunks.0.headers.v: is written by Offhook itself'],
    ['a header of two lines', { headers: { 'X-A': 'a\r\nVia: b' } }, 'trunks.0.headers.X-A: has a control character'],
    ['a header whose name is none', { headers: { 'X A': 'a' } }, 'trunks.0.headers.X A: Invalid key in record'],
    [
      'a domain with a scheme',
      { from_domain: 'sip:a' },
      'trunks.0.from_domain: is not a host, such as sip.example.com',
    ],
    [
      'a number format that is none',
      { number_format: 'E164' },
      'trunks.0.number_format: Invalid option: expected one of "e164"|"e164-without-plus"|"national"|"as-dialled"',
    ],
    ['a prefix of letters', { number_prefix: 'nine' }, 'trunks.0.number_prefix: is not made of digits, *, # and +'],
    [
      'a proxy over TLS',
      { outbound_proxy: 'sips:edge.example' },
      'trunks.0.outbound_proxy: is not sip:host:port, perhaps with ;transport=udp or ;transport=tcp',
    ],
  ])('refuses %s', (_what, trunk, mistake) => {
    expect(ofTrunk(trunk)).toEqual([mistake]);
  });

  it.each(['sip.example.com', '192.0.2.1', '[2001:db8::1]', 'a'])('takes the domain %s', (from_domain) => {
    expect(ofTrunk({ from_domain })).toEqual([]);
  });
});

describe('the credentials of a phone at a fixed address', () => {
  it('go together', () => {
    expect(mistakesOf({ phones: [{ user: 'demo', address: 'sip:200@10.0.0.5', username: '200' }] })).toEqual([
      'phones.0: username and password go together',
    ]);
  });
});

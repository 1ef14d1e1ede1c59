import { describe, expect, it } from '@jest/globals';
import { ANONYMOUS } from '../../../../src/calls/call-command.ts';
import { inviteOverTrunk, type SipTrunk } from '../../../../src/engines/sip/call/trunk-dialect.ts';

const bare: SipTrunk = { name: 'carrier', uri: 'sip:sip.example.com:5080;transport=tcp' };

const NUMBER = '+442079460000';
const OWN = '+12025550199';

const invite = (changes: Partial<SipTrunk> = {}, shown: string | undefined = OWN, number = NUMBER) =>
  inviteOverTrunk({ ...bare, ...changes }, { number }, shown);

const account = { username: 'acme', password: 'secret' };

describe('who we say we are to a trunk', () => {
  it.each<[what: string, trunk: Partial<SipTrunk>, shown: string | undefined, from: string]>([
    ['the number of the call, at the host of the trunk', {}, OWN, `sip:${OWN}@sip.example.com`],
    ['the number of the trunk where the call has none', { callerId: OWN }, undefined, `sip:${OWN}@sip.example.com`],
    ['the account where there is no number', { credentials: account }, undefined, 'sip:acme@sip.example.com'],
    ['nobody where there is nothing', {}, undefined, 'sip:anonymous@sip.example.com'],
    ['a user of its own', { dialect: { fromUser: 'acme' } }, OWN, 'sip:acme@sip.example.com'],
    ['a domain of its own', { dialect: { fromDomain: 'customers.example' } }, OWN, `sip:${OWN}@customers.example`],
    ['an IPv6 address in brackets', { uri: 'sip:[2001:db8::1]:5060' }, OWN, `sip:${OWN}@[2001:db8::1]`],
    ['an extension as it is', { dialect: { numberFormat: 'e164-without-plus' } }, '201', 'sip:201@sip.example.com'],
    [
      "the number as the trunk's numbers are written",
      { dialect: { numberFormat: 'e164-without-plus' } },
      OWN,
      'sip:12025550199@sip.example.com',
    ],
  ])('%s', (_what, trunk, shown, from) => {
    expect(inviteOverTrunk({ ...bare, ...trunk }, { number: NUMBER }, shown).from.uri).toBe(from);
  });

  it('beside a user of its own the display has the number', () => {
    expect(invite({ dialect: { fromUser: 'acme' } }).from.display).toBe(OWN);
  });

  it.each<[identity: 'from' | 'pai' | 'rpid', headers: readonly (readonly string[])[]]>([
    ['from', []],
    ['pai', [['p-asserted-identity', `"${OWN}" <sip:${OWN}@sip.example.com>`]]],
    ['rpid', [['remote-party-id', `"${OWN}" <sip:${OWN}@sip.example.com>;party=calling;privacy=off`]]],
  ])('the number stands in %s', (identity, headers) => {
    expect(invite({ dialect: { identity, fromUser: 'acme' } }).headers).toEqual(headers);
  });

  it.each<[identity: 'from' | 'pai' | 'rpid', headers: readonly (readonly string[])[]]>([
    ['from', [['privacy', 'id']]],
    [
      'pai',
      [
        ['p-asserted-identity', `"${OWN}" <sip:${OWN}@sip.example.com>`],
        ['privacy', 'id'],
      ],
    ],
    ['rpid', [['remote-party-id', `"${OWN}" <sip:${OWN}@sip.example.com>;party=calling;privacy=full`]]],
  ])('a caller who is withheld is anonymous in From, and known to the carrier by %s alone', (identity, headers) => {
    const { from, headers: sent } = invite({ callerId: OWN, dialect: { identity } }, ANONYMOUS);
    expect(from).toMatchObject({ display: 'Anonymous', uri: 'sip:anonymous@anonymous.invalid' });
    expect(sent).toEqual(headers);
  });

  it('headers of its own follow ours', () => {
    expect(invite({ dialect: { identity: 'pai', headers: [['X-Account', '17']] } }).headers).toEqual([
      ['p-asserted-identity', `"${OWN}" <sip:${OWN}@sip.example.com>`],
      ['X-Account', '17'],
    ]);
  });
});

describe('how a number is written for a trunk', () => {
  it.each([
    ['e164', 'GB', NUMBER, NUMBER],
    ['e164-without-plus', 'GB', NUMBER, '442079460000'],
    ['national', 'GB', NUMBER, '2079460000'],
    ['national', 'US', NUMBER, '011442079460000'],
    ['national', 'DE', '+12025550100', '0012025550100'],
    ['national', 'DE', '+4930123456', '30123456'],
    ['national', 'US', '+14165550123', '4165550123'],
    ['national', 'IT', '+390612345678', '0612345678'],
    ['national', 'US', '2001', '2001'],
  ] as const)('%s from %s: %s is %s', (numberFormat, homeCountry, number, written) => {
    const { target, to } = invite({ dialect: { numberFormat, homeCountry } }, OWN, number);
    expect(target).toBe(`sip:${written}@sip.example.com:5080;transport=tcp`);
    expect(to.uri).toBe(target);
  });

  it('a prefix comes before it', () => {
    const dialect = { numberFormat: 'e164-without-plus', numberPrefix: '9' } as const;
    expect(invite({ dialect }).target).toBe('sip:9442079460000@sip.example.com:5080;transport=tcp');
  });
});

describe('the way to a trunk', () => {
  it.each([
    ['sip:edge.example:5070', '<sip:edge.example:5070;lr>'],
    ['sip:edge.example;lr', '<sip:edge.example;lr>'],
  ])('passes the outbound proxy %s loosely', (outboundProxy, route) => {
    expect(invite({ dialect: { outboundProxy } })).toMatchObject({
      route: [route],
      target: `sip:${NUMBER}@sip.example.com:5080;transport=tcp`,
    });
  });

  it('is direct without one', () => {
    expect(invite().route).toBeUndefined();
  });
});

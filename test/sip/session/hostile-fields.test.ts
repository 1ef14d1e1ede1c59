import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redirectedTo } from '../../../src/engines/sip/leg/redirect.ts';
import { SipHeaders } from '../../../src/sip/message/headers.ts';
import { SipRequest, SipResponse } from '../../../src/sip/message/message.ts';
import { rackOf, rseqOf } from '../../../src/sip/session/reliable-progress.ts';
import {
  isTooShort,
  MAX_SESSION_EXPIRES,
  minSessionExpiresOf,
  sessionExpiresOf,
  withLongerSession,
} from '../../../src/sip/session/session-expires.ts';
import { nothing, Pair, RawPeer, sdp } from './party.ts';

const SEED = 20_261_128;

/** What stands in a field: near to what belongs there, or anything that a line can hold. */
const value = fc.oneof(
  fc.integer({ min: -2, max: 5000 }).map(String),
  fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
  fc.constantFrom(
    '90;refresher=uac',
    '1800;refresher=uas',
    '120;refresher=',
    '90;refresher=uac;refresher=uas',
    ';',
    '',
  ),
  fc.stringMatching(/^[0-9]{1,10} [0-9]{1,10} (INVITE|BYE|x)$/),
  fc.string({ unit: 'binary-ascii', maxLength: 40 }).map((text) => text.replace(/[\r\n\0]/g, ' ')),
);

const NAMES = ['session-expires', 'min-se', 'rseq', 'rack', 'require', 'supported', 'retry-after', 'allow'] as const;

const fields = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 6 });

const headersOf = (named: readonly (readonly [string, string])[]): SipHeaders => {
  const headers = new SipHeaders().append('cseq', '1 INVITE');
  for (const [name, text] of named) headers.append(name, text);
  return headers;
};

describe('fields that anybody may write', () => {
  it('are read or passed over, never an exception, and never beyond their bounds', () => {
    fc.assert(
      fc.property(fields, fc.integer({ min: 200, max: 699 }), (named, status) => {
        const request = new SipRequest('INVITE', 'sip:a@b', headersOf(named));
        const response = new SipResponse(status, '-', headersOf(named));
        expect(sessionExpiresOf(request)?.seconds ?? 0).toBeGreaterThanOrEqual(0);
        expect(Number.isSafeInteger(minSessionExpiresOf(response))).toBe(true);
        expect(typeof isTooShort(request)).toBe('boolean');
        const longer = withLongerSession(request, response, () => 2);
        expect(longer === undefined ? 0 : Number(longer.headers.get('min-se'))).toBeLessThanOrEqual(
          MAX_SESSION_EXPIRES,
        );
        expect(rackOf(request)?.method).not.toBe('');
        expect(rseqOf(response) ?? 1).toBeGreaterThan(0);
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });

  it('of a 3xx lead nowhere but to the hosts that are allowed', () => {
    const contact = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 60 }).map((text) => text.replace(/[\r\n\0]/g, ' ')),
      fc
        .tuple(
          fc.constantFrom('sip', 'sips', 'tel', 'SIP'),
          fc.constantFrom(
            'good',
            'x@good:5060',
            'good@bad',
            'bad@good',
            'good.bad',
            'good;maddr=bad',
            'good?Route=bad',
          ),
        )
        .map(([scheme, host]) => `<${scheme}:${host}>;q=0.5`),
    );
    fc.assert(
      fc.property(fc.array(contact, { maxLength: 5 }), (contacts) => {
        const headers = new SipHeaders();
        for (const text of contacts) headers.append('contact', text);
        const from = { uri: 'sip:us@here', params: new Map<string, string>() };
        const target = { address: 'x', invite: { target: 'sip:x@bad', from, to: from } };
        const found = redirectedTo(new SipResponse(302, '-', headers), target, new Set(['good']));
        for (const { invite } of found)
          expect(invite.target).toMatch(/^sip:(?:[^@]*@)?good(?=[:;]|$)(?!.*(?:maddr|\?))/i);
      }),
      { seed: SEED, numRuns: 3000 },
    );
  });
});

describe('a peer that writes anything into them', () => {
  it('leaves no session, no timer and no fault behind', async () => {
    const lines = fields.map((named) => named.map(([name, text]) => `${name}: ${text}`));
    const step = fc.record({
      what: fc.constantFrom('183', '183', '200', '422', '302', 'UPDATE', 'PRACK', 'INVITE', '503'),
      lines,
      withSdp: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const pair = new Pair(1);
        const peer = new RawPeer(pair.network, '10.0.0.9');
        const out = pair.alice.invite('10.0.0.9');
        await pair.clock.advanceAsync(5);
        for (const [index, { what, lines: headers, withSdp }] of steps.entries()) {
          const body = withSdp ? sdp('raw') : '';
          try {
            if (/^\d/.test(what)) peer.answer(peer.last('INVITE'), `${what} -`, { headers, body });
            else peer.inDialog(peer.last('INVITE'), what, index + 1, { headers, body });
          } catch {
            // the peer itself cannot print it
          }
          await pair.clock.advanceAsync(50);
        }
        out.session.hangUp();
        await pair.clock.advanceAsync(100_000);
        expect(out.ends).toHaveLength(1);
        expect(await pair.leftOver()).toEqual(nothing);
      }),
      { seed: SEED, numRuns: 300 },
    );
  }, 60_000);
});

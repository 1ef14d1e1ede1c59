import { describe, expect, it } from '@jest/globals';
import { causeOfBye, causeOfResponse, hangupCause, reasonHeader } from '../../../../src/engines/sip/leg/causes.ts';

/** RFC 3398 section 8.2.6.1, as it is printed there; 488 and 606 by way of their Warning, read as bearer capability. */
const RFC_3398: readonly (readonly [status: number, cause: number | null])[] = [
  ...([
    [400, 41],
    [401, 21],
    [402, 21],
    [403, 21],
    [404, 1],
    [405, 63],
    [406, 79],
    [407, 21],
    [408, 102],
  ] as const),
  ...([
    [410, 22],
    [413, 127],
    [414, 127],
    [415, 79],
    [416, 127],
    [420, 127],
    [421, 127],
    [423, 127],
  ] as const),
  ...([
    [480, 18],
    [481, 41],
    [482, 25],
    [483, 25],
    [484, 28],
    [485, 1],
    [486, 17],
    [487, null],
    [488, 65],
  ] as const),
  ...([
    [500, 41],
    [501, 79],
    [502, 38],
    [503, 41],
    [504, 102],
    [505, 127],
    [513, 127],
  ] as const),
  ...([
    [600, 17],
    [603, 21],
    [604, 1],
    [606, 65],
  ] as const),
];

describe('the cause of a final response', () => {
  it.each(RFC_3398)('%i is Q.850 cause %s', (status, q850Cause) => {
    expect(causeOfResponse(status)).toMatchObject({ sipStatus: status, q850Cause });
  });

  it.each([
    [302, 'redirected'],
    [404, 'not-found'],
    [408, 'timeout'],
    [418, 'refused'],
    [480, 'unavailable'],
    [486, 'busy'],
    [488, 'media-not-acceptable'],
    [503, 'service-unavailable'],
    [580, 'server-failure'],
    [600, 'busy'],
    [603, 'declined'],
    [607, 'unwanted'],
    [608, 'rejected'],
    [699, 'refused-everywhere'],
  ])('%i has the stable reason %s', (status, reason) => {
    expect(causeOfResponse(status).reason).toBe(reason);
  });
});

describe('the cause of a final response', () => {
  it.each([
    [503, 'Q.850;cause=1;text="Unallocated number"', 1],
    [480, 'SIP;cause=480, Q.850;cause=19', 19],
    [480, 'SIP;cause=480', 18],
    [500, '', 41],
  ])('of a %i with Reason %j is %i', (status, header, q850Cause) => {
    expect(causeOfResponse(status, header)).toMatchObject({ sipStatus: status, q850Cause });
  });
});

describe('the cause of a BYE', () => {
  it.each([
    [undefined, 16],
    ['Q.850;cause=31', 31],
    ['SIP;cause=200;text="Call completed elsewhere"', 16],
    ['SIP ;cause=600 ;text="Busy Everywhere", Q.850 ; text="Terminated" ; cause = 17', 17],
    ['Q.8500;cause=1', 16],
    ['preemption;cause=1', 16],
    ['Q.850', 16],
    ['', 16],
  ])('of Reason %j is %i', (header, q850Cause) => {
    expect(causeOfBye(header)).toEqual({ sipStatus: 200, q850Cause, reason: 'hangup' });
  });
});

describe('the Reason that the other leg is shown', () => {
  it('names the final response and the Q.850 cause, and no status that is no failure', () => {
    expect(reasonHeader(causeOfResponse(486))).toBe('SIP;cause=486;text="busy", Q.850;cause=17');
    expect(reasonHeader(causeOfResponse(302))).toBe('SIP;cause=302;text="redirected"');
    expect(reasonHeader(hangupCause)).toBe('Q.850;cause=16');
  });
});

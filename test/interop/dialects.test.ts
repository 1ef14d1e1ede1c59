import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorize } from '../support/authorize.ts';
import { RestClient } from '../support/rest-client.ts';
import { type Sipp, type SippReport, startSipp } from '../support/sipp.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import {
  hangsUp,
  isAcknowledged,
  isHungUp,
  isInvited,
  pause,
  scenarioOf,
  type Step,
  takesCall,
  takesOffer,
} from './steps.ts';

/*
 * A carrier that wants its own domain in From and is reached through its proxy, and a phone behind a PBX that challenges:
 * both are played by sipp, which checks the digest itself.
 */

const PASSWORD = 'the password of extension 200';

/** 401 to the first INVITE; the next one must have the right digest. */
const challenges: Step[] = [
  isInvited,
  `<send retrans="500"><![CDATA[
SIP/2.0 401 Unauthorized
Via:[$via]
From:[$peer]
To:[$self];tag=challenge
[last_Call-ID:]
CSeq:[$cseq]
WWW-Authenticate: Digest realm="pbx", nonce="47364c23432d2e131a5fb210812c", algorithm=MD5
Content-Length: 0

]]></send>`,
  isAcknowledged,
  isInvited.replace('<action>', `<action><verifyauth assign_to="isRight" username="200" password="${PASSWORD}" />`),
  '<nop hide="true" test="isRight" next="right" />',
  '<nop><action><exec int_cmd="stop_now" /></action></nop>',
  '<label id="right" />',
];

let phone: Sipp;
let carrier: Sipp;
let service: StartedService;
let rest: RestClient;

beforeAll(async () => {
  phone = await startSipp({ scenario: scenarioOf([...challenges, ...takesCall.slice(1), ...takesOffer, ...isHungUp]) });
  carrier = await startSipp({ scenario: scenarioOf([...takesCall, pause(300), ...hangsUp]) });
  service = await startService({
    env: { OFFHOOK_SANDBOX: 'on', OFFHOOK_LOG_LEVEL: 'warn' },
    settings: {
      trunks: [
        {
          name: 'carrier',
          uri: 'sip:127.0.0.9',
          caller_id: '+12025550199',
          from_domain: 'customers.example',
          from_user: 'acme',
          outbound_proxy: `sip:127.0.0.1:${carrier.port}`,
          number_format: 'national',
          number_prefix: '9',
          identity: 'pai',
          headers: { 'X-Account': '17' },
        },
      ],
      phones: [{ user: 'demo', address: `sip:200@127.0.0.1:${phone.port}`, username: '200', password: PASSWORD }],
    },
  });
  rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
}, 60_000);

afterAll(async () => {
  await service.stop();
  await Promise.all([phone.kill(), carrier.kill()]);
}, 60_000);

const headerOf = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'im').exec(text)?.[1];

const inviteIn = ({ messages }: SippReport): string =>
  messages.find(({ direction, text }) => direction === 'received' && text.startsWith('INVITE'))?.text ?? '';

describe('a call by a PBX that challenges and a carrier with a domain of its own', () => {
  it('is joined, and each is spoken to as it wants', async () => {
    const call = await rest.place({ number: '+12025550100' });
    const ended = await rest.until(call, ({ state }) => state === 'ended');
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'callee' });
    const [toPhone, toCarrier] = await Promise.all([phone.finished(), carrier.finished()]);
    expect([toPhone.exitCode, toCarrier.exitCode]).toEqual([0, 0]);
    const invite = inviteIn(toCarrier);
    expect(invite).toMatch(/^INVITE sip:92025550100@127\.0\.0\.9 SIP\/2\.0/);
    expect(headerOf(invite, 'From')).toMatch(/^"2025550199" <sip:acme@customers\.example>;tag=/);
    expect(headerOf(invite, 'P-Asserted-Identity')).toBe('"2025550199" <sip:2025550199@customers.example>');
    expect(headerOf(invite, 'X-Account')).toBe('17');
    expect(headerOf(invite, 'Route')).toBe(`<sip:127.0.0.1:${carrier.port};lr>`);
  }, 40_000);
});

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '../../src/shared/clock.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { SipStack } from '../../src/sip/sip-stack.ts';
import type { IncomingSession } from '../../src/sip/user-agent.ts';
import { authorize } from '../support/authorize.ts';
import { type ApiCall, isOver, RestClient } from '../support/rest-client.ts';
import { type StartedService, startService } from '../support/start-service.ts';
import { LossyRelay, PEERS_SEEN_AT, SERVICE_SEEN_AT } from './lossy-relay.ts';

const CALLS = 1000;
const AT_ONCE = 100;
const SEED = 20_261_128;
const LIMIT_MS = 90_000;

/** How a call is to end, by its number, and what the API must say of it. */
const fates = ['user', 'caller', 'callee', 'busy', 'cancelled'] as const;
const expected = {
  user: ['completed', 'user'],
  caller: ['completed', 'caller'],
  callee: ['completed', 'callee'],
  busy: ['busy', 'callee'],
  cancelled: ['cancelled', 'user'],
} as const;

const numberOf = (index: number): string => `+1202555${2000 + index}`;
const fateOf = (number: string) => fates[Number(number.slice(-4)) % fates.length] ?? 'user';

/** A user agent behind the relay; what it was asked for, by the number that is called. */
class Peer {
  readonly sessions = new Map<string, IncomingSession>();
  readonly stack = new SipStack({
    listeners: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }],
    advertise: PEERS_SEEN_AT,
    contactUser: 'peer',
    serverName: 'peer',
    clock: systemClock,
    ids: createSystemIds(),
    log: silentLog,
  });

  get port(): number {
    return this.stack.listeners[0]?.port ?? 0;
  }

  async start(numberIn: (session: IncomingSession) => string, take: (session: IncomingSession) => void): Promise<void> {
    await this.stack.start();
    this.stack.userAgent.listen((session) => {
      this.sessions.set(numberIn(session), session);
      take(session);
    });
  }
}

const sdp = (port: number): string =>
  `v=0\r\no=peer 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`;

const userOf = (uri: string): string => /^sip:([^@]+)@/.exec(uri)?.[1] ?? '';

const phone = new Peer();
const carrier = new Peer();
let service: StartedService;
let rest: RestClient;
let relay: LossyRelay;

beforeAll(async () => {
  await phone.start(
    ({ request }) => userOf(request.from.uri),
    (session) => {
      session.progress(180);
      session.accept(sdp(4000));
    },
  );
  await carrier.start(
    ({ request }) => userOf(request.uri),
    (session) => {
      session.progress(180);
      const fate = fateOf(userOf(session.request.uri));
      if (fate === 'busy') session.reject(486);
      else if (fate !== 'cancelled') session.accept(sdp(5000));
    },
  );
  service = await startService({
    env: {
      OFFHOOK_SANDBOX: 'on',
      OFFHOOK_LOG_LEVEL: 'warn',
      OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:0',
      OFFHOOK_SIP_ADVERTISE: SERVICE_SEEN_AT,
    },
    settings: {
      trunks: [{ name: 'carrier', uri: `sip:${PEERS_SEEN_AT}:${carrier.port}` }],
      phones: [{ user: 'demo', address: `sip:phone@${PEERS_SEEN_AT}:${phone.port}` }],
      policy: { max_ongoing_calls_per_user: 0 },
      limits: { calls_per_second_per_token: 0, reads_per_second_per_token: 0 },
      busy_tone_ms: 0,
    },
  });
  relay = await LossyRelay.open({
    service: service.sipPort,
    peers: [phone.port, carrier.port],
    seed: SEED,
    share: 0.1,
  });
  rest = new RestClient(service.baseUrl, await authorize(service.baseUrl));
}, LIMIT_MS);

afterAll(async () => {
  await service.stop();
  relay.close();
  await Promise.all([phone, carrier].map(({ stack }) => stack.close()));
}, LIMIT_MS);

/** Looks now and then until the call is as wanted; what it was last, where it never is. */
const until = async (token: string, isWanted: (call: ApiCall) => boolean): Promise<ApiCall> => {
  for (;;) {
    const call = await rest.info(token);
    if (isWanted(call) || isOver(call)) return call;
    await pause(200);
  }
};

/** One call to its end. @returns it as it ended */
const played = async (index: number): Promise<ApiCall> => {
  const number = numberOf(index);
  const token = await rest.place({ number });
  const fate = fateOf(number);
  if (fate === 'cancelled') {
    await until(token, ({ legs: [, callee] }) => callee.state === 'ringing');
    await rest.stop(token);
  } else if (fate !== 'busy') {
    await until(token, ({ state }) => state === 'connected');
    if (fate === 'user') await rest.stop(token);
    else (fate === 'caller' ? phone : carrier).sessions.get(number)?.hangUp();
  }
  return until(token, isOver);
};

it('a thousand calls over a relay that loses, repeats and reorders a tenth of all datagrams end as they were ended', async () => {
  const ended: ApiCall[] = [];
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < CALLS) ended.push(await played(next++));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, line));
  const wrong = ended.filter(({ number, outcome, ended_by: by }) => {
    const [wantedOutcome, wantedBy] = expected[fateOf(number)];
    return outcome !== wantedOutcome || by !== wantedBy;
  });
  expect(wrong.map(({ number, outcome, ended_by: by, legs }) => ({ fate: fateOf(number), outcome, by, legs }))).toEqual(
    [],
  );
  expect(ended).toHaveLength(CALLS);
  expect(relay.counts.lost).toBeGreaterThan(1000);
  // Nobody is left at either peer: it would be for ever.
  for (const { stack } of [phone, carrier]) while (stack.userAgent.dialogs.size > 0) await pause(200);
}, 300_000);

import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type StartedService, startService } from '../support/start-service.ts';
import { exchangeOverTcp, RawPeer } from './raw-peer.ts';

let service: StartedService;
let peer: RawPeer;

beforeAll(async () => {
  service = await startService({ env: { OFFHOOK_SANDBOX: 'on' } });
});

afterAll(async () => {
  expect(await service.stop()).toBe(0);
});

beforeEach(async () => {
  peer = await RawPeer.open(service.sipPort);
});

afterEach(() => peer.close());

interface RequestParts {
  readonly to?: string;
  readonly headers?: readonly string[];
  readonly transport?: 'UDP' | 'TCP';
  readonly sentBy?: string;
}

/** A sound request of any method, new each time. */
const request = (method: string, { to = '', headers = [], transport = 'UDP', sentBy }: RequestParts = {}): string => {
  const id = randomBytes(6).toString('hex');
  return [
    `${method} sip:someone@127.0.0.1:${service.sipPort} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${sentBy ?? `127.0.0.1:${peer.port}`};branch=z9hG4bK${id};rport`,
    'Max-Forwards: 70',
    `From: <sip:raw@127.0.0.1>;tag=${id}`,
    `To: <sip:someone@127.0.0.1>${to}`,
    `Call-ID: ${id}`,
    `CSeq: 7 ${method}`,
    `Contact: <sip:raw@127.0.0.1:${peer.port}>`,
    ...headers,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
};

const startLine = (message: string | undefined): string | undefined => message?.split('\r\n')[0];

const answerTo = async (message: string): Promise<string | undefined> => {
  peer.send(message);
  return peer.next();
};

const isAlive = async (): Promise<boolean> => {
  const answer = await answerTo(request('OPTIONS'));
  const health = await fetch(`${service.baseUrl}/healthz`);
  return startLine(answer) === 'SIP/2.0 200 OK' && health.status === 200;
};

describe('requests that match nothing', () => {
  it('OPTIONS: 200 with Allow, Accept and Supported', async () => {
    const answer = (await answerTo(request('OPTIONS'))) ?? '';
    expect(startLine(answer)).toBe('SIP/2.0 200 OK');
    expect(/^Allow: (.*)$/m.exec(answer)?.[1]).toMatch(/INVITE.*ACK.*CANCEL.*BYE.*OPTIONS/);
    expect(answer).toMatch(/^Accept: application\/sdp/m);
    expect(answer).toMatch(/^Supported:/m);
    expect(answer).toMatch(/^To: .*;tag=/m);
  });

  it.each([
    ['BYE', 481],
    ['INFO', 481],
    ['UPDATE', 481],
    ['INVITE', 481],
    ['OPTIONS', 481],
  ])('%s in a dialog that is not ours: %i', async (method, status) => {
    const answer = await answerTo(request(method, { to: ';tag=nobody' }));
    expect(startLine(answer)).toMatch(new RegExp(`^SIP/2.0 ${status} `));
    if (method === 'INVITE') peer.send(request('ACK', { to: ';tag=nobody' }));
  });

  it.each([
    ['BYE', /^SIP\/2\.0 481 /],
    ['CANCEL', /^SIP\/2\.0 481 /],
    ['REFER', /^SIP\/2\.0 (603|405) /],
    ['SUBSCRIBE', /^SIP\/2\.0 (405|489) /],
    ['PUBLISH', /^SIP\/2\.0 (405|489) /],
    ['BREW', /^SIP\/2\.0 501 /],
    ['INVITE', /^SIP\/2\.0 (403|404|480) /],
  ])('%s outside of a dialog: %s', async (method, status) => {
    const answer = await answerTo(request(method));
    expect(startLine(answer)).toMatch(status);
  });

  it('ACK: no answer', async () => {
    peer.send(request('ACK', { to: ';tag=nobody' }));
    peer.send(request('ACK'));
    expect(await peer.next(500)).toBeUndefined();
  });

  it('a response that nobody waits for: no answer', async () => {
    peer.send(request('OPTIONS').replace(/^OPTIONS .*/, 'SIP/2.0 200 OK'));
    expect(await peer.next(500)).toBeUndefined();
    expect(await isAlive()).toBe(true);
  });

  it('an extension that is required and unknown: 420 with Unsupported', async () => {
    const answer = await answerTo(request('OPTIONS', { headers: ['Require: teleport'] }));
    expect(startLine(answer)).toMatch(/^SIP\/2\.0 420 /);
    expect(answer).toMatch(/^Unsupported: teleport/m);
  });

  it('REGISTER without credentials: 401, the same for a name that exists and one that does not', async () => {
    const challenges = [];
    for (const name of ['demo', 'nobody']) {
      const answer = (await answerTo(request('REGISTER').replaceAll('someone', name))) ?? '';
      expect(startLine(answer)).toMatch(/^SIP\/2\.0 401 /);
      challenges.push(answer.replace(/nonce="[^"]*"/g, '').match(/^WWW-Authenticate:.*$/gm));
    }
    expect(challenges[1]).toEqual(challenges[0]);
  });

  it('the same INVITE again: the same final response, to its ACK', async () => {
    const invite = request('INVITE');
    const first = await answerTo(invite);
    const again = await answerTo(invite);
    expect(startLine(first)).toMatch(/^SIP\/2\.0 4\d\d /);
    expect(again).toBe(first);
    const to = /^To: (.*)$/m.exec(first ?? '')?.[1] ?? '';
    peer.send(
      invite
        .replace(/^INVITE/, 'ACK')
        .replace('7 INVITE', '7 ACK')
        .replace(/^To: .*$/m, `To: ${to}`),
    );
    while ((await peer.next(300)) !== undefined);
    expect(await peer.next(1500)).toBeUndefined();
  });
});

describe('malformed messages', () => {
  it('are answered with 400 where they can be, dropped where not, and change nothing', async () => {
    const sound = request('OPTIONS');
    const broken = [
      '',
      '\r\n\r\n',
      '\0\0\0\0',
      'jaK',
      'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'OPTIONS sip:a@b SIP/2.0\r\n\r\n',
      'SIP/2.0 200 OK\r\n\r\n',
      sound.slice(0, 60),
      sound.replace(/^CSeq: .*\r\n/m, ''),
      sound.replace(/^CSeq: .*$/m, 'CSeq: 99999999999999999999 OPTIONS'),
      sound.replace(/^CSeq: .*$/m, 'CSeq: 7 BYE'),
      sound.replace(/^Via: .*$/m, 'Via: SIP/2.0/UDP'),
      sound.replace(/^Via: .*$/m, 'Via: SIP/2.0/UDP 127.0.0.1:99999;branch=z9hG4bKx'),
      sound.replace(/^From: .*$/m, 'From: <<<>>>;tag'),
      sound.replace(/^To: .*$/m, 'To: "unclosed <sip:a@b>'),
      sound.replace(/^Contact: .*$/m, 'Contact: <sip:[::1>'),
      sound.replace('SIP/2.0\r\n', 'SIP/3.0\r\n'),
      sound.replace('Content-Length: 0', 'Content-Length: 5000'),
      sound.replace('Content-Length: 0', 'Content-Length: -1'),
      sound.replace('Max-Forwards: 70', 'Max-Forwards: many'),
      `${'A'.repeat(60_000)}\r\n\r\n`,
      Buffer.from(randomBytes(1200)),
    ];
    for (const datagram of broken) peer.send(datagram);
    const answers: string[] = [];
    for (let answer = await peer.next(500); answer !== undefined; answer = await peer.next(200)) answers.push(answer);
    expect(answers.length).toBeGreaterThan(3);
    for (const answer of answers) expect(startLine(answer)).toMatch(/^SIP\/2\.0 (400|416|505|513) /);
    expect(await isAlive()).toBe(true);
    expect(service.output.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  });

  it('random damage to sound requests never silences the service', async () => {
    for (let round = 0; round < 400; round += 1) {
      const damaged = Buffer.from(request(['OPTIONS', 'INVITE', 'BYE', 'REGISTER'][round % 4] ?? 'OPTIONS'));
      for (const index of randomBytes(3)) damaged[(index * 7) % damaged.length] = index ^ round;
      peer.send(damaged);
      if (round % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    while ((await peer.next(300)) !== undefined);
    expect(await isAlive()).toBe(true);
    expect(service.output.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  });

  it('over TCP: a message in pieces is answered, two in one piece both, garbage is closed', async () => {
    const options = () => request('OPTIONS', { transport: 'TCP' });
    const whole = options();
    const inPieces = await exchangeOverTcp(service.sipPort, [
      whole.slice(0, 40),
      whole.slice(40, 200),
      whole.slice(200),
    ]);
    expect(startLine(inPieces)).toBe('SIP/2.0 200 OK');
    const inOne = await exchangeOverTcp(service.sipPort, [`${options()}${options()}`]);
    expect(inOne.match(/^SIP\/2\.0 200 OK/gm)).toHaveLength(2);
    expect(await exchangeOverTcp(service.sipPort, ['\r\n\r\n'])).toBe('\r\n');
    const garbage = await exchangeOverTcp(service.sipPort, ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n']);
    expect(garbage).not.toMatch(/^SIP\/2\.0 2/);
    const endless = await exchangeOverTcp(service.sipPort, ['A'.repeat(200_000)]);
    expect(endless).not.toMatch(/^SIP\/2\.0 2/);
    expect(await isAlive()).toBe(true);
  });
});

import { afterEach, describe, expect, it } from '@jest/globals';
import { silentLog } from '../../../src/shared/log.ts';
import { networkOf } from '../../../src/sip/transport/network-of.ts';
import { Screen } from '../../../src/sip/transport/screen.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { closeAll, openTcpPeer, openTransport, openUdpPeer, requestText } from './socket-stage.ts';

afterEach(closeAll);

const BRANCH = 'z9hG4bKours-and-alive1';
const OPTIONS = Buffer.from(requestText());
const RESPONSE = [
  'SIP/2.0 200 OK',
  'From: <sip:a@b>;tag=z9hG4bK-1',
  `Via: SIP/2.0/UDP 127.0.0.1;branch=${BRANCH}`,
  'To: <sip:b@c>;tag=b1',
  'Call-ID: call-2@bob.test',
  'CSeq: 1 OPTIONS',
  '',
  '',
].join('\r\n');

const openScreen = (requestsPerSecond = 10, peers: readonly string[] = []) => {
  const clock = new FakeClock();
  const log = new RecordedLog();
  const underWay = { hasBranch: (text: string) => text.startsWith(BRANCH), hasDialog: (tag: string) => tag === 'ours' };
  const screen = new Screen({ clock, log, requestsPerSecond, peers, underWay });
  /** How many of so many requests are let in; each is charged, as one that belongs to nothing. */
  const admitted = (count: number, address: string): number => {
    let taken = 0;
    for (let index = 0; index < count; index += 1) {
      if (!screen.admits(OPTIONS, address)) continue;
      screen.charge(address);
      taken += 1;
    }
    return taken;
  };
  return { clock, log, screen, admitted };
};

describe('a peer that sends what belongs to nothing under way', () => {
  it('may send ten seconds of its rate at once, then its rate; another address has its own', () => {
    const { clock, admitted } = openScreen();
    expect(admitted(500, '10.0.0.9')).toBe(100);
    clock.advance(1000);
    expect(admitted(500, '10.0.0.9')).toBe(10);
    expect(admitted(500, '10.0.0.8')).toBe(100);
  });

  it('may send ten times as much when it is known: by the settings, or for an hour and more by what it did', () => {
    const { clock, screen, admitted } = openScreen(10, ['10.0.0.5']);
    screen.known.add('10.0.0.6');
    expect([admitted(900, '10.0.0.5'), admitted(900, '10.0.0.6')]).toEqual([400, 400]);
    clock.advance(3_600_000);
    expect([admitted(900, '10.0.0.5'), admitted(900, '10.0.0.6')]).toEqual([400, 400]);
    clock.advance(7_200_000);
    expect([admitted(900, '10.0.0.5'), admitted(900, '10.0.0.6')]).toEqual([400, 100]);
  });

  it('shares a limit with all other strangers, which no known peer feels', () => {
    const { screen, admitted } = openScreen();
    screen.known.add('10.0.0.6');
    const taken = Array.from({ length: 20 }, (_, index) => admitted(50, `10.0.1.${index}`));
    expect(taken.reduce((sum, count) => sum + count)).toBe(400);
    expect(admitted(500, '10.0.0.6')).toBe(400);
  });

  it('counts by the first 64 bits of an IPv6 address', () => {
    const { admitted } = openScreen();
    expect(admitted(500, '2001:db8:0:7::1')).toBe(100);
    expect([admitted(500, '2001:db8:0:7:ffff::2'), admitted(500, '2001:db8:0:8::1')]).toEqual([0, 100]);
    expect(['::1', '2001:db8::', 'fe80::1%eth0', '1:2:3:4:5:6:7:8'].map(networkOf)).toEqual([
      '0:0:0:0::/64',
      '2001:db8:0:0::/64',
      'fe80:0:0:0::/64',
      '1:2:3:4::/64',
    ]);
  });

  it('has no limit where the rate is 0', () => {
    expect(openScreen(0).admitted(5000, '10.0.0.9')).toBe(5000);
  });

  it('still has its responses to our requests and its requests in our dialogs taken', () => {
    const { screen, admitted } = openScreen();
    admitted(101, '10.0.0.9');
    const inDialog = (tag: string) => OPTIONS.toString().replace('offhook.test>', `offhook.test>;tag=${tag}`);
    const texts = [RESPONSE, RESPONSE.replace(BRANCH, 'z9hG4bKnobody-waits12'), inDialog('ours'), inDialog('theirs')];
    expect(texts.map((text) => screen.admits(Buffer.from(text), '10.0.0.9'))).toEqual([true, false, true, false]);
  });

  it('is named in the log when it begins, once a minute while it lasts, and when it is over', () => {
    const { clock, log, admitted } = openScreen();
    admitted(103, '10.0.0.9');
    clock.advance(30_000);
    admitted(104, '10.0.0.9');
    clock.advance(120_000);
    const limit = 'requests of an address';
    const met = (count: number) => ({ limit, source: '10.0.0.9', count, addresses: 1 });
    expect(log.lines).toEqual([
      { level: 'warn', message: 'a limit of the SIP port is met', fields: met(1) },
      { level: 'warn', message: 'a limit of the SIP port is met', fields: met(6) },
      {
        level: 'info',
        message: 'a limit of the SIP port is met no more',
        fields: { limit, count: 7, addresses: 1, for_ms: 120_000 },
      },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('over sockets', () => {
  it('nothing more is read of a datagram of a stranger that sent too much, and all of one that it was asked for', async () => {
    const clock = new FakeClock();
    const transport = await openTransport({ clock, requestsPerSecond: 1 });
    transport.hasBranch = (text) => text.startsWith(BRANCH);
    const peer = await openUdpPeer();
    for (let count = 0; count < 20; count += 1) peer.send(requestText({ branch: `z9hG4bK-${count}` }), transport);
    peer.send(RESPONSE, transport);
    const { message } = await transport.inbox.at(10);
    expect([message.kind, transport.counters]).toEqual(['response', { accepted: 11, refused: 0, dropped: 10 }]);
  });

  it('a stranger over TCP that sends too much is not read for a second, and its new connections are not taken', async () => {
    const clock = new FakeClock();
    const transport = await openTransport({ clock, log: silentLog, requestsPerSecond: 1 });
    const peer = await openTcpPeer(transport);
    for (let count = 0; count < 9; count += 1) peer.socket.write(requestText({ branch: `z9hG4bK-${count}` }));
    await transport.inbox.at(8);
    await (
      await openTcpPeer(transport)
    ).closed;
    clock.advance(1000);
    peer.socket.write(requestText({ branch: 'z9hG4bK-late' }));
    await transport.inbox.at(9);
  });
});

import { describe, expect, it } from '@jest/globals';
import { newRequest, Stage } from './stage.ts';

const start = (method: string, protocol: 'udp' | 'tcp' = 'udp') => {
  const stage = new Stage();
  const transaction = stage.layer.request(newRequest(method), stage.bob.hop(protocol), stage.user);
  stage.clock.advance(0);
  return { stage, transaction };
};

const expectNothingLeft = (stage: Stage) => {
  expect(stage.layer.sizes).toEqual({ clients: 0, servers: 0 });
  expect(stage.clock.pendingTimers).toBe(0);
};

describe('the INVITE client transaction', () => {
  it('puts a top Via with a fresh branch and rport on the request', () => {
    const { stage, transaction } = start('INVITE');
    expect(stage.requests[0]?.headers.all('via')).toEqual([
      `SIP/2.0/UDP 10.0.0.1:5060;branch=${transaction.branch};received=10.0.0.1;rport=5060`,
    ]);
    expect(transaction.branch).toMatch(/^z9hG4bK./);
  });

  it('retransmits at 500, 1500, 3500 ... and gives up at 32 s (timers A and B)', () => {
    const { stage } = start('INVITE');
    stage.clock.advance(31_999);
    expect(stage.timesOf('INVITE')).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(stage.user.notified).toEqual([]);
    stage.clock.advance(1);
    expect(stage.user.notified).toEqual(['timeout']);
    expectNothingLeft(stage);
  });

  it('stops retransmitting and waits without limit once a provisional response has come', () => {
    const { stage } = start('INVITE');
    stage.clock.advance(600);
    stage.answer(stage.requests[0]!, 180);
    stage.clock.advance(300_000);
    stage.answer(stage.requests[0]!, 183);
    expect(stage.timesOf('INVITE')).toEqual([0, 500]);
    expect(stage.user.notified).toEqual([180, 183]);
  });

  it('acknowledges 486 with the same Via, the route and the To of the response, and again for each repeated 486', () => {
    const stage = new Stage();
    const request = newRequest('INVITE', [
      ['route', '<sip:proxy.test;lr>'],
      ['contact', '<sip:alice@10.0.0.1>'],
    ]);
    const { branch } = stage.layer.request(request, stage.bob.hop(), stage.user);
    stage.clock.advance(0);
    stage.answer(stage.requests[0]!, 486);
    const ack = stage.lastSentMessage();
    expect(ack.method).toBe('ACK');
    expect(ack.uri).toBe('sip:bob@10.0.0.2');
    expect(ack.headers.all('via')).toEqual([`SIP/2.0/UDP 10.0.0.1:5060;branch=${branch};rport`]);
    expect(ack.headers.get('route')).toBe('<sip:proxy.test;lr>');
    expect(ack.to.tag).toBe('b1');
    expect(ack.from.tag).toBe('a1');
    expect(ack.cseq).toEqual({ sequence: 7, method: 'ACK' });
    expect(ack.headers.has('contact')).toBe(false);
    const first = stage.lastSent();
    stage.answer(stage.requests[0]!, 486);
    stage.clock.advance(10_000);
    stage.answer(stage.requests[0]!, 486);
    expect(stage.timesOf('ACK')).toEqual([0, 0, 10_000]);
    expect(stage.lastSent()).toBe(first);
    expect(stage.user.notified).toEqual([486]);
    stage.clock.advance(21_999);
    expect(stage.layer.sizes.clients).toBe(1);
    stage.clock.advance(1);
    expectNothingLeft(stage);
  });

  it('passes every 2xx up until timer M, of other forks too, and acknowledges none itself (RFC 6026)', () => {
    const { stage } = start('INVITE');
    stage.answer(stage.requests[0]!, 200);
    stage.answer(stage.requests[0]!, 200);
    stage.answer(stage.requests[0]!, 200, 'udp', 'fork');
    stage.answer(stage.requests[0]!, 486);
    expect(stage.user.notified).toEqual([200, 200, 200]);
    expect(stage.user.responses.map(({ to }) => to.tag)).toEqual(['b1', 'b1', 'fork']);
    expect(stage.timesOf('ACK')).toEqual([]);
    stage.clock.advance(32_000);
    expectNothingLeft(stage);
    stage.answer(stage.requests[0]!, 200);
    expect(stage.user.notified).toHaveLength(3);
  });

  it('over TCP sends once, still gives up at 32 s, and does not linger after 486', () => {
    const silent = start('INVITE', 'tcp').stage;
    silent.clock.advance(32_000);
    expect(silent.timesOf('INVITE')).toEqual([0]);
    expect(silent.user.notified).toEqual(['timeout']);
    const { stage } = start('INVITE', 'tcp');
    expect(stage.requests[0]?.headers.get('via')).toMatch(/^SIP\/2\.0\/TCP 10\.0\.0\.1:5060;branch=[^;]+$/);
    stage.answer(stage.requests[0]!, 486, 'tcp');
    stage.clock.advance(10);
    expect(stage.timesOf('ACK')).toEqual([0]);
    expectNothingLeft(stage);
  });

  it('reports a transport error, once, and not within the call', () => {
    const stage = new Stage();
    stage.layer.request(newRequest('INVITE'), { protocol: 'tcp', address: '10.0.0.9', port: 5060 }, stage.user);
    expect(stage.user.notified).toEqual([]);
    stage.clock.advance(60_000);
    expect(stage.user.notified).toEqual(['transport error']);
    expectNothingLeft(stage);
  });
});

describe('cancel', () => {
  it('waits for the first provisional response, then sends CANCEL with the branch of the INVITE', () => {
    const { stage, transaction } = start('INVITE');
    transaction.cancel([['Reason', 'SIP;cause=200;text="Call completed elsewhere"']]);
    stage.clock.advance(400);
    expect(stage.timesOf('CANCEL')).toEqual([]);
    stage.answer(stage.requests[0]!, 180);
    const cancel = stage.lastSentMessage();
    expect(stage.timesOf('CANCEL')).toEqual([400]);
    expect(cancel.topVia.branch).toBe(transaction.branch);
    expect(cancel.cseq).toEqual({ sequence: 7, method: 'CANCEL' });
    expect(cancel.headers.get('to')).toBe('<sip:bob@bob.test>');
    expect(cancel.headers.get('reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
    stage.answer(stage.requests.at(-1)!, 200);
    stage.answer(stage.requests[0]!, 487);
    expect(stage.user.notified).toEqual([180, 487]);
    expect(stage.timesOf('CANCEL')).toEqual([400]);
    stage.clock.advance(40_000);
    expectNothingLeft(stage);
  });

  it('sends CANCEL at once when the phone rings already, repeats it at 500, 1500 ms, and only asks once', () => {
    const { stage, transaction } = start('INVITE');
    stage.answer(stage.requests[0]!, 180);
    transaction.cancel();
    transaction.cancel();
    stage.clock.advance(1500);
    expect(stage.timesOf('CANCEL')).toEqual([0, 500, 1500]);
  });

  it('reports a timeout when no final response comes within 64 T1 of the CANCEL', () => {
    const { stage, transaction } = start('INVITE');
    stage.answer(stage.requests[0]!, 180);
    stage.clock.advance(5000);
    transaction.cancel();
    stage.clock.advance(0);
    stage.answer(stage.requests.at(-1)!, 200);
    stage.clock.advance(31_999);
    expect(stage.user.notified).toEqual([180]);
    stage.clock.advance(1);
    expect(stage.user.notified).toEqual([180, 'timeout']);
    expectNothingLeft(stage);
  });

  it('passes up a 2xx that crosses the CANCEL, and does nothing after a final response', () => {
    const { stage, transaction } = start('INVITE');
    stage.answer(stage.requests[0]!, 180);
    transaction.cancel();
    stage.answer(stage.requests[0]!, 200);
    expect(stage.user.notified).toEqual([180, 200]);
    const { stage: late, transaction: answered } = start('INVITE');
    late.answer(late.requests[0]!, 200);
    answered.cancel();
    late.clock.advance(1000);
    expect(late.timesOf('CANCEL')).toEqual([]);
  });

  it('refuses a header that would break out of its line, where it is asked', () => {
    const { transaction } = start('INVITE');
    expect(() => transaction.cancel([['Reason', 'SIP\r\nEvil: yes']])).toThrow('Line break');
  });
});

describe('the non-INVITE client transaction', () => {
  it('retransmits from T1 up to every T2 and gives up at 32 s (timers E and F)', () => {
    const { stage } = start('BYE');
    stage.clock.advance(32_000);
    expect(stage.timesOf('BYE')).toEqual([0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(stage.user.notified).toEqual(['timeout']);
    expectNothingLeft(stage);
  });

  it('retransmits every T2 after a provisional response, until 32 s all the same', () => {
    const { stage } = start('OPTIONS');
    stage.clock.advance(600);
    stage.answer(stage.requests[0]!, 100);
    stage.clock.advance(10_000);
    expect(stage.timesOf('OPTIONS')).toEqual([0, 500, 1500, 5500, 9500]);
    stage.clock.advance(21_400);
    expect(stage.user.notified).toEqual([100, 'timeout']);
  });

  it('tells one final response, absorbs its copies and lingers for T4 (timer K)', () => {
    const { stage } = start('BYE');
    stage.answer(stage.requests[0]!, 200);
    stage.answer(stage.requests[0]!, 200);
    expect(stage.user.notified).toEqual([200]);
    stage.clock.advance(4999);
    expect(stage.layer.sizes.clients).toBe(1);
    stage.clock.advance(1);
    expectNothingLeft(stage);
  });

  it('over TCP sends once and does not linger', () => {
    const { stage } = start('BYE', 'tcp');
    stage.clock.advance(20_000);
    stage.answer(stage.requests[0]!, 200, 'tcp');
    stage.clock.advance(10);
    expect(stage.timesOf('BYE')).toEqual([0]);
    expectNothingLeft(stage);
  });

  it('ignores a response whose branch or method belongs to no transaction', () => {
    const { stage } = start('BYE');
    const [bye] = stage.requests;
    const via = bye!.headers.get('via')!;
    const answer = (viaLine: string, cseq: string) =>
      stage.tell([
        'SIP/2.0 200 OK',
        `Via: ${viaLine}`,
        'From: <sip:alice@alice.test>;tag=a1',
        'To: <sip:bob@bob.test>;tag=b1',
        'Call-ID: call-1@alice.test',
        `CSeq: ${cseq}`,
      ]);
    answer(via, '7 OPTIONS');
    answer(via.replace('id-1', 'id-2'), '7 BYE');
    expect(stage.user.notified).toEqual([]);
    answer(via, '7 BYE');
    expect(stage.user.notified).toEqual([200]);
  });
});

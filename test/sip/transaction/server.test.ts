import { describe, expect, it } from '@jest/globals';
import { createResponse } from '../../../src/sip/message/create-response.ts';
import type { ServerTransaction } from '../../../src/sip/transaction/transaction.ts';
import { bobRequest, Stage } from './stage.ts';

const receive = (method: string, protocol: 'udp' | 'tcp' = 'udp') => {
  const stage = new Stage();
  stage.tell(bobRequest(method), protocol);
  return { stage, transaction: stage.transactions[0]! };
};

const respond = (stage: Stage, transaction: ServerTransaction, status: number) => {
  transaction.respond(createResponse(transaction.request, status, { toTag: 'a9' }));
  stage.clock.advance(0);
};

const expectNothingLeft = (stage: Stage) => {
  expect(stage.layer.sizes).toEqual({ clients: 0, servers: 0 });
  expect(stage.clock.pendingTimers).toBe(0);
};

describe('the INVITE server transaction', () => {
  it('sends 100 after 200 ms when its user has not answered, without a To tag', () => {
    const { stage } = receive('INVITE');
    stage.clock.advance(199);
    expect(stage.timesOf('SIP/2.0')).toEqual([]);
    stage.clock.advance(1);
    expect(stage.timesOf('SIP/2.0 100 Trying')).toEqual([200]);
    expect(stage.lastSent()).toContain('To: <sip:alice@alice.test>\r\n');
  });

  it('sends no 100 after a 180, and the 180 again for each retransmission', () => {
    const { stage, transaction } = receive('INVITE');
    stage.tell(bobRequest('INVITE'));
    expect(stage.timesOf('SIP/2.0')).toEqual([]);
    respond(stage, transaction, 180);
    stage.clock.advance(1000);
    stage.tell(bobRequest('INVITE'));
    expect(stage.network.startLines('10.0.0.1:5060')).toEqual(['SIP/2.0 180 Ringing', 'SIP/2.0 180 Ringing']);
    expect(stage.transactions).toHaveLength(1);
  });

  it('repeats 486 from T1 to T2 until 64 T1 (timers G and H), and for each retransmission', () => {
    const { stage, transaction } = receive('INVITE');
    respond(stage, transaction, 486);
    stage.clock.advance(5000);
    expect(stage.timesOf('SIP/2.0 486')).toEqual([0, 500, 1500, 3500]);
    stage.tell(bobRequest('INVITE'));
    expect(stage.timesOf('SIP/2.0 486')).toEqual([0, 500, 1500, 3500, 5000]);
    stage.clock.advance(60_000);
    expect(stage.timesOf('SIP/2.0 486').slice(5)).toEqual([7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expectNothingLeft(stage);
  });

  it('stops at the ACK, absorbs further ones and lingers for T4 (timer I)', () => {
    const { stage, transaction } = receive('INVITE');
    respond(stage, transaction, 486);
    stage.clock.advance(600);
    stage.tell(bobRequest('ACK'));
    stage.tell(bobRequest('ACK'));
    stage.tell(bobRequest('INVITE'));
    stage.clock.advance(4990);
    expect(stage.timesOf('SIP/2.0 486')).toEqual([0, 500]);
    expect(stage.layer.sizes.servers).toBe(1);
    stage.clock.advance(10);
    expect(stage.acks).toEqual([]);
    expectNothingLeft(stage);
  });

  it('sends a 2xx as often as its user does, absorbs retransmissions and passes the ACK up, until timer L', () => {
    const { stage, transaction } = receive('INVITE');
    respond(stage, transaction, 200);
    stage.clock.advance(500);
    respond(stage, transaction, 200);
    stage.tell(bobRequest('INVITE'));
    stage.tell(bobRequest('ACK', 'z9hG4bK-b1'));
    stage.tell(bobRequest('ACK', 'z9hG4bK-other'));
    expect(stage.timesOf('SIP/2.0 200')).toEqual([0, 500]);
    expect(stage.acks).toHaveLength(2);
    stage.clock.advance(31_499);
    expect(stage.layer.sizes.servers).toBe(1);
    stage.clock.advance(1);
    expectNothingLeft(stage);
    respond(stage, transaction, 200);
    expect(stage.timesOf('SIP/2.0 200')).toEqual([0, 500]);
  });

  it('answers once: what follows a final response is not sent', () => {
    const { stage, transaction } = receive('INVITE');
    respond(stage, transaction, 486);
    respond(stage, transaction, 200);
    respond(stage, transaction, 180);
    expect(stage.network.startLines('10.0.0.1:5060')).toEqual(['SIP/2.0 486 Busy Here']);
  });

  it('over TCP sends 486 once and does not linger after the ACK', () => {
    const { stage, transaction } = receive('INVITE', 'tcp');
    respond(stage, transaction, 486);
    stage.clock.advance(10_000);
    expect(stage.timesOf('SIP/2.0 486')).toEqual([0]);
    stage.tell(bobRequest('ACK'), 'tcp');
    stage.clock.advance(10);
    expectNothingLeft(stage);
  });

  it('tells its user that a response could not be sent', () => {
    const { stage, transaction } = receive('INVITE', 'tcp');
    const failures: Error[] = [];
    transaction.onTransportError = (error) => void failures.push(error);
    void stage.bob.close();
    respond(stage, transaction, 486);
    stage.clock.advance(10);
    expect(failures.map(({ message }) => message)).toEqual(['connect ECONNREFUSED']);
    expectNothingLeft(stage);
  });
});

describe('the non-INVITE server transaction', () => {
  it('absorbs retransmissions before it is answered, repeats the answer after, for 32 s (timer J)', () => {
    const { stage, transaction } = receive('BYE');
    stage.tell(bobRequest('BYE'));
    expect(stage.timesOf('SIP/2.0')).toEqual([]);
    respond(stage, transaction, 200);
    stage.clock.advance(31_000);
    stage.tell(bobRequest('BYE'));
    expect(stage.timesOf('SIP/2.0 200')).toEqual([0, 31_000]);
    expect(stage.transactions).toHaveLength(1);
    stage.clock.advance(1000);
    expectNothingLeft(stage);
  });

  it('repeats a provisional response for each retransmission', () => {
    const { stage, transaction } = receive('MESSAGE');
    respond(stage, transaction, 100);
    stage.tell(bobRequest('MESSAGE'));
    expect(stage.timesOf('SIP/2.0 100')).toEqual([0, 0]);
  });

  it('over TCP does not linger', () => {
    const { stage, transaction } = receive('BYE', 'tcp');
    respond(stage, transaction, 200);
    stage.clock.advance(10);
    expectNothingLeft(stage);
  });
});

describe('matching', () => {
  it('tells transactions apart by branch, sent-by and method (RFC 3261 17.2.3)', () => {
    const stage = new Stage();
    stage.tell(bobRequest('OPTIONS', 'z9hG4bK-1'));
    stage.tell(bobRequest('OPTIONS', 'z9hG4bK-2'));
    stage.tell(bobRequest('INFO', 'z9hG4bK-1'));
    stage.tell(bobRequest('OPTIONS', 'z9hG4bK-1').map((line) => line.replace('10.0.0.2:5060', '10.0.0.2:5070')));
    stage.tell(bobRequest('OPTIONS', 'z9hG4bK-1'));
    expect(stage.transactions.map(({ request }) => request.method)).toEqual(['OPTIONS', 'OPTIONS', 'INFO', 'OPTIONS']);
  });

  it('matches requests of RFC 2543 elements, whose branch has no magic cookie, by their other fields', () => {
    const stage = new Stage();
    const old = (method: string, branch = '1') => bobRequest(method, branch);
    stage.tell(old('INVITE'));
    stage.tell(old('INVITE'));
    stage.tell(old('INVITE').map((line) => line.replace('call-2', 'call-3')));
    expect(stage.transactions).toHaveLength(2);
    respond(stage, stage.transactions[0]!, 486);
    stage.tell(old('ACK'));
    stage.clock.advance(3000);
    expect(stage.timesOf('SIP/2.0 486')).toEqual([0]);
    expect(stage.acks).toEqual([]);
  });
});

describe('CANCEL', () => {
  it('gets 200 with the To tag of the INVITE and is passed to the user of the INVITE, once', () => {
    const { stage, transaction } = receive('INVITE');
    const cancels: string[] = [];
    transaction.onCancel = (cancel) => {
      cancels.push(cancel.method);
      transaction.respond(createResponse(transaction.request, 487, { toTag: 'a9' }));
    };
    respond(stage, transaction, 180);
    stage.tell(bobRequest('CANCEL'));
    stage.tell(bobRequest('CANCEL'));
    expect(cancels).toEqual(['CANCEL']);
    expect(stage.network.startLines('10.0.0.1:5060')).toEqual([
      'SIP/2.0 180 Ringing',
      'SIP/2.0 200 OK',
      'SIP/2.0 487 Request Terminated',
      'SIP/2.0 200 OK',
    ]);
    expect(stage.network.sent.find(({ startLine }) => startLine === 'SIP/2.0 200 OK')?.text).toContain(';tag=a9');
    expect(stage.transactions).toHaveLength(1);
  });

  it('gets 481 when it matches nothing, and 200 without effect after a final response', () => {
    const { stage, transaction } = receive('INVITE');
    transaction.onCancel = () => expect('notified').toBe('not notified');
    stage.tell(bobRequest('CANCEL', 'z9hG4bK-unknown'));
    respond(stage, transaction, 200);
    stage.tell(bobRequest('CANCEL'));
    expect(stage.network.startLines('10.0.0.1:5060').map((line) => line.slice(8, 11))).toEqual(['481', '200', '200']);
    expect(stage.errors).toEqual([]);
  });
});

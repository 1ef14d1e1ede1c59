import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { createResponse } from '../../../src/sip/message/create-response.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import type { SipTransport } from '../../../src/sip/transport/transport.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { FakeNetwork } from '../../support/fake-network.ts';
import { bobRequest, layerOn, newRequest, RecordingUser, Stage } from './stage.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Twice: what hung on a weak reference is only found free by the second. */
const collectGarbage = async (): Promise<void> => {
  for (let round = 0; round < 2; round += 1) {
    await settle();
    gc();
  }
};

describe('faults of the transaction user', () => {
  it('answers 500 to a request whose handler throws, logs it, and goes on', () => {
    const stage = new Stage();
    const { user } = stage.layer;
    const failing = () => {
      throw new Error('fault of the user');
    };
    stage.layer.user = { onRequest: failing, onAck: failing };
    stage.tell(bobRequest('OPTIONS', 'z9hG4bK-1'));
    expect(stage.network.startLines('10.0.0.1:5060')).toEqual(['SIP/2.0 500 Server Internal Error']);
    expect(stage.errors.map(({ err }) => (err as Error).message)).toEqual(['fault of the user']);
    stage.tell(bobRequest('ACK', 'z9hG4bK-0'));
    expect(stage.errors).toHaveLength(2);
    stage.layer.user = user;
    stage.tell(bobRequest('OPTIONS', 'z9hG4bK-2'));
    expect(stage.transactions).toHaveLength(1);
  });

  it('does not answer again when the handler throws after its final response', () => {
    const stage = new Stage();
    stage.layer.user.onRequest = (transaction) => {
      transaction.respond(createResponse(transaction.request, 404));
      throw new Error('too late');
    };
    stage.tell(bobRequest('OPTIONS'));
    expect(stage.network.startLines('10.0.0.1:5060')).toEqual(['SIP/2.0 404 Not Found']);
  });

  it.each(['onResponse', 'onTimeout'] as const)('survives a throw in %s', (callback) => {
    const stage = new Stage();
    stage.user[callback] = () => {
      throw new Error('fault of the user');
    };
    stage.layer.request(newRequest('OPTIONS'), stage.bob.hop(), stage.user);
    stage.clock.advance(0);
    if (callback === 'onResponse') stage.answer(stage.requests[0]!, 200);
    stage.clock.advance(40_000);
    expect(stage.errors).toHaveLength(1);
    expect(stage.layer.sizes.clients).toBe(0);
    expect(stage.clock.pendingTimers).toBe(0);
  });

  it('refuses requests with 503 until it has a user', () => {
    const clock = new FakeClock();
    const network = new FakeNetwork(clock);
    const server = network.transport('10.0.0.1');
    layerOn(server, clock);
    network.transport('10.0.0.2').send(Buffer.from(`${bobRequest('OPTIONS').join('\r\n')}\r\n\r\n`), server.hop());
    clock.advance(10);
    expect(network.startLines('10.0.0.1:5060')).toEqual(['SIP/2.0 503 Service Unavailable']);
  });
});

describe('the layer', () => {
  it('sends the ACK of a 2xx with a branch of its own, and the same bytes again', () => {
    const stage = new Stage();
    const data = stage.layer.sendAck(newRequest('ACK'), stage.bob.hop());
    stage.layer.resend(data, stage.bob.hop());
    const [first, second] = stage.network.sent;
    expect(first?.text).toContain('Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKid-1;rport\r\n');
    expect(second?.text).toBe(first?.text);
    expect(stage.layer.sizes.clients).toBe(0);
  });

  it('sends a request over 1,300 bytes by TCP where the transport knows that way, and by UDP elsewhere', () => {
    const long = [['subject', 'x'.repeat(1300)]] as const;
    const stage = new Stage();
    stage.layer.request(newRequest('MESSAGE', long), stage.bob.hop(), stage.user);
    const knowing: SipTransport = stage.alice;
    knowing.reliableHop = ({ address, port }) => ({ protocol: 'tcp', address, port });
    const { hop } = stage.layer.request(newRequest('MESSAGE', long), stage.bob.hop(), stage.user);
    stage.layer.request(newRequest('MESSAGE'), stage.bob.hop(), stage.user);
    expect(stage.network.sent.map(({ protocol, text }) => [protocol, text.includes('SIP/2.0/TCP')])).toEqual([
      ['udp', false],
      ['tcp', true],
      ['udp', false],
    ]);
    expect(hop.protocol).toBe('tcp');
  });

  it('drops everything without a word when it is closed', () => {
    const stage = new Stage();
    stage.layer.request(newRequest('INVITE'), stage.bob.hop(), stage.user);
    stage.tell(bobRequest('INVITE'));
    stage.layer.close();
    stage.layer.close();
    const before = stage.network.sent.length;
    stage.transactions[0]?.respond(createResponse(stage.transactions[0].request, 200));
    stage.clock.advance(60_000);
    expect(stage.network.sent).toHaveLength(before);
    expect(stage.user.notified).toEqual([]);
    expect(stage.layer.sizes).toEqual({ clients: 0, servers: 0 });
    expect(stage.clock.pendingTimers).toBe(0);
  });

  it('hands each request up once and tells each client one final response, over a bad network', () => {
    const clock = new FakeClock();
    const network = new FakeNetwork(clock, { seed: 42 });
    Object.assign(network.faults, { loss: 0.25, duplication: 0.2, delayMs: 20, jitterMs: 400 });
    const client = layerOn(network.transport('10.0.0.1'), clock);
    const bob = network.transport('10.0.0.2');
    const server = layerOn(bob, clock);
    const handled = new Map<string, number>();
    server.user.onRequest = (transaction) => {
      const { callId, method } = { callId: transaction.request.callId, method: transaction.request.method };
      handled.set(callId, (handled.get(callId) ?? 0) + 1);
      const status = method === 'INVITE' ? 486 : 200;
      clock.setTimer(50, () => transaction.respond(createResponse(transaction.request, status, { toTag: 'b' })));
    };
    const users = Array.from({ length: 200 }, (_, index) => {
      const user = new RecordingUser();
      const request = newRequest(index % 2 === 0 ? 'INVITE' : 'OPTIONS');
      request.headers.set('call-id', `call-${index}`);
      client.request(request, bob.hop(), user);
      return user;
    });
    clock.advance(120_000);
    expect([...handled.values()].filter((times) => times !== 1)).toEqual([]);
    expect(handled.size).toBe(200);
    const finals = users.map(({ notified }) => notified.filter((what) => what !== 100).join());
    expect(finals).toEqual(users.map((_, index) => (index % 2 === 0 ? '486' : '200')));
    expect([client.sizes, server.sizes]).toEqual(Array(2).fill({ clients: 0, servers: 0 }));
    expect(clock.pendingTimers).toBe(0);
  });
});

/** A wire without a network: what is sent is answered or forgotten, so that only the layer holds memory. */
class Wire implements SipTransport {
  readonly listeners = [];
  onMessage: SipTransport['onMessage'] = () => undefined;
  answer: ((data: Buffer) => Buffer) | undefined;
  start = () => Promise.resolve();
  close = () => Promise.resolve();
  localFor = () => ({ protocol: 'udp', host: '10.0.0.1', port: 5060 }) as const;
  send(data: Buffer) {
    const answer = this.answer?.(data);
    if (answer !== undefined) queueMicrotask(() => this.receive(answer));
  }
  receive(data: Buffer) {
    const source = { protocol: 'udp', address: '10.0.0.2', port: 5060 } as const;
    this.onMessage(parseMessage(data), { source, local: this.localFor() });
  }
}

describe('what lingers', () => {
  const COUNT = 4000;
  const hop = { protocol: 'udp', address: '10.0.0.2', port: 5060 } as const;

  const heapAfter = async (work: () => void | Promise<void>): Promise<number> => {
    await collectGarbage();
    const before = process.memoryUsage();
    await work();
    await collectGarbage();
    const after = process.memoryUsage();
    return after.heapUsed + after.external - before.heapUsed - before.external;
  };

  it('holds neither requests, responses nor users, and less than 1 kB a server transaction', async () => {
    const wire = new Wire();
    const layer = layerOn(wire, new FakeClock());
    const requests: WeakRef<object>[] = [];
    layer.user.onRequest = (transaction) => {
      requests.push(new WeakRef(transaction.request), new WeakRef(transaction));
      transaction.respond(createResponse(transaction.request, 200));
    };
    const bytes = await heapAfter(() => {
      for (let index = 0; index < COUNT; index += 1) {
        const padding = `User-Agent: ${'a long name of a phone '.repeat(20)}`;
        wire.receive(Buffer.from(`${bobRequest('BYE', `z9hG4bK-${index}`, [padding]).join('\r\n')}\r\n\r\n`));
      }
    });
    expect(layer.sizes.servers).toBe(COUNT);
    expect(requests.filter((reference) => reference.deref() !== undefined)).toHaveLength(0);
    expect(bytes / COUNT).toBeLessThan(1024);
  });

  it('holds neither requests nor users, and less than 1 kB an acknowledged client transaction', async () => {
    const wire = new Wire();
    const layer = layerOn(wire, new FakeClock());
    wire.answer = (data) => {
      const text = data.toString();
      if (!text.startsWith('INVITE')) return Buffer.alloc(0);
      return Buffer.from(text.replace(/^.*\r\n/, 'SIP/2.0 486 Busy Here\r\n'));
    };
    const receive = wire.receive.bind(wire);
    wire.receive = (data) => (data.length > 0 ? receive(data) : undefined);
    const held: WeakRef<object>[] = [];
    const bytes = await heapAfter(async () => {
      for (let index = 0; index < COUNT; index += 1) {
        const user = new RecordingUser();
        const request = newRequest('INVITE', [['user-agent', 'a long name of a phone '.repeat(20)]]);
        held.push(new WeakRef(user), new WeakRef(request), new WeakRef(layer.request(request, hop, user)));
      }
      await settle();
    });
    expect(layer.sizes.clients).toBe(COUNT);
    expect(held.filter((reference) => reference.deref() !== undefined)).toHaveLength(0);
    expect(bytes / COUNT).toBeLessThan(1024);
  });
});

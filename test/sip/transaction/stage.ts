import type { IdSource } from '../../../src/shared/ids.ts';
import type { Log } from '../../../src/shared/log.ts';
import { createResponse } from '../../../src/sip/message/create-response.ts';
import { SipHeaders } from '../../../src/sip/message/headers.ts';
import { SipRequest, type SipResponse } from '../../../src/sip/message/message.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { printMessage } from '../../../src/sip/message/print.ts';
import type { ClientTransactionUser, ServerTransaction } from '../../../src/sip/transaction/transaction.ts';
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts';
import type { SipTransport, TransportProtocol } from '../../../src/sip/transport/transport.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeNetwork, type FakeTransport } from '../../support/fake-network.ts';

/** Identifiers that count: `id-1`, `id-2`. */
const countingIds = (): IdSource => {
  let count = 0;
  return { random: () => `id-${(count += 1)}` };
};

interface LoggedError {
  readonly message: string;
  readonly err: unknown;
}

const recordingLog = (errors: LoggedError[]): Log => ({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => void errors.push({ message, err: (fields as { err: unknown }).err }),
});

export const layerOn = (transport: SipTransport, clock: FakeClock, errors: LoggedError[] = []): TransactionLayer =>
  new TransactionLayer({ transport, clock, ids: countingIds(), log: recordingLog(errors) });

/** A request as the dialog layer makes it: all but the Via. */
export const newRequest = (method: string, extra: readonly (readonly [string, string])[] = []): SipRequest => {
  const headers = new SipHeaders()
    .append('max-forwards', '70')
    .append('from', '<sip:alice@alice.test>;tag=a1')
    .append('to', '<sip:bob@bob.test>')
    .append('call-id', 'call-1@alice.test')
    .append('cseq', `7 ${method}`);
  for (const [name, value] of extra) headers.append(name, value);
  return new SipRequest(method, 'sip:bob@10.0.0.2', headers);
};

/** What the user of a client transaction was notified of, in order: a status, `timeout` or `transport error`. */
export class RecordingUser implements ClientTransactionUser {
  readonly notified: (number | string)[] = [];
  readonly responses: SipResponse[] = [];

  onResponse(response: SipResponse): void {
    this.notified.push(response.status);
    this.responses.push(response);
  }

  onTimeout(): void {
    this.notified.push('timeout');
  }

  onTransportError(): void {
    this.notified.push('transport error');
  }
}

/** Alice has a transaction layer; Bob is a bare transport whose messages the test writes itself. */
export class Stage {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork(this.clock);
  readonly alice: FakeTransport = this.network.transport('10.0.0.1');
  readonly bob: FakeTransport = this.network.transport('10.0.0.2');
  readonly errors: LoggedError[] = [];
  readonly layer = layerOn(this.alice, this.clock, this.errors);
  readonly user = new RecordingUser();
  /** What reached Bob. */
  readonly requests: SipRequest[] = [];
  /** What Alice's layer passed up. */
  readonly transactions: ServerTransaction[] = [];
  readonly acks: SipRequest[] = [];

  constructor() {
    this.network.faults.delayMs = 0;
    this.bob.onMessage = (message) => {
      if (message.kind === 'request') this.requests.push(message);
    };
    this.layer.user = {
      onRequest: (transaction) => void this.transactions.push(transaction),
      onAck: (ack) => void this.acks.push(ack),
    };
  }

  /** Bob answers a request that reached him. */
  answer(request: SipRequest, status: number, protocol: TransportProtocol = 'udp', toTag = 'b1'): void {
    this.bob.send(printMessage(createResponse(request, status, { toTag })), this.alice.hop(protocol));
    this.clock.advance(0);
  }

  /** Bob sends text to Alice, line breaks as in SIP. */
  tell(lines: readonly string[], protocol: TransportProtocol = 'udp'): void {
    this.bob.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), this.alice.hop(protocol));
    this.clock.advance(0);
  }

  /** When Alice sent messages of that start, in ms. */
  timesOf(start: string): number[] {
    return this.network.sent
      .filter(({ from, startLine }) => from === '10.0.0.1:5060' && startLine.startsWith(start))
      .map(({ at }) => at);
  }

  lastSent(): string {
    return this.network.sent.at(-1)?.text ?? '';
  }

  lastSentMessage(): SipRequest {
    return parseMessage(Buffer.from(this.lastSent())) as SipRequest;
  }
}

/** The lines of a request of Bob's. */
export const bobRequest = (method: string, branch = 'z9hG4bK-b1', extra: readonly string[] = []): string[] => [
  `${method} sip:alice@10.0.0.1 SIP/2.0`,
  `Via: SIP/2.0/UDP 10.0.0.2:5060;branch=${branch}`,
  'Max-Forwards: 70',
  'From: <sip:bob@bob.test>;tag=b9',
  'To: <sip:alice@alice.test>',
  'Call-ID: call-2@bob.test',
  `CSeq: 3 ${method}`,
  ...extra,
];

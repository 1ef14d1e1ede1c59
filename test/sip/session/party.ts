import { type Log, silentLog } from '../../../src/shared/log.ts';
import { SipRequest, SipResponse } from '../../../src/sip/message/message.ts';
import { tryParse } from '../../../src/sip/message/parse.ts';
import { TransactionLayer } from '../../../src/sip/transaction/transaction-layer.ts';
import type { Hop, TransportProtocol } from '../../../src/sip/transport/transport.ts';
import {
  type IncomingSession,
  type InviteOptions,
  type Session,
  type SessionEnd,
  UserAgent,
  type UserAgentOptions,
} from '../../../src/sip/user-agent.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeNetwork, type FakeTransport } from '../../support/fake-network.ts';
import { createSeededIds } from '../../support/seeded-ids.ts';

export const sdp = (name: string): string =>
  `v=0\r\no=${name} 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`;

/** Everything that a session emitted, in order. */
export interface Diary {
  readonly session: Session;
  readonly notified: string[];
  readonly ends: SessionEnd[];
}

export const diaryOf = (session: Session): Diary => {
  const notified: string[] = [];
  const ends: SessionEnd[] = [];
  session.on('progress', (status, early) => notified.push(early === undefined ? `${status}` : `${status}+sdp`));
  session.on('answered', () => notified.push('answered'));
  session.on('renegotiated', () => notified.push('renegotiated'));
  session.on('message', (message) => {
    notified.push(message.method);
    message.respond(200);
  });
  session.on('ended', (end) => {
    ends.push(end);
    notified.push(end.kind === 'refused' ? `refused ${end.response.status}` : end.kind);
  });
  return { session, notified, ends };
};

/** Faults of the user agent that a guard caught: a test with one has failed. */
const strictLog = (faults: unknown[]): Log => ({ ...silentLog, error: (fields) => void faults.push(fields) });

/** Each party of a test file draws its own, and the same in each run: pauses after glare are drawn too. */
let parties = 0;

/** A user agent on the fake network. */
export class Party {
  readonly faults: unknown[] = [];
  readonly transport: FakeTransport;
  readonly layer: TransactionLayer;
  readonly agent: UserAgent;
  readonly incoming: (Diary & { readonly session: IncomingSession })[] = [];

  constructor(network: FakeNetwork, clock: FakeClock, host: string, options: Partial<UserAgentOptions> = {}) {
    parties += 1;
    const ids = createSeededIds(parties);
    const log = strictLog(this.faults);
    this.transport = network.transport(host);
    this.layer = new TransactionLayer({ transport: this.transport, clock, ids, log });
    this.agent = new UserAgent({
      transport: this.transport,
      transactions: this.layer,
      clock,
      ids,
      log,
      contactUser: 'offhook',
      ...options,
    });
  }

  /** Takes what comes in; `take` may answer at once. */
  listen(take: (session: IncomingSession) => void = () => undefined): void {
    this.agent.listen((session) => {
      this.incoming.push({ ...diaryOf(session), session });
      take(session);
    });
  }

  get lastIn(): Diary & { readonly session: IncomingSession } {
    const last = this.incoming.at(-1);
    if (last === undefined) throw new Error('No INVITE came in');
    return last;
  }

  invite(host: string, options: Partial<InviteOptions> = {}): Diary {
    const target = `sip:bob@${host}`;
    const session = this.agent.invite({
      target,
      from: { uri: 'sip:alice@10.0.0.1', params: new Map() },
      to: { uri: target, params: new Map() },
      sdp: sdp('offer'),
      ...options,
    });
    const diary = diaryOf(session);
    session.start();
    return diary;
  }
}

/** Two user agents: alice 10.0.0.1 and bob 10.0.0.2, 1 ms apart. */
export class Pair {
  readonly clock = new FakeClock();
  readonly network: FakeNetwork;
  readonly alice: Party;
  readonly bob: Party;

  constructor(seed?: number) {
    this.network = new FakeNetwork(this.clock, seed === undefined ? {} : { seed });
    this.alice = new Party(this.network, this.clock, '10.0.0.1');
    this.bob = new Party(this.network, this.clock, '10.0.0.2');
  }

  /** A call that bob answers, both ends in `established`. */
  async established(): Promise<{ readonly out: Diary; readonly in: Diary & { readonly session: IncomingSession } }> {
    this.bob.listen((session) => session.accept(sdp('answer')));
    const out = this.alice.invite('10.0.0.2');
    await this.clock.advanceAsync(10);
    return { out, in: this.bob.lastIn };
  }

  startLines(): string[] {
    return this.network.startLines().map((line) => line.replace(/ sip:.*| SIP\/2\.0$/g, '').replace('SIP/2.0 ', ''));
  }

  /** What is left once every transaction has lingered out. */
  async leftOver(): Promise<object> {
    await this.clock.advanceAsync(400_000);
    return {
      faults: [...this.alice.faults, ...this.bob.faults],
      dialogs: [this.alice.agent.dialogs.size, this.bob.agent.dialogs.size],
      transactions: [this.alice.layer.sizes, this.bob.layer.sizes],
      timers: this.clock.pendingTimers,
    };
  }
}

export const nothing = {
  faults: [],
  dialogs: [0, 0],
  transactions: [
    { clients: 0, servers: 0 },
    { clients: 0, servers: 0 },
  ],
  timers: 0,
};

const SDP_TYPE = ['Content-Type: application/sdp'];

/** A peer without a stack: a test says what it sends, byte by byte. */
export class RawPeer {
  readonly received: (SipRequest | SipResponse)[] = [];
  readonly transport: FakeTransport;

  constructor(network: FakeNetwork, host: string) {
    this.transport = network.transport(host);
    this.transport.onMessage = (message) => this.received.push(message);
  }

  hop(protocol: TransportProtocol = 'udp'): Hop {
    return this.transport.hop(protocol);
  }

  requests(method: string): SipRequest[] {
    return this.received.filter(
      (message) => message instanceof SipRequest && message.method === method,
    ) as SipRequest[];
  }

  last(method: string): SipRequest {
    const request = this.requests(method).at(-1);
    if (request === undefined) throw new Error(`No ${method} came`);
    return request;
  }

  statuses(method: string): number[] {
    return this.received
      .filter((message) => message instanceof SipResponse)
      .filter((response) => response.cseq.method === method)
      .map(({ status }) => status);
  }

  /** Sends lines, with an empty one and the body behind them. */
  send(to: Hop, lines: readonly string[], body = ''): void {
    const text = [...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
    if (tryParse(Buffer.from(text)).kind !== 'message') throw new Error(`Not SIP: ${text}`);
    this.transport.send(Buffer.from(text), to);
  }

  /** Answers a request that came, as a server that records nothing. */
  answer(request: SipRequest, status: string, { tag = 'raw', headers = [] as string[], body = '' } = {}): this {
    const copied: string[] = [];
    request.headers.forEach((name, value) => {
      if (['via', 'from', 'call-id', 'cseq'].includes(name)) copied.push(`${name}: ${value}`);
    });
    const to = request.headers.get('to') ?? '';
    const type = body === '' || headers.some((line) => line.startsWith('Content-Type')) ? [] : SDP_TYPE;
    const lines = [`SIP/2.0 ${status}`, ...copied, `To: ${to}${to.includes('tag=') ? '' : `;tag=${tag}`}`];
    this.send({ protocol: 'udp', address: '10.0.0.1', port: 5060 }, [...lines, ...headers, ...type], body);
    return this;
  }

  /** Sends a request within the dialog of an INVITE that came: from its `tag`, to the caller's Contact. */
  inDialog(
    invite: SipRequest,
    method: string,
    cseq: number,
    { tag = 'raw', headers = [] as string[], body = '' } = {},
  ): this {
    const type = body === '' || headers.some((line) => line.startsWith('Content-Type')) ? [] : SDP_TYPE;
    const lines = [
      `${method} sip:offhook@10.0.0.1:5060 SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.transport.host}:5060;branch=z9hG4bK${method}${cseq}${tag}`,
      'Max-Forwards: 70',
      `From: ${invite.headers.get('to') ?? ''};tag=${tag}`,
      `To: ${invite.headers.get('from') ?? ''}`,
      `Call-ID: ${invite.callId}`,
      `CSeq: ${cseq} ${method}`,
    ];
    this.send({ protocol: 'udp', address: '10.0.0.1', port: 5060 }, [...lines, ...headers, ...type], body);
    return this;
  }

  /** Cancels a re-INVITE that was sent with `inDialog`. */
  cancel(invite: SipRequest, cseq: number): void {
    const lines = [
      'CANCEL sip:offhook@10.0.0.1:5060 SIP/2.0',
      `Via: SIP/2.0/UDP ${this.transport.host}:5060;branch=z9hG4bKINVITE${cseq}raw`,
      `From: ${invite.headers.get('to') ?? ''};tag=raw`,
      `To: ${invite.headers.get('from') ?? ''}`,
      `Call-ID: ${invite.callId}`,
      `CSeq: ${cseq} CANCEL`,
    ];
    this.send({ protocol: 'udp', address: '10.0.0.1', port: 5060 }, lines);
  }
}

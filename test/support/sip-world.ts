import { expect } from '@jest/globals';
import type {
  CallPlan,
  EngineCall,
  EngineEvent,
  EngineTestCall,
  LegCause,
  TestPlan,
  Verdict,
} from '../../src/calls/call-engine.ts';
import type { TestScript } from '../../src/calls/test-call.ts';
import { Routes } from '../../src/engines/sip/call/routes.ts';
import type { SipTrunk } from '../../src/engines/sip/call/trunk-dialect.ts';
import { TrunkHealth } from '../../src/engines/sip/call/trunk-health.ts';
import { type TrunkLimits, TrunkLoad } from '../../src/engines/sip/call/trunk-load.ts';
import { Prompter } from '../../src/engines/sip/media/prompter.ts';
import { type EngineService, SipCallEngine } from '../../src/engines/sip/sip-engine.ts';
import { MediaPort } from '../../src/media/media-port.ts';
import { RtpEndpoint } from '../../src/media/rtp-endpoint.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import type { IncomingSession } from '../../src/sip/user-agent.ts';
import { Party } from '../sip/session/party.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeNetwork } from './fake-network.ts';
import { PlayedThread } from './played-thread.ts';

export const NUMBER = '+12025550100';
const ENGINE_HOST = '10.0.0.1';
const PHONE_HOST = '10.0.0.2';
const TRUNK_HOSTS = ['10.0.0.3', '10.0.0.4'];

export interface PeerMedia {
  readonly port?: number;
  /** Payload types; PCMU and telephone events where none are given. */
  readonly formats?: string;
  readonly direction?: string;
  readonly version?: number;
}

/** The SDP of a phone, which only its port tells apart. */
export const mediaOf = ({ port = 4000, formats = '0 101', direction, version = 1 }: PeerMedia = {}): string =>
  [
    'v=0',
    `o=peer ${port} ${version} IN IP4 127.0.0.1`,
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP ${formats}`,
    ...(formats.includes('101') ? ['a=rtpmap:101 telephone-event/8000'] : []),
    ...(direction === undefined ? [] : [`a=${direction}`]),
    '',
  ].join('\r\n');

/** The media line and what follows, without payload maps: what tests compare. */
export const shownBy = (text: string): string =>
  [...text.matchAll(/^(?:m=audio (\d+) RTP\/AVP ([\d ]+)|a=(sendonly|recvonly|inactive|sendrecv))\r?$/gm)]
    .map(([, port, formats, direction]) => (port === undefined ? direction : `${port}: ${formats}`))
    .join(' ');

const textOfCause = ({ sipStatus, reason }: LegCause): string => `${sipStatus ?? '-'} ${reason}`;

const textOfVerdict = (verdict: Verdict): string => {
  switch (verdict.by) {
    case 'request':
      return 'over: request';
    case 'hangup':
      return `over: ${verdict.leg} hung up`;
    case 'failure':
      return `over: ${verdict.leg} ${verdict.failure} ${textOfCause(verdict.cause)}`;
    case 'engine':
      return 'over: engine';
  }
};

export const textOf = (event: EngineEvent): string => {
  switch (event.type) {
    case 'leg-calling':
      return `${event.leg} calling ${event.address}`;
    case 'leg-ringing':
      return `${event.leg} ringing ${event.sipStatus}`;
    case 'leg-answered':
      return `${event.leg} answered`;
    case 'joined':
      return 'joined';
    case 'over':
      return textOfVerdict(event.verdict);
    case 'leg-ended':
      return `${event.leg} ended ${textOfCause(event.cause)}`;
  }
};

/** A call with everything that was reported of it. */
export interface PlacedCall {
  readonly call: EngineCall;
  readonly events: EngineEvent[];
  /** What was reported, as text. */
  readonly notified: string[];
}

export interface PlacedTestCall extends PlacedCall {
  readonly call: EngineTestCall;
}

export interface SipWorldOptions {
  readonly seed?: number;
  readonly busyToneMs?: number;
  readonly redirectHosts?: readonly string[];
  readonly services?: readonly EngineService[];
  /** How much the first trunk takes; all by default. */
  readonly firstTrunk?: TrunkLimits;
}

/** Our engine at 10.0.0.1, the user's phone at 10.0.0.2, trunks at 10.0.0.3 and 10.0.0.4; all time is virtual. */
export class SipWorld {
  readonly clock = new FakeClock();
  readonly network: FakeNetwork;
  readonly ours: Party;
  readonly phone: Party;
  readonly carrier: Party;
  readonly nextCarrier: Party;
  readonly media: MediaPort;
  /** Ports of test phones: the test says what comes to them. */
  readonly testPhones = new PlayedThread(this.clock);
  /** From which extensions are dialled: real ones, by the virtual clock. */
  readonly digitPorts: RtpEndpoint[] = [];
  /** A test may take one away before a call. */
  readonly trunks: SipTrunk[];
  readonly engine: SipCallEngine;

  private constructor(
    media: MediaPort,
    { seed, busyToneMs = 2000, services, firstTrunk, redirectHosts = [] }: SipWorldOptions,
  ) {
    this.media = media;
    this.network = new FakeNetwork(this.clock, seed === undefined ? {} : { seed });
    const party = (host: string): Party => new Party(this.network, this.clock, host);
    this.ours = party(ENGINE_HOST);
    this.phone = party(PHONE_HOST);
    [this.carrier, this.nextCarrier] = TRUNK_HOSTS.map(party) as [Party, Party];
    const { agent, layer, transport } = this.ours;
    this.trunks = TRUNK_HOSTS.map((host) => ({
      name: host,
      uri: `sip:${host}`,
      load: firstTrunk && host === TRUNK_HOSTS[0] ? new TrunkLoad(firstTrunk, this.clock) : undefined,
      health: new TrunkHealth({ trunk: host, clock: this.clock, log: silentLog }),
    }));
    this.engine = new SipCallEngine({
      userAgent: agent,
      routes: new Routes({
        trunks: this.trunks,
        routes: [],
        ids: createSystemIds(),
        bindings: { locate: () => Promise.resolve([]) },
        domain: 'offhook.example',
      }),
      prompter: new Prompter({ media, address: ENGINE_HOST }),
      digitPorts: {
        open: async () => {
          const ids = createSystemIds();
          const port = await RtpEndpoint.open({ host: '127.0.0.1', clock: this.clock, ids, log: silentLog });
          this.digitPorts.push(port);
          return port;
        },
      },
      testPhones: this.testPhones,
      services: services ?? [
        { start: () => transport.start(), close: () => transport.close() },
        {
          start: () => Promise.resolve(),
          close: () => {
            layer.close();
            return Promise.resolve();
          },
        },
      ],
      clock: this.clock,
      log: silentLog,
      busyToneMs,
      redirectHosts: new Set(redirectHosts),
      graceMs: 5000,
    });
  }

  /** The clock of the media stands still: what plays is counted, and nothing is sent. */
  static async open(options: SipWorldOptions = {}): Promise<SipWorld> {
    const ids = createSystemIds();
    const media = await MediaPort.open({ host: '127.0.0.1', clock: new FakeClock(), ids, log: silentLog });
    return new SipWorld(media, options);
  }

  static async started(options?: SipWorldOptions): Promise<SipWorld> {
    const world = await SipWorld.open(options);
    await world.engine.start();
    return world;
  }

  plan(changes: Partial<CallPlan> = {}): CallPlan {
    return {
      tokenCall: 'token',
      caller: [{ kind: 'address', uri: `sip:alice@${PHONE_HOST}` }],
      callee: [{ kind: 'number', number: NUMBER }],
      destinationDisplay: NUMBER,
      timeoutSeconds: 30,
      destinationTimeoutSeconds: 60,
      ...changes,
    };
  }

  place(changes?: Partial<CallPlan>): PlacedCall {
    const events: EngineEvent[] = [];
    const notified: string[] = [];
    const call = this.engine.place(this.plan(changes), (event) => {
      events.push(event);
      notified.push(textOf(event));
    });
    return { call, events, notified };
  }

  placeTest(script: Partial<TestScript> = {}, changes: Partial<TestPlan> = {}): PlacedTestCall {
    const { tokenCall, callee, destinationDisplay, destinationTimeoutSeconds } = this.plan();
    const whole: TestScript = { steps: [], lastsMs: 3000, between: 'silence', ...script };
    const plan = { tokenCall, callee, destinationDisplay, destinationTimeoutSeconds, script: whole, ...changes };
    const events: EngineEvent[] = [];
    const notified: string[] = [];
    const call = this.engine.placeTest(plan, (event) => {
      events.push(event);
      notified.push(textOf(event));
    });
    return { call, events, notified };
  }

  /** Every INVITE to the party rings at once and is answered after `afterMs`. */
  answering(party: Party, { media = mediaOf(), afterMs = 100 }: { media?: string; afterMs?: number } = {}): void {
    party.listen((session) => {
      session.progress(180);
      this.clock.setTimer(afterMs, () => session.accept(media));
    });
  }

  /** Both answer; the phone's media are at port 4000, the carrier's at port 5000. */
  async joined(): Promise<PlacedCall & { readonly phone: IncomingSession; readonly carrier: IncomingSession }> {
    this.answering(this.phone);
    this.answering(this.carrier, { media: mediaOf({ port: 5000 }) });
    const placed = this.place();
    await this.elapse(1000);
    return { ...placed, phone: this.phone.lastIn.session, carrier: this.carrier.lastIn.session };
  }

  elapse(milliseconds: number): Promise<void> {
    return this.clock.advanceAsync(milliseconds);
  }

  /** The SDP of all requests and responses that a party was sent, as text. */
  shownTo(party: Party): string[] {
    const to = `${party.transport.host}:5060`;
    return this.network.sent.filter((sent) => sent.to === to && sent.text.includes('m=audio')).map(({ text }) => text);
  }

  /** The start lines of what a party was sent by us, responses as `200 INVITE`. */
  sentTo(party: Party): string[] {
    const to = `${party.transport.host}:5060`;
    return this.network.sent
      .filter((sent) => sent.to === to)
      .map(({ startLine, text }) => {
        const status = /^SIP\/2\.0 (\d{3})/.exec(startLine)?.[1];
        const method = /^CSeq: \d+ (\w+)/m.exec(text)?.[1] ?? '';
        return status === undefined ? method : `${status} ${method}`;
      });
  }

  /** What is left once every transaction has lingered out. */
  async leftOver(): Promise<object> {
    await this.elapse(400_000);
    const parties = [this.ours, this.phone, this.carrier, this.nextCarrier];
    return {
      calls: this.engine.ongoing,
      playing: this.media.playing,
      testPhones: this.testPhones.held,
      timers: this.clock.pendingTimers,
      dialogs: parties.map(({ agent }) => agent.dialogs.size),
      transactions: parties.map(({ layer }) => layer.sizes.clients + layer.sizes.servers),
      faults: parties.flatMap(({ faults }) => faults),
    };
  }

  async close(): Promise<void> {
    await this.media.close();
  }
}

/** Once every call is over and every transaction has lingered out, nothing is left of them. Closes the world. */
export const expectNothingLeft = async (world: SipWorld): Promise<void> => {
  const left = await world.leftOver();
  await world.close();
  expect(left).toEqual({
    calls: 0,
    playing: 0,
    testPhones: 0,
    timers: 0,
    dialogs: [0, 0, 0, 0],
    transactions: [0, 0, 0, 0],
    faults: [],
  });
};

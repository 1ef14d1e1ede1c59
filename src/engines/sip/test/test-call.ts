import type { EngineEvent, EngineTestCall, LegCause, TestPlan, Verdict } from '../../../calls/call-engine.ts';
import { NotMeasuredError } from '../../../calls/errors.ts';
import type { TestReport } from '../../../calls/test-call.ts';
import type { HeardPeer, TestPhoneMedia, TestPhonePort } from '../../../media/test-phone/test-phone-media.ts';
import type { PeerMessage, RemoteOffer } from '../../../sip/user-agent.ts';
import type { CallParts } from '../call/third-party-call.ts';
import { hangupCause, incompatibleMediaCause } from '../leg/causes.ts';
import { Leg, type LegUser } from '../leg/leg.ts';
import { type LegFailure, unreachable, withoutAudio } from '../leg/leg-end.ts';
import { LegSdp } from '../leg/leg-sdp.ts';
import type { LegTarget } from '../leg/leg-target.ts';
import { type OfferedCodecs, withCodecs } from '../leg/next-attempt.ts';
import { hostsOf, peerOf, PortSdp } from '../media/port-sdp.ts';
import { CallWatch } from './call-watch.ts';
import { digitOfInfo } from './info-digit.ts';
import { ScriptPlayer } from './script-player.ts';

/** What test calls have of their engine. */
export interface TestCallParts extends Omit<CallParts, 'onReleased' | 'prompter' | 'busyToneMs' | 'digitPorts'> {
  readonly media: Pick<TestPhoneMedia, 'open'>;
  /** The address in our SDP. */
  readonly address: string;
  /** Called once a call, when its leg is gone. */
  readonly onReleased: (call: TestCall) => void;
}

interface TestCallOptions {
  readonly plan: TestPlan;
  /** Takes what happens, in its order. */
  readonly listener: (event: EngineEvent) => void;
}

/** The test phone itself is no leg that could fail: it is gone when the call is over. */
const TEST_PHONE_CAUSE: LegCause = { ...hangupCause, sipStatus: null };
const TEST_PHONE = 'test-phone';
const NO_STEPS: TestReport['steps'] = [];

/** The phone and its script, once the port is open. */
interface Phone {
  readonly port: TestPhonePort;
  readonly sdp: PortSdp;
  readonly player: ScriptPlayer;
}

/**
 *   opening ──▶ calling ──▶ talking ──▶ over
 *      └───────────┴────────────────────▶
 *
 * One leg, from a phone of our own to a number. The phone does what its script says, and tells what it saw.
 */
export class TestCall implements EngineTestCall, LegUser {
  readonly report: Promise<TestReport>;
  readonly #parts: TestCallParts;
  readonly #plan: TestPlan;
  readonly #listener: (event: EngineEvent) => void;
  readonly #watch: CallWatch;
  #phase: 'opening' | 'calling' | 'talking' | 'over' = 'opening';
  #phone: Phone | undefined;
  #leg: Leg | undefined;
  /** Of ours: the report is not to be had. */
  /** Of who is called now. */
  #signallingHosts: readonly string[] = [];
  #fault: NotMeasuredError | undefined;
  #settle: (report: Promise<TestReport>) => void = () => undefined;

  constructor(parts: TestCallParts, { plan, listener }: TestCallOptions) {
    this.#parts = parts;
    this.#plan = plan;
    this.#listener = listener;
    this.#watch = new CallWatch(parts.clock);
    this.report = new Promise((resolve) => (this.#settle = resolve));
    // Whoever placed the call may be gone by then.
    this.report.catch(() => undefined);
  }

  start(): void {
    this.#guard(this.#call());
  }

  hangUp(): void {
    this.#end({ by: 'request' });
  }

  abandon(): void {
    this.#leg?.abandon();
  }

  mediaFor(_leg: Leg, codecs: OfferedCodecs): string | undefined {
    return withCodecs(this.#phone?.sdp.offer ?? '', codecs);
  }

  calling(_leg: Leg, { address, trunk, invite }: LegTarget): void {
    this.#signallingHosts = hostsOf(invite);
    this.#watch.called();
    this.#listener({ type: 'leg-calling', leg: 'callee', address, trunk: trunk?.name });
  }

  ringing(_leg: Leg, sipStatus: number): void {
    this.#watch.rang();
    this.#listener({ type: 'leg-ringing', leg: 'callee', sipStatus });
  }

  ringingAgain(): void {
    // What is heard is recorded in any case.
  }

  earlyMedia(_leg: Leg, sdp: string): void {
    this.#connect(this.#peerOf(sdp));
  }

  answered(leg: Leg, answer: string): void {
    const peer = this.#peerOf(answer);
    if (peer === undefined) {
      this.failed(leg, withoutAudio);
      return;
    }
    this.#phase = 'talking';
    leg.remote = answer;
    this.#watch.answered();
    this.#phone?.port.answered();
    this.#connect(peer);
    this.#listener({ type: 'leg-answered', leg: 'callee', sipStatus: 200 });
    this.#listener({ type: 'joined' });
    this.#phone?.player.start();
  }

  offered(leg: Leg, offer: RemoteOffer): void {
    const { sdp } = this.#phone ?? {};
    try {
      if (sdp === undefined) offer.reject(488);
      else if (offer.sdp === undefined) offer.accept(leg.sdp.stamp(sdp.offer));
      else {
        const answer = leg.sdp.stamp(sdp.answer(offer.sdp));
        this.renegotiated(leg, offer.sdp);
        offer.accept(answer);
      }
    } catch {
      offer.reject(488);
    }
  }

  renegotiated(leg: Leg, sdp: string): void {
    leg.remote = sdp;
    this.#connect(this.#peerOf(sdp));
  }

  message(_leg: Leg, message: PeerMessage): void {
    message.respond(200);
    const digit = digitOfInfo(message);
    if (digit !== undefined) this.#phone?.player.hearDigit(digit);
  }

  failed(_leg: Leg, failure: LegFailure): void {
    this.#end({ by: 'failure', leg: 'callee', ...failure });
  }

  hungUp(_leg: Leg, cause: LegCause): void {
    this.#end({ by: 'hangup', leg: 'callee', cause });
  }

  ended(_leg: Leg, cause: LegCause): void {
    this.#listener({ type: 'leg-ended', leg: 'callee', cause });
    this.#release();
  }

  async #call(): Promise<void> {
    const { media, routes } = this.#parts;
    const port = await media.open();
    if (this.#phase === 'over') {
      await port.finish();
      return;
    }
    this.#phone = this.#takeUp(port);
    this.#listener({ type: 'leg-calling', leg: 'caller', address: TEST_PHONE });
    this.#listener({ type: 'leg-answered', leg: 'caller', sipStatus: null });
    const { callee, callerId } = this.#plan;
    const targets = await routes.targets(callee, callerId);
    if (this.#isOver()) return;
    this.#phase = 'calling';
    if (targets.length === 0) {
      this.#end({ by: 'failure', leg: 'callee', ...unreachable });
      return;
    }
    this.#leg = this.#newLeg();
    this.#leg.start(targets, this.#plan.destinationTimeoutSeconds);
  }

  #takeUp(port: TestPhonePort): Phone {
    const { address, clock } = this.#parts;
    const { script } = this.#plan;
    const onDone = (): void => this.#end({ by: 'hangup', leg: 'caller', cause: TEST_PHONE_CAUSE });
    const player = new ScriptPlayer({ script, port, clock, onDone });
    port.on('digit', (digit) => player.hearDigit(digit));
    port.on('audio', () => {
      if (this.#phase === 'calling') this.#watch.heardEarly();
    });
    return { port, player, sdp: new PortSdp({ address, port: port.port }) };
  }

  #newLeg(): Leg {
    const { address, clock, sessionIds, userAgent } = this.#parts;
    const sdp = new LegSdp({ sessionId: sessionIds.next(), address });
    return new Leg({ role: 'callee', sdp, userAgent, clock, user: this });
  }

  #peerOf(sdp: string): HeardPeer | undefined {
    return peerOf(sdp, this.#signallingHosts);
  }

  #connect(peer: HeardPeer | undefined): void {
    if (peer !== undefined) this.#phone?.port.connect(peer);
  }

  #isOver(): boolean {
    return this.#phase === 'over';
  }

  /** Every end passes here, once. */
  #end(verdict: Verdict): void {
    if (this.#isOver()) return;
    this.#phase = 'over';
    this.#watch.over();
    this.#phone?.player.stop();
    this.#listener({ type: 'over', verdict });
    if (this.#phone !== undefined) this.#listener({ type: 'leg-ended', leg: 'caller', cause: TEST_PHONE_CAUSE });
    this.#settle(this.#measure());
    this.#leg?.hangUp('cause' in verdict ? verdict.cause : undefined);
    if (this.#leg === undefined || this.#leg.isEnded) this.#release();
  }

  async #measure(): Promise<TestReport> {
    const phone = this.#phone;
    if (this.#fault !== undefined) throw this.#fault;
    try {
      const heard = (await phone?.port.finish()) ?? null;
      const { digits = '', results: steps = NO_STEPS } = phone?.player ?? {};
      return { ...this.#watch.seen, heard, digits, steps };
    } catch (error) {
      throw new NotMeasuredError(error);
    }
  }

  #release(): void {
    if (this.#isOver()) this.#parts.onReleased(this);
  }

  /** Where the phone cannot be had, or something of ours fails, the call ends, and not the process. */
  #guard(step: Promise<void>): void {
    step.catch((error: unknown) => {
      this.#parts.log.warn({ err: error, token_call: this.#plan.tokenCall }, 'a test call cannot go on');
      this.#fault ??= new NotMeasuredError(error);
      void this.#phone?.port.finish().catch(() => undefined); // measured or not, the port is freed
      this.#end({ by: 'engine', cause: incompatibleMediaCause });
    });
  }
}

import type { CallPlan, EngineCall, EngineEvent, LegCause, Verdict } from '../../../calls/call-engine.ts';
import type { LegRole } from '../../../calls/call-state.ts';
import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import { hasPlainAudio } from '../../../sip/sdp/audio-target.ts';
import type { PeerMessage, RemoteOffer, UserAgentFace } from '../../../sip/user-agent.ts';
import { causeOfResponse, incompatibleMediaCause } from '../leg/causes.ts';
import { Leg, type LegUser } from '../leg/leg.ts';
import { type LegFailure, unreachable, withoutAudio } from '../leg/leg-end.ts';
import { LegSdp, type SessionIds } from '../leg/leg-sdp.ts';
import type { LegTarget } from '../leg/leg-target.ts';
import { type OfferedCodecs, withCodecs } from '../leg/next-attempt.ts';
import type { RedirectHosts } from '../leg/redirect.ts';
import { relayMessage } from '../leg/relay-message.ts';
import { ring, type Ringing } from '../leg/ring-all.ts';
import { CallMedia } from '../media/call-media.ts';
import { type DigitPorts, ExtensionDialler } from '../media/extension-dialler.ts';
import type { Prompter } from '../media/prompter.ts';
import { callFlow, type Input, type Phase } from './call-flow.ts';
import type { Routes } from './routes.ts';

/** What all calls of an engine share. */
export interface CallParts {
  readonly routes: Routes;
  readonly userAgent: Pick<UserAgentFace, 'invite'>;
  readonly prompter: Prompter;
  /** For digits after the answer. */
  readonly digitPorts: DigitPorts;
  readonly sessionIds: SessionIds;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** Where redirects may lead; nowhere, where nothing is said. */
  readonly redirectHosts?: RedirectHosts | undefined;
  /** How long the busy tone is heard; 0 skips it. */
  readonly busyToneMs: number;
  /** Called once a call, when both its legs are gone. */
  readonly onReleased: (call: ThirdPartyCall) => void;
}

interface CallOptions {
  readonly plan: CallPlan;
  /** Takes what happens, in its order. */
  readonly listener: (event: EngineEvent) => void;
}

/** What is rung at once: of each phone or number its targets, which are tried one after the other. */
type Branches = readonly (readonly LegTarget[])[];

interface Caller {
  readonly leg: Leg;
  readonly media: CallMedia;
}

/**
 * One call between two phones, set up by a third party (RFC 3725): the user's phone first, then the destination, then
 * the two joined. Follows `callFlow`; whatever happens, it publishes `over` once and ends both legs.
 */
export class ThirdPartyCall implements EngineCall, LegUser {
  readonly #parts: CallParts;
  readonly #plan: CallPlan;
  readonly #listener: (event: EngineEvent) => void;
  #phase: Phase = 'locating';
  #callerRinging: Ringing | undefined;
  #calleeRinging: Ringing | undefined;
  /** The phone of the user that has answered. */
  #caller: Caller | undefined;
  /** The destination, once it has answered. */
  #callee: Leg | undefined;
  #dialler: ExtensionDialler | undefined;
  #toneTimer: Timer | undefined;

  constructor(parts: CallParts, { plan, listener }: CallOptions) {
    this.#parts = parts;
    this.#plan = plan;
    this.#listener = listener;
  }

  /** Step 1: the user's phone is rung. */
  start(): void {
    this.#guard(this.#ringCaller());
  }

  hangUp(): void {
    this.#end({ by: 'request' });
  }

  /** A leg that has not confirmed its end by now is waited for no longer. */
  abandon(): void {
    this.#callerRinging?.abandon();
    this.#calleeRinging?.abandon();
  }

  /** The user's phone is shown our own media, the destination the user's, or ours where digits are to be dialled first. */
  mediaFor(leg: Leg, codecs: OfferedCodecs): string | undefined {
    if (leg.role === 'caller') return this.#parts.prompter.offer;
    const remote = this.#caller?.leg.remote ?? '';
    return withCodecs(this.#dialler?.offerFor(remote) ?? remote, codecs);
  }

  calling({ role }: Leg, { address, trunk }: LegTarget): void {
    this.#listener({ type: 'leg-calling', leg: role, address, trunk: trunk?.name });
    if (role === 'callee') this.#withMedia((media) => media.prompt.ringAgain());
  }

  ringing({ role }: Leg, sipStatus: number): void {
    this.#listener({ type: 'leg-ringing', leg: role, sipStatus });
  }

  /** Step 4, where the network is heard instead of our ringback. */
  earlyMedia({ role }: Leg, sdp: string): void {
    if (role === 'callee' && this.#dialler === undefined) this.#withMedia((media) => media.prompt.hearNetwork(sdp));
  }

  /** Carriers send 183 with SDP, nothing in it, and then 180: the user hears our ringback again. */
  ringingAgain({ role }: Leg): void {
    if (role === 'callee') this.#withMedia((media) => media.prompt.ringAgain());
  }

  answered(leg: Leg, answer: string): void {
    this.#guard(leg.role === 'caller' ? this.#onCallerAnswered(leg, answer) : this.#join(leg, answer));
  }

  offered(leg: Leg, offer: RemoteOffer): void {
    if (leg.role === 'callee' && this.#dialler !== undefined) this.#dialler.take(offer, leg);
    else this.#withMedia((media) => media.take(offer, leg));
  }

  renegotiated(leg: Leg, answer: string): void {
    this.#withMedia((media) => media.follow(answer, leg));
  }

  /** The media go directly, so that keys in INFO would be lost here: they are carried to the other leg. */
  message(leg: Leg, message: PeerMessage): void {
    const other = leg.role === 'caller' ? this.#callee : this.#caller?.leg;
    if (other === undefined || this.#phase !== 'joined') message.respond(200);
    else this.#guard(relayMessage(message, other));
  }

  failed({ role }: Leg, failure: LegFailure): void {
    if (role === 'caller') this.#failCaller(failure);
    else this.#onCalleeFailed(failure);
  }

  hungUp({ role }: Leg, cause: LegCause): void {
    this.#end({ by: 'hangup', leg: role, cause });
  }

  ended({ role }: Leg, cause: LegCause): void {
    this.#listener({ type: 'leg-ended', leg: role, cause });
    this.#releaseWhenGone();
  }

  async #ringCaller(): Promise<void> {
    const branches = await this.#branchesOf('caller');
    if (!this.#move('caller-located')) return;
    if (branches.length === 0) {
      this.#failCaller(unreachable);
      return;
    }
    this.#ring('caller', branches, (ringing) => (this.#callerRinging = ringing));
  }

  /** Steps 2 and 3: ringback to the user, the destination is dialled with the user's own media. */
  async #onCallerAnswered(leg: Leg, answer: string): Promise<void> {
    if (!this.#move('caller-answered')) return;
    const media = new CallMedia(leg, this.#parts.prompter);
    this.#caller = { leg, media };
    leg.remote = answer;
    this.#listener({ type: 'leg-answered', leg: 'caller', sipStatus: 200 });
    if (!media.prompt.ring()) {
      this.#failCaller(withoutAudio);
      return;
    }
    if (this.#plan.digitsAfterAnswer !== undefined) await this.#openDialler();
    await this.#ringCallee();
  }

  async #ringCallee(): Promise<void> {
    const branches = await this.#branchesOf('callee');
    if (this.#phase !== 'dialling') return;
    if (branches.length === 0) {
      this.#onCalleeFailed(unreachable);
      return;
    }
    this.#ring('callee', branches, (ringing) => (this.#calleeRinging = ringing));
  }

  /** Without a port the destination is dialled all the same: its user can press the keys. */
  async #openDialler(): Promise<void> {
    const { clock, digitPorts, log, prompter } = this.#parts;
    try {
      const port = await digitPorts.open();
      const dialler = new ExtensionDialler({ port, address: prompter.address, clock });
      if (this.#phase === 'dialling') this.#dialler = dialler;
      else dialler.close();
    } catch (error) {
      log.warn({ err: error, token_call: this.#plan.tokenCall }, 'no port is free to dial an extension from');
    }
  }

  /** None where nothing can be looked up: the leg fails then, and not the process. */
  async #branchesOf(role: LegRole): Promise<Branches> {
    const { log, routes } = this.#parts;
    const { answer = 'as-configured', callee, caller, callerId, destinationDisplay } = this.#plan;
    try {
      return await (role === 'caller'
        ? routes.branches(caller, { shown: destinationDisplay, answer })
        : routes.branches(callee, { shown: callerId }));
    } catch (error) {
      log.error({ err: error, token_call: this.#plan.tokenCall, role }, 'a leg could not be located');
      return [];
    }
  }

  #ring(role: LegRole, branches: Branches, hold: (ringing: Ringing) => void): void {
    const { clock, prompter, redirectHosts, sessionIds, userAgent } = this.#parts;
    const { destinationTimeoutSeconds, timeoutSeconds } = this.#plan;
    const ringSeconds = role === 'caller' ? timeoutSeconds : destinationTimeoutSeconds;
    const newLeg = (user: LegUser): Leg => {
      const sdp = new LegSdp({ sessionId: sessionIds.next(), address: prompter.address });
      return new Leg({ role, sdp, userAgent, clock, user, redirectHosts });
    };
    ring(branches, { newLeg, user: this, ringSeconds, hold, onGone: () => this.#releaseWhenGone() });
  }

  /** Steps 5 and 6: the two are shown each other's media. */
  async #join(callee: Leg, answer: string): Promise<void> {
    const caller = this.#caller;
    if (caller === undefined || !this.#move('callee-answered')) return;
    this.#callee = callee;
    callee.remote = answer;
    if (!hasPlainAudio(answer)) {
      this.#end({ by: 'failure', leg: 'callee', ...withoutAudio });
      return;
    }
    this.#listener({ type: 'leg-answered', leg: 'callee', sipStatus: 200 });
    if (this.#dialler !== undefined) await this.#dialExtension(this.#dialler, answer);
    if (this.#phase !== 'joining') return;
    const result = await caller.media.join(callee);
    if (result.kind === 'refused') {
      const { by, status } = result;
      this.#end({ by: 'failure', leg: by.role, failure: 'response', cause: causeOfResponse(status) });
    } else if (this.#move('media-joined')) {
      this.#listener({ type: 'joined' });
    }
  }

  /** A destination that takes no telephone events is joined without: its user can press the keys. */
  async #dialExtension(dialler: ExtensionDialler, answer: string): Promise<void> {
    const { log } = this.#parts;
    const { digitsAfterAnswer = '', tokenCall } = this.#plan;
    if ((await dialler.dial(answer, digitsAfterAnswer)) === 'not-taken')
      log.warn({ token_call: tokenCall }, 'the destination takes no telephone events: its extension is not dialled');
    dialler.close();
    this.#dialler = undefined;
  }

  #failCaller(failure: LegFailure): void {
    this.#end({ by: 'failure', leg: 'caller', ...failure });
  }

  /** The fate is published at once; the user hears the busy tone, unless the network's own announcement was heard. */
  #onCalleeFailed({ failure, cause }: LegFailure): void {
    const { busyToneMs, clock } = this.#parts;
    if (!this.#move('callee-failed')) return;
    this.#listener({ type: 'over', verdict: { by: 'failure', leg: 'callee', failure, cause } });
    const isHeard = busyToneMs > 0 && this.#caller?.media.prompt.busy() === true;
    if (isHeard) this.#toneTimer = clock.setTimer(busyToneMs, () => this.#release(cause));
    else this.#release(cause);
  }

  #move(input: Input): boolean {
    const next = callFlow[this.#phase][input];
    if (next === undefined) return false;
    this.#phase = next;
    return true;
  }

  /** Every end passes here. Its fate is published once: not again where a failed callee has decided it. */
  #end(verdict: Verdict): void {
    const isPublished = this.#phase === 'refusing';
    if (!this.#move('end')) return;
    if (!isPublished) this.#listener({ type: 'over', verdict });
    this.#tearDown('cause' in verdict ? verdict.cause : undefined);
  }

  #release(cause: LegCause): void {
    if (this.#move('end')) this.#tearDown(cause);
  }

  #tearDown(cause: LegCause | undefined): void {
    this.#toneTimer?.cancel();
    this.#dialler?.close();
    if (this.#callerRinging === undefined) {
      this.#parts.onReleased(this);
      return;
    }
    this.#caller?.media.prompt.stop();
    this.#callerRinging.hangUp(cause);
    this.#calleeRinging?.hangUp(cause);
  }

  #releaseWhenGone(): void {
    if (this.#phase !== 'over' || this.#callerRinging?.isEnded !== true) return;
    if (this.#calleeRinging?.isEnded !== false) this.#parts.onReleased(this);
  }

  #withMedia(step: (media: CallMedia) => Promise<void>): void {
    if (this.#caller !== undefined) this.#guard(step(this.#caller.media));
  }

  /** SDP that cannot be read ends the call, not the process. */
  #guard(step: Promise<void>): void {
    step.catch((error: unknown) => {
      this.#parts.log.warn(
        { err: error, token_call: this.#plan.tokenCall, phase: this.#phase },
        'the call cannot go on',
      );
      this.#end({ by: 'engine', cause: incompatibleMediaCause });
    });
  }
}

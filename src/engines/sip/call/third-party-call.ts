import type { CallPlan, EngineCall, EngineEvent, LegCause, Verdict } from '../../../calls/call-engine.ts';
import type { LegRole } from '../../../calls/call-state.ts';
import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import { hasPlainAudio } from '../../../sip/sdp/audio-target.ts';
import type { PeerMessage, RemoteOffer, UserAgentFace } from '../../../sip/user-agent.ts';
import { causeOfResponse, incompatibleMediaCause } from '../leg/causes.ts';
import { Leg, type LegTarget, type LegUser } from '../leg/leg.ts';
import { type LegFailure, unreachable, withoutAudio } from '../leg/leg-end.ts';
import { LegSdp, type SessionIds } from '../leg/leg-sdp.ts';
import { type OfferedCodecs, withCodecs } from '../leg/next-attempt.ts';
import type { RedirectHosts } from '../leg/redirect.ts';
import { relayMessage } from '../leg/relay-message.ts';
import { CallMedia } from '../media/call-media.ts';
import type { Prompter } from '../media/prompter.ts';
import { callFlow, type Input, type Phase } from './call-flow.ts';
import type { Routes } from './routes.ts';

/** What all calls of an engine share. */
export interface CallParts {
  readonly routes: Routes;
  readonly userAgent: Pick<UserAgentFace, 'invite'>;
  readonly prompter: Prompter;
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
  #caller: Caller | undefined;
  #callee: Leg | undefined;
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
    this.#caller?.leg.abandon();
    this.#callee?.abandon();
  }

  /** The user's phone is shown our own media, the destination the user's. */
  mediaFor(leg: Leg, codecs: OfferedCodecs): string | undefined {
    if (leg.role === 'caller') return this.#parts.prompter.offer;
    return withCodecs(this.#caller?.leg.remote ?? '', codecs);
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
    if (role === 'callee') this.#withMedia((media) => media.prompt.hearNetwork(sdp));
  }

  /** Carriers send 183 with SDP, nothing in it, and then 180: the user hears our ringback again. */
  ringingAgain({ role }: Leg): void {
    if (role === 'callee') this.#withMedia((media) => media.prompt.ringAgain());
  }

  answered(leg: Leg, answer: string): void {
    this.#guard(leg.role === 'caller' ? this.#onCallerAnswered(answer) : this.#join(leg, answer));
  }

  offered(leg: Leg, offer: RemoteOffer): void {
    this.#withMedia((media) => media.take(offer, leg));
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
    const targets = await this.#targetsOf('caller');
    if (!this.#move('caller-located')) return;
    if (targets.length === 0) {
      this.#failCaller(unreachable);
      return;
    }
    const leg = this.#newLeg('caller');
    this.#caller = { leg, media: new CallMedia(leg, this.#parts.prompter) };
    leg.start(targets, this.#plan.timeoutSeconds);
  }

  /** Steps 2 and 3: ringback to the user, the destination is dialled with the user's own media. */
  async #onCallerAnswered(answer: string): Promise<void> {
    const caller = this.#caller;
    if (caller === undefined || !this.#move('caller-answered')) return;
    caller.leg.remote = answer;
    this.#listener({ type: 'leg-answered', leg: 'caller', sipStatus: 200 });
    if (!caller.media.prompt.ring()) {
      this.#failCaller(withoutAudio);
      return;
    }
    const targets = await this.#targetsOf('callee');
    if (this.#phase !== 'dialling') return;
    if (targets.length === 0) {
      this.#onCalleeFailed(unreachable);
      return;
    }
    this.#callee = this.#newLeg('callee');
    this.#callee.start(targets, this.#plan.destinationTimeoutSeconds);
  }

  /** None where nothing can be looked up: the leg fails then, and not the process. */
  async #targetsOf(role: LegRole): Promise<readonly LegTarget[]> {
    const { log, routes } = this.#parts;
    const { callee, caller, callerId, destinationDisplay } = this.#plan;
    try {
      return await (role === 'caller' ? routes.targets(caller, destinationDisplay) : routes.targets(callee, callerId));
    } catch (error) {
      log.error({ err: error, token_call: this.#plan.tokenCall, role }, 'a leg could not be located');
      return [];
    }
  }

  #newLeg(role: LegRole): Leg {
    const { clock, prompter, redirectHosts, sessionIds, userAgent } = this.#parts;
    const sdp = new LegSdp({ sessionId: sessionIds.next(), address: prompter.address });
    return new Leg({ role, sdp, userAgent, clock, user: this, redirectHosts });
  }

  /** Steps 5 and 6: the two are shown each other's media. */
  async #join(callee: Leg, answer: string): Promise<void> {
    const caller = this.#caller;
    if (caller === undefined || !this.#move('callee-answered')) return;
    callee.remote = answer;
    if (!hasPlainAudio(answer)) {
      this.#end({ by: 'failure', leg: 'callee', ...withoutAudio });
      return;
    }
    this.#listener({ type: 'leg-answered', leg: 'callee', sipStatus: 200 });
    const result = await caller.media.join(callee);
    if (result.kind === 'refused') {
      const { by, status } = result;
      this.#end({ by: 'failure', leg: by.role, failure: 'response', cause: causeOfResponse(status) });
    } else if (this.#move('media-joined')) {
      this.#listener({ type: 'joined' });
    }
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
    if (this.#caller === undefined) {
      this.#parts.onReleased(this);
      return;
    }
    this.#caller.media.prompt.stop();
    this.#caller.leg.hangUp(cause);
    this.#callee?.hangUp(cause);
  }

  #releaseWhenGone(): void {
    if (this.#phase !== 'over' || this.#caller?.leg.isEnded !== true) return;
    if (this.#callee?.isEnded !== false) this.#parts.onReleased(this);
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

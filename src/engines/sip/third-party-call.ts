import type { CallPlan, EngineCall, EngineEvent, LegCause, Verdict } from '../../calls/call-engine.ts';
import type { LegRole } from '../../calls/call-state.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import type { Log } from '../../shared/log.ts';
import type { InviteOptions, RemoteOffer, Session, SessionEnd } from '../../sip/user-agent.ts';
import { callFlow, type Input, type Phase } from './call-flow.ts';
import { causeOfResponse, incompatibleMediaCause, unreachableCause } from './causes.ts';
import { Leg, type LegFailure, type LegTarget, type LegUser } from './leg.ts';
import { LegSdp } from './leg-sdp.ts';
import { MediaJoin, type JoinSide } from './media-join.ts';
import type { Prompter, PromptPlayback } from './prompter.ts';

export interface ThirdPartyCallOptions {
  readonly plan: CallPlan;
  readonly tell: (event: EngineEvent) => void;
  readonly locate: (role: LegRole, plan: CallPlan) => Promise<readonly LegTarget[]>;
  readonly invite: (options: InviteOptions) => Session;
  readonly prompter: Prompter;
  readonly clock: Clock;
  readonly log: Log;
  /** A session id for an `o=` line that no other leg of ours has. */
  readonly nextSessionId: () => number;
  /** How long the busy tone is heard; 0 skips it. */
  readonly busyToneMs: number;
  /** Called once, when both legs are gone. */
  readonly onReleased: () => void;
}

/** A caller tries its next contact only where this one cannot be reached: 503, no response, no transport. */
const callerTriesNext = (end: SessionEnd): boolean =>
  end.kind === 'refused' ? end.response.status === 503 : end.kind === 'timeout' || end.kind === 'transport-error';

/** A destination tries its next trunk on every failure of the trunk: 5xx, no response, no transport. */
const calleeTriesNext = (end: SessionEnd): boolean =>
  end.kind === 'refused'
    ? end.response.status >= 500 && end.response.status < 600
    : end.kind === 'timeout' || end.kind === 'transport-error';

/**
 * One call between two phones, set up by a third party (RFC 3725): the user's phone first, then the destination, then
 * the two joined. Follows `callFlow`; whatever happens, it tells `over` once and ends both legs.
 */
export class ThirdPartyCall implements EngineCall {
  readonly #options: ThirdPartyCallOptions;
  #phase: Phase = 'locating';
  #caller: JoinSide | undefined;
  #callee: JoinSide | undefined;
  #media: MediaJoin | undefined;
  #playback: PromptPlayback | undefined;
  #heardEarlyMedia = false;
  #toneTimer: Timer | undefined;
  #released = false;

  constructor(options: ThirdPartyCallOptions) {
    this.#options = options;
  }

  /** Step 1: the user's phone is rung. */
  start(): void {
    this.#guard(this.#ringCaller());
  }

  hangUp(): void {
    this.#end({ by: 'request' });
  }

  async #ringCaller(): Promise<void> {
    const { plan, prompter } = this.#options;
    const targets = await this.#locate('caller');
    if (!this.#move('caller-located')) return;
    if (targets.length === 0) {
      this.#end({ by: 'failure', leg: 'caller', failure: 'unreachable', cause: unreachableCause });
      return;
    }
    const sdp = this.#newSdp();
    const leg = this.#newLeg(targets, sdp.stamp(prompter.offer), plan.timeoutSeconds, {
      ...this.#legUser('caller'),
      earlyMedia: () => undefined,
      answered: (answer) => this.#onCallerAnswered(answer),
      offered: (offer) => this.#onOffer(offer, 'caller'),
      failed: (failure) => this.#end({ by: 'failure', leg: 'caller', ...failure }),
    });
    this.#caller = { leg, sdp, remote: '' };
    this.#media = new MediaJoin(this.#caller);
    leg.start();
  }

  /** Steps 2 and 3: ringback to the user, the destination is dialled with the user's own media. */
  #onCallerAnswered(answer: string): void {
    const caller = this.#caller;
    if (caller === undefined || !this.#move('caller-answered')) return;
    caller.remote = answer;
    this.#options.tell({ type: 'leg-answered', leg: 'caller', sipStatus: 200 });
    this.#playback = this.#options.prompter.play('ringback', answer);
    if (this.#playback === undefined) {
      this.#end({ by: 'failure', leg: 'caller', failure: 'response', cause: incompatibleMediaCause });
      return;
    }
    this.#guard(this.#dial(answer));
  }

  async #dial(callerSdp: string): Promise<void> {
    const targets = await this.#locate('callee');
    if (this.#phase !== 'dialling') return;
    if (targets.length === 0) {
      this.#onCalleeFailed({ failure: 'unreachable', cause: unreachableCause });
      return;
    }
    const sdp = this.#newSdp();
    const leg = this.#newLeg(targets, sdp.stamp(callerSdp), this.#options.plan.destinationTimeoutSeconds, {
      ...this.#legUser('callee'),
      earlyMedia: (early) => this.#guard(this.#onEarlyMedia(early)),
      answered: (answer) => this.#guard(this.#onCalleeAnswered(answer)),
      offered: (offer) => this.#onOffer(offer, 'callee'),
      failed: (failure) => this.#onCalleeFailed(failure),
    });
    this.#callee = { leg, sdp, remote: '' };
    leg.start();
  }

  /** Step 4: the user hears the network instead of our ringback. */
  async #onEarlyMedia(sdp: string): Promise<void> {
    if (this.#phase !== 'dialling' || this.#media === undefined) return;
    if (!(await this.#media.hearEarly(sdp))) return;
    this.#heardEarlyMedia = true;
    this.#stopPlayback();
  }

  /** Steps 5 and 6: the user's phone is offered the destination's media, and our own media stop. */
  async #onCalleeAnswered(answer: string): Promise<void> {
    const callee = this.#callee;
    if (callee === undefined || this.#media === undefined || !this.#move('callee-answered')) return;
    callee.remote = answer;
    this.#options.tell({ type: 'leg-answered', leg: 'callee', sipStatus: 200 });
    const result = await this.#media.join(callee);
    this.#stopPlayback();
    if (result.kind === 'refused') {
      const leg = result.by === callee ? 'callee' : 'caller';
      this.#end({ by: 'failure', leg, failure: 'response', cause: causeOfResponse(result.status) });
      return;
    }
    if (this.#move('media-joined')) this.#options.tell({ type: 'joined' });
  }

  /** The fate is told at once; the user hears the busy tone, unless the network's own announcement was heard. */
  #onCalleeFailed({ failure, cause }: LegFailure): void {
    const { busyToneMs, clock, prompter, tell } = this.#options;
    const caller = this.#caller;
    if (caller === undefined || !this.#move('callee-failed')) return;
    tell({ type: 'over', verdict: { by: 'failure', leg: 'callee', failure, cause } });
    this.#stopPlayback();
    if (busyToneMs > 0 && !this.#heardEarlyMedia) {
      this.#playback = prompter.play('busy', caller.remote);
      this.#toneTimer = clock.setTimer(busyToneMs, () => this.#release(cause));
    } else {
      this.#release(cause);
    }
  }

  /** An offer before the join is answered by our own endpoint, one after it is carried to the other side. */
  #onOffer(offer: RemoteOffer, role: LegRole): void {
    const { from, to } = this.#sides(role);
    if (from === undefined) return;
    if (this.#phase === 'joined' && to !== undefined && this.#media !== undefined) {
      this.#guard(this.#media.carry(offer, { from, to }));
      return;
    }
    if (offer.sdp !== undefined) {
      from.remote = offer.sdp;
      if (role === 'caller') this.#movePlayback(offer.sdp);
    }
    offer.accept(from.sdp.sent);
  }

  #sides(role: LegRole): { from: JoinSide | undefined; to: JoinSide | undefined } {
    return role === 'caller' ? { from: this.#caller, to: this.#callee } : { from: this.#callee, to: this.#caller };
  }

  #legUser(role: LegRole): Pick<LegUser, 'calling' | 'ringing' | 'hungUp' | 'ended'> {
    const { tell } = this.#options;
    return {
      calling: (address) => tell({ type: 'leg-calling', leg: role, address }),
      ringing: (sipStatus) => tell({ type: 'leg-ringing', leg: role, sipStatus }),
      hungUp: (cause) => this.#end({ by: 'hangup', leg: role, cause }),
      ended: (cause) => {
        tell({ type: 'leg-ended', leg: role, cause });
        this.#releaseWhenGone();
      },
    };
  }

  #newSdp(): LegSdp {
    return new LegSdp({ sessionId: this.#options.nextSessionId(), address: this.#options.prompter.address });
  }

  #newLeg(targets: readonly LegTarget[], sdp: string, ringSeconds: number, user: LegUser): Leg {
    const { clock, invite } = this.#options;
    const tryNext = this.#caller === undefined ? callerTriesNext : calleeTriesNext;
    return new Leg({ targets, sdp, ringSeconds, tryNext, invite, clock, user });
  }

  async #locate(role: LegRole): Promise<readonly LegTarget[]> {
    try {
      return await this.#options.locate(role, this.#options.plan);
    } catch (error) {
      this.#options.log.error({ error, call: this.#options.plan.tokenCall, role }, 'a leg could not be located');
      return [];
    }
  }

  #move(input: Input): boolean {
    const next = callFlow[this.#phase][input];
    if (next === undefined) return false;
    this.#phase = next;
    return true;
  }

  /** Every end passes here. Its fate is told once: not again where a failed callee has told it. */
  #end(verdict: Verdict): void {
    const isTold = this.#phase === 'refusing';
    if (!this.#move('end')) return;
    if (!isTold) this.#options.tell({ type: 'over', verdict });
    this.#tearDown('cause' in verdict ? verdict.cause : undefined);
  }

  #release(cause: LegCause): void {
    if (this.#move('end')) this.#tearDown(cause);
  }

  #tearDown(cause: LegCause | undefined): void {
    this.#toneTimer?.cancel();
    this.#stopPlayback();
    this.#caller?.leg.hangUp(cause);
    this.#callee?.leg.hangUp(cause);
    this.#releaseWhenGone();
  }

  #releaseWhenGone(): void {
    if (this.#released || this.#phase !== 'over') return;
    if (this.#caller?.leg.isEnded === false || this.#callee?.leg.isEnded === false) return;
    this.#released = true;
    this.#options.onReleased();
  }

  #movePlayback(sdp: string): void {
    if (this.#playback === undefined) return;
    const { tone } = this.#playback;
    this.#stopPlayback();
    this.#playback = this.#options.prompter.play(tone, sdp);
  }

  #stopPlayback(): void {
    this.#playback?.stop();
    this.#playback = undefined;
  }

  /** SDP that cannot be read ends the call, not the process. */
  #guard(step: Promise<void>): void {
    step.catch((error: unknown) => {
      this.#options.log.warn(
        { error, call: this.#options.plan.tokenCall, phase: this.#phase },
        'the call cannot go on',
      );
      this.#end({ by: 'engine', cause: incompatibleMediaCause });
    });
  }
}

import type { CallPlan, EngineCall, EngineEvent, LegCause, Verdict } from '../../../calls/call-engine.ts';
import type { LegRole } from '../../../calls/call-state.ts';
import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { UserAgentFace } from '../../../sip/user-agent.ts';
import { causeOfResponse, incompatibleMediaCause } from '../leg/causes.ts';
import { Leg, type LegOptions, type LegTarget, type LegUser } from '../leg/leg.ts';
import { type LegFailure, unreachable, withoutAudio } from '../leg/leg-end.ts';
import { LegSdp, type SessionIds } from '../leg/leg-sdp.ts';
import { nextForCallee, nextForCaller, withCodecs } from '../leg/next-attempt.ts';
import { CallMedia } from '../media/call-media.ts';
import type { Prompter } from '../media/prompter.ts';
import { callFlow, type Input, type Phase } from './call-flow.ts';
import type { Routes } from './routes.ts';

export interface ThirdPartyCallOptions {
  readonly plan: CallPlan;
  /** Takes what happens, in its order. */
  readonly listener: (event: EngineEvent) => void;
  readonly routes: Routes;
  readonly userAgent: Pick<UserAgentFace, 'invite'>;
  readonly prompter: Prompter;
  readonly sessionIds: SessionIds;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** How long the busy tone is heard; 0 skips it. */
  readonly busyToneMs: number;
  /** Called once, when both legs are gone. */
  readonly onReleased: () => void;
}

interface Caller {
  readonly leg: Leg;
  readonly media: CallMedia;
}

/**
 * One call between two phones, set up by a third party (RFC 3725): the user's phone first, then the destination, then
 * the two joined. Follows `callFlow`; whatever happens, it publishes `over` once and ends both legs.
 */
export class ThirdPartyCall implements EngineCall {
  readonly #options: ThirdPartyCallOptions;
  #phase: Phase = 'locating';
  #caller: Caller | undefined;
  #callee: Leg | undefined;
  #toneTimer: Timer | undefined;

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

  /** A leg that has not confirmed its end by now is waited for no longer. */
  abandon(): void {
    this.#caller?.leg.abandon();
    this.#callee?.abandon();
  }

  async #ringCaller(): Promise<void> {
    const { plan, prompter } = this.#options;
    const targets = await this.#targetsOf('caller');
    if (!this.#move('caller-located')) return;
    if (targets.length === 0) {
      this.#failCaller(unreachable);
      return;
    }
    const leg = this.#newLeg({
      targets,
      ringSeconds: plan.timeoutSeconds,
      next: nextForCaller,
      media: () => prompter.offer,
      user: {
        ...this.#legUser('caller'),
        earlyMedia: () => undefined,
        answered: (answer) => this.#guard(this.#onCallerAnswered(answer)),
        failed: (failure) => this.#failCaller(failure),
        offered: (offer) => this.#guard(media.take(offer, leg)),
        renegotiated: (answer) => this.#guard(media.follow(answer, leg)),
      },
    });
    const media = new CallMedia(leg, prompter);
    this.#caller = { leg, media };
    leg.start();
  }

  /** Steps 2 and 3: ringback to the user, the destination is dialled with the user's own media. */
  async #onCallerAnswered(answer: string): Promise<void> {
    const caller = this.#caller;
    if (caller === undefined || !this.#move('caller-answered')) return;
    caller.leg.remote = answer;
    this.#options.listener({ type: 'leg-answered', leg: 'caller', sipStatus: 200 });
    if (!caller.media.prompt.ring()) {
      this.#failCaller(withoutAudio);
      return;
    }
    const targets = await this.#targetsOf('callee');
    if (this.#phase !== 'dialling') return;
    if (targets.length === 0) this.#onCalleeFailed(caller, unreachable);
    else this.#dial(caller, targets);
  }

  #dial(caller: Caller, targets: readonly LegTarget[]): void {
    const { media } = caller;
    const user = this.#legUser('callee');
    const callee = this.#newLeg({
      targets,
      ringSeconds: this.#options.plan.destinationTimeoutSeconds,
      next: nextForCallee,
      media: (codecs) => withCodecs(caller.leg.remote, codecs),
      user: {
        ...user,
        calling: (address, trunk) => {
          user.calling(address, trunk);
          this.#guard(media.prompt.ringAgain());
        },
        earlyMedia: (early) => this.#guard(media.prompt.hearNetwork(early)), // step 4
        answered: (answer) => this.#guard(this.#join(caller, callee, answer)),
        failed: (failure) => this.#onCalleeFailed(caller, failure),
        offered: (offer) => this.#guard(media.take(offer, callee)),
        renegotiated: (answer) => this.#guard(media.follow(answer, callee)),
      },
    });
    this.#callee = callee;
    callee.start();
  }

  /** None where nothing can be looked up: the leg fails then, and not the process. */
  async #targetsOf(role: LegRole): Promise<readonly LegTarget[]> {
    const { log, plan, routes } = this.#options;
    try {
      return await routes.targets(role, plan);
    } catch (error) {
      log.error({ err: error, token_call: plan.tokenCall, role }, 'a leg could not be located');
      return [];
    }
  }

  #newLeg(options: Omit<LegOptions, 'sdp' | 'userAgent' | 'clock'>): Leg {
    const { clock, prompter, sessionIds, userAgent } = this.#options;
    const sdp = new LegSdp({ sessionId: sessionIds.next(), address: prompter.address });
    return new Leg({ ...options, sdp, userAgent, clock });
  }

  /** Steps 5 and 6: the two are shown each other's media. */
  async #join(caller: Caller, callee: Leg, answer: string): Promise<void> {
    const { listener } = this.#options;
    if (!this.#move('callee-answered')) return;
    callee.remote = answer;
    listener({ type: 'leg-answered', leg: 'callee', sipStatus: 200 });
    const result = await caller.media.join(callee);
    if (result.kind === 'refused') {
      const leg = result.by === callee ? 'callee' : 'caller';
      this.#end({ by: 'failure', leg, failure: 'response', cause: causeOfResponse(result.status) });
    } else if (this.#move('media-joined')) {
      listener({ type: 'joined' });
    }
  }

  #failCaller(failure: LegFailure): void {
    this.#end({ by: 'failure', leg: 'caller', ...failure });
  }

  /** The fate is published at once; the user hears the busy tone, unless the network's own announcement was heard. */
  #onCalleeFailed({ media }: Caller, { failure, cause }: LegFailure): void {
    const { busyToneMs, clock, listener } = this.#options;
    if (!this.#move('callee-failed')) return;
    listener({ type: 'over', verdict: { by: 'failure', leg: 'callee', failure, cause } });
    if (busyToneMs > 0 && media.prompt.busy()) this.#toneTimer = clock.setTimer(busyToneMs, () => this.#release(cause));
    else this.#release(cause);
  }

  #legUser(role: LegRole): Pick<LegUser, 'calling' | 'ringing' | 'hungUp' | 'ended'> {
    const { listener } = this.#options;
    return {
      calling: (address, trunk) => listener({ type: 'leg-calling', leg: role, address, trunk }),
      ringing: (sipStatus) => listener({ type: 'leg-ringing', leg: role, sipStatus }),
      hungUp: (cause) => this.#end({ by: 'hangup', leg: role, cause }),
      ended: (cause) => {
        listener({ type: 'leg-ended', leg: role, cause });
        this.#releaseWhenGone();
      },
    };
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
    if (!isPublished) this.#options.listener({ type: 'over', verdict });
    this.#tearDown('cause' in verdict ? verdict.cause : undefined);
  }

  #release(cause: LegCause): void {
    if (this.#move('end')) this.#tearDown(cause);
  }

  #tearDown(cause: LegCause | undefined): void {
    this.#toneTimer?.cancel();
    if (this.#caller === undefined) {
      this.#options.onReleased();
      return;
    }
    this.#caller.media.prompt.stop();
    this.#caller.leg.hangUp(cause);
    this.#callee?.hangUp(cause);
  }

  #releaseWhenGone(): void {
    if (this.#phase !== 'over' || this.#caller?.leg.isEnded !== true) return;
    if (this.#callee?.isEnded !== false) this.#options.onReleased();
  }

  /** SDP that cannot be read ends the call, not the process. */
  #guard(step: Promise<void>): void {
    step.catch((error: unknown) => {
      this.#options.log.warn(
        { err: error, token_call: this.#options.plan.tokenCall, phase: this.#phase },
        'the call cannot go on',
      );
      this.#end({ by: 'engine', cause: incompatibleMediaCause });
    });
  }
}

import type { CallPlan, EngineCall, EngineEvent, LegCause, Verdict } from '../../../calls/call-engine.ts';
import type { LegRole } from '../../../calls/call-state.ts';
import type { Timer } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import { callFlow, type Input, type Phase } from './call-flow.ts';
import { CallMedia } from '../media/call-media.ts';
import { causeOfResponse, incompatibleMediaCause } from '../leg/causes.ts';
import type { LegTarget, LegUser } from '../leg/leg.ts';
import { unreachable, withoutAudio, type LegFailure } from '../leg/leg-end.ts';
import { nextForCallee, nextForCaller, withCodecs } from '../leg/next-attempt.ts';
import type { Prompter } from '../media/prompter.ts';
import { createSide, type Side, type SideFactoryOptions } from '../leg/side.ts';

export interface ThirdPartyCallOptions extends SideFactoryOptions {
  readonly plan: CallPlan;
  readonly tell: (event: EngineEvent) => void;
  /** Never rejects: none is found where nothing can be asked. */
  readonly locate: (role: LegRole, plan: CallPlan) => Promise<readonly LegTarget[]>;
  readonly prompter: Prompter;
  readonly log: Log;
  /** How long the busy tone is heard; 0 skips it. */
  readonly busyToneMs: number;
  /** Called once, when both legs are gone. */
  readonly onReleased: () => void;
}

interface Caller {
  readonly side: Side;
  readonly media: CallMedia;
}

/**
 * One call between two phones, set up by a third party (RFC 3725): the user's phone first, then the destination, then
 * the two joined. Follows `callFlow`; whatever happens, it tells `over` once and ends both legs.
 */
export class ThirdPartyCall implements EngineCall {
  readonly #options: ThirdPartyCallOptions;
  #phase: Phase = 'locating';
  #caller: Caller | undefined;
  #callee: Side | undefined;
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
    this.#caller?.side.leg.abandon();
    this.#callee?.leg.abandon();
  }

  async #ringCaller(): Promise<void> {
    const { locate, plan, prompter } = this.#options;
    const targets = await locate('caller', plan);
    if (!this.#move('caller-located')) return;
    if (targets.length === 0) {
      this.#failCaller(unreachable);
      return;
    }
    const side = createSide(this.#options, {
      targets,
      ringSeconds: plan.timeoutSeconds,
      next: nextForCaller,
      media: () => prompter.offer,
      user: {
        ...this.#legUser('caller'),
        earlyMedia: () => undefined,
        answered: (answer) => this.#guard(this.#onCallerAnswered(answer)),
        failed: (failure) => this.#failCaller(failure),
      },
      offered: (offer, from) => this.#guard(media.take(offer, from)),
      renegotiated: (answer, from) => this.#guard(media.follow(answer, from)),
    });
    const media = new CallMedia(side, prompter);
    this.#caller = { side, media };
    side.leg.start();
  }

  /** Steps 2 and 3: ringback to the user, the destination is dialled with the user's own media. */
  async #onCallerAnswered(answer: string): Promise<void> {
    const { locate, plan, tell } = this.#options;
    const caller = this.#caller;
    if (caller === undefined || !this.#move('caller-answered')) return;
    caller.side.remote = answer;
    tell({ type: 'leg-answered', leg: 'caller', sipStatus: 200 });
    if (!caller.media.prompt.ring()) {
      this.#failCaller(withoutAudio);
      return;
    }
    const targets = await locate('callee', plan);
    if (this.#phase !== 'dialling') return;
    if (targets.length === 0) this.#onCalleeFailed(caller, unreachable);
    else this.#dial(caller, targets);
  }

  #dial(caller: Caller, targets: readonly LegTarget[]): void {
    const { side, media } = caller;
    const user = this.#legUser('callee');
    const callee = createSide(this.#options, {
      targets,
      ringSeconds: this.#options.plan.destinationTimeoutSeconds,
      next: nextForCallee,
      media: (codecs) => withCodecs(side.remote, codecs),
      user: {
        ...user,
        calling: (address) => {
          user.calling(address);
          this.#guard(media.prompt.ringAgain());
        },
        earlyMedia: (early) => this.#guard(media.prompt.hearNetwork(early)), // step 4
        answered: (answer) => this.#guard(this.#join(caller, callee, answer)),
        failed: (failure) => this.#onCalleeFailed(caller, failure),
      },
      offered: (offer, from) => this.#guard(media.take(offer, from)),
      renegotiated: (answer, from) => this.#guard(media.follow(answer, from)),
    });
    this.#callee = callee;
    callee.leg.start();
  }

  /** Steps 5 and 6: the two are shown each other's media. */
  async #join(caller: Caller, callee: Side, answer: string): Promise<void> {
    if (!this.#move('callee-answered')) return;
    callee.remote = answer;
    this.#options.tell({ type: 'leg-answered', leg: 'callee', sipStatus: 200 });
    const result = await caller.media.join(callee);
    if (result.kind === 'refused') {
      const leg = result.by === callee ? 'callee' : 'caller';
      this.#end({ by: 'failure', leg, failure: 'response', cause: causeOfResponse(result.status) });
    } else if (this.#move('media-joined')) {
      this.#options.tell({ type: 'joined' });
    }
  }

  #failCaller(failure: LegFailure): void {
    this.#end({ by: 'failure', leg: 'caller', ...failure });
  }

  /** The fate is told at once; the user hears the busy tone, unless the network's own announcement was heard. */
  #onCalleeFailed({ media }: Caller, { failure, cause }: LegFailure): void {
    const { busyToneMs, clock, tell } = this.#options;
    if (!this.#move('callee-failed')) return;
    tell({ type: 'over', verdict: { by: 'failure', leg: 'callee', failure, cause } });
    if (busyToneMs > 0 && media.prompt.busy()) this.#toneTimer = clock.setTimer(busyToneMs, () => this.#release(cause));
    else this.#release(cause);
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
    if (this.#caller === undefined) {
      this.#options.onReleased();
      return;
    }
    this.#caller.media.prompt.stop();
    this.#caller.side.leg.hangUp(cause);
    this.#callee?.leg.hangUp(cause);
  }

  #releaseWhenGone(): void {
    if (this.#phase !== 'over' || this.#caller?.side.leg.isEnded !== true) return;
    if (this.#callee?.leg.isEnded !== false) this.#options.onReleased();
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

import type { LegCause } from '../../../calls/call-engine.ts';
import type { PeerMessage, RemoteOffer } from '../../../sip/user-agent.ts';
import { bestFailure } from './best-failure.ts';
import { completedElsewhere } from './causes.ts';
import type { Leg, LegUser } from './leg.ts';
import type { LegFailure } from './leg-end.ts';
import type { LegTarget } from './leg-target.ts';
import type { OfferedCodecs } from './next-attempt.ts';

/** What is being rung for one side of a call. */
export interface Ringing {
  /** Ends it in whatever state it is. The peers are shown `because` as their Reason. */
  hangUp(because?: LegCause): void;
  /** Peers that have not confirmed their end by now are waited for no longer. */
  abandon(): void;
  /** Whether nothing of it is left. */
  readonly isEnded: boolean;
}

interface RingAllOptions {
  readonly newLeg: (user: LegUser) => Leg;
  readonly user: LegUser;
  /** The last phone has confirmed its end, after `user` was told of the end of the one that is shown. */
  readonly onGone: () => void;
}

/** One of the phones, and what became of it. */
interface Branch {
  readonly leg: Leg;
  readonly targets: readonly LegTarget[];
  /** What is rung now. */
  target: LegTarget | undefined;
  failure: LegFailure | undefined;
  cause: LegCause | undefined;
}

/**
 *   ringing ──▶ answered: by the first that answers; the others are told that the call was completed elsewhere
 *      ├──────▶ failed: all have failed, or one for all of them (6xx)
 *      └──────▶ ended: hung up by the call
 */
type State = { readonly name: 'ringing' | 'ended' } | { readonly name: 'answered' | 'failed'; readonly shown: Branch };

/**
 * Several phones that are rung at once, each in a dialog of its own, and appear as one leg: that which answers, else that
 * whose response is the best (RFC 3261 section 16.7).
 */
class RingAll implements Ringing, LegUser {
  readonly #options: RingAllOptions;
  readonly #branches: readonly Branch[];
  #state: State = { name: 'ringing' };
  /** Whose address is shown. */
  #shown: Branch | undefined;
  #heard: Leg | undefined;
  #isRinging = false;
  #isEndTold = false;

  constructor(branches: readonly (readonly LegTarget[])[], options: RingAllOptions) {
    this.#options = options;
    this.#branches = branches.map((targets) => ({
      ...{ targets, leg: options.newLeg(this), target: undefined, failure: undefined, cause: undefined },
    }));
  }

  /** @param ringSeconds - how long each of them may ring */
  start(ringSeconds: number): void {
    for (const { leg, targets } of this.#branches) leg.start(targets, ringSeconds);
  }

  get isEnded(): boolean {
    return this.#branches.every(({ leg }) => leg.isEnded);
  }

  hangUp(because?: LegCause): void {
    if (this.#state.name === 'ringing') this.#state = { name: 'ended' };
    for (const { leg } of this.#branches) leg.hangUp(because);
  }

  abandon(): void {
    for (const { leg } of this.#branches) leg.abandon();
  }

  mediaFor(leg: Leg, codecs: OfferedCodecs): string | undefined {
    return this.#options.user.mediaFor(leg, codecs);
  }

  calling(leg: Leg, target: LegTarget): void {
    const branch = this.#branchOf(leg);
    if (branch === undefined) return;
    branch.target = target;
    this.#shown ??= branch;
    if (this.#shown === branch) this.#options.user.calling(leg, target);
  }

  ringing(leg: Leg, status: number): void {
    if (this.#isRinging) return;
    this.#isRinging = true;
    this.#options.user.ringing(leg, status);
  }

  /** That of the first which has some: nobody can hear two. */
  earlyMedia(leg: Leg, sdp: string): void {
    this.#heard ??= leg;
    if (this.#heard === leg) this.#options.user.earlyMedia(leg, sdp);
  }

  ringingAgain(leg: Leg): void {
    if (this.#heard === leg) this.#options.user.ringingAgain(leg);
  }

  answered(leg: Leg, sdp: string): void {
    const branch = this.#branchOf(leg);
    if (branch === undefined || this.#state.name !== 'ringing') return;
    this.#state = { name: 'answered', shown: branch };
    this.#endOthers(leg, completedElsewhere);
    this.#show(branch);
    this.#options.user.answered(leg, sdp);
  }

  offered(leg: Leg, offer: RemoteOffer): void {
    this.#options.user.offered(leg, offer);
  }

  message(leg: Leg, message: PeerMessage): void {
    this.#options.user.message(leg, message);
  }

  renegotiated(leg: Leg, sdp: string): void {
    this.#options.user.renegotiated(leg, sdp);
  }

  hungUp(leg: Leg, cause: LegCause): void {
    this.#options.user.hungUp(leg, cause);
  }

  /** One refusal leaves the others ringing; one for everywhere ends them all. */
  failed(leg: Leg, failure: LegFailure): void {
    const branch = this.#branchOf(leg);
    if (branch === undefined) return;
    branch.failure = failure;
    if (this.#state.name !== 'ringing') return;
    if ((failure.cause.sipStatus ?? 0) >= 600) {
      this.#fail(branch, failure);
      this.#endOthers(leg, failure.cause);
      return;
    }
    if (this.#heard === leg) this.#fallSilent(leg);
    const best = bestFailure(this.#branches);
    if (best !== undefined) this.#fail(best, best.failure);
  }

  ended(leg: Leg, cause: LegCause): void {
    const branch = this.#branchOf(leg);
    if (branch === undefined) return;
    branch.cause = cause;
    if (this.#isEndTold && this.isEnded) this.#options.onGone();
    else this.#tellEnd(branch);
  }

  #fail(branch: Branch, failure: LegFailure): void {
    this.#state = { name: 'failed', shown: branch };
    this.#show(branch);
    this.#options.user.failed(branch.leg, failure);
    this.#tellEnd(branch);
  }

  /** Once: of the phone that is shown, or, of those that were all hung up, of the last one. */
  #tellEnd(latest: Branch): void {
    if (this.#isEndTold || this.#state.name === 'ringing') return;
    const shown = 'shown' in this.#state ? this.#state.shown : this.isEnded ? latest : undefined;
    if (shown?.cause === undefined) return;
    this.#isEndTold = true;
    this.#options.user.ended(shown.leg, shown.cause);
  }

  #endOthers(leg: Leg, because: LegCause): void {
    for (const branch of this.#branches) if (branch.leg !== leg) branch.leg.hangUp(because);
  }

  #fallSilent(leg: Leg): void {
    this.#heard = undefined;
    this.#options.user.ringingAgain(leg);
  }

  /** From now on it is the one that is shown; its address is told where another one was. */
  #show(branch: Branch): void {
    const { leg, target } = branch;
    const before = this.#shown?.target?.address;
    this.#shown = branch;
    if (target !== undefined && target.address !== before) this.#options.user.calling(leg, target);
  }

  #branchOf(leg: Leg): Branch | undefined {
    return this.#branches.find((branch) => branch.leg === leg);
  }
}

/**
 * Rings several phones as one leg, or the only one by its leg alone.
 * @param hold - takes what rings, before anything of it can be told
 */
export const ring = (
  branches: readonly (readonly LegTarget[])[],
  {
    ringSeconds,
    hold,
    ...options
  }: RingAllOptions & { readonly ringSeconds: number; readonly hold: (ringing: Ringing) => void },
): void => {
  const [only = []] = branches;
  if (branches.length > 1) {
    const all = new RingAll(branches, options);
    hold(all);
    all.start(ringSeconds);
    return;
  }
  const leg = options.newLeg(options.user);
  hold(leg);
  leg.start(only, ringSeconds);
};

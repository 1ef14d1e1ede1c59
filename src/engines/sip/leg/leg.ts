import type { LegCause } from '../../../calls/call-engine.ts';
import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import type {
  ExtraHeaders,
  InviteOptions,
  OfferResult,
  RemoteOffer,
  Session,
  SessionEnd,
  UserAgentFace,
} from '../../../sip/user-agent.ts';
import { cancelledCause, hangupCause, noAnswerCause, noResponseCause, reasonHeader } from './causes.ts';
import { causeOfLoss, failureOf, type LegFailure, settledCause, unreachable } from './leg-end.ts';
import type { LegSdp } from './leg-sdp.ts';
import { type Attempt, firstAttempt, type NextAttempt, type OfferedCodecs } from './next-attempt.ts';

/** What a target is reached over. */
export interface LegTrunk {
  readonly name: string;
  /** Takes notice of what becomes of each INVITE. */
  readonly health?: { follow(session: Session): void } | undefined;
}

/** One address at which a leg may be rung, ready to be invited. */
export interface LegTarget {
  /** As the API shows it. */
  readonly address: string;
  readonly trunk?: LegTrunk | undefined;
  readonly invite: Omit<InviteOptions, 'sdp'>;
}

/** What a leg tells its call. After `failed` or `hungUp` only `ended` follows, and it follows once. */
export interface LegUser {
  calling(address: string, trunk?: string): void;
  ringing(status: number): void;
  earlyMedia(sdp: string): void;
  answered(sdp: string): void;
  /** Only of a leg that has answered. */
  offered(offer: RemoteOffer): void;
  /** The peer has answered the offer for which it had asked. */
  renegotiated(sdp: string): void;
  failed(failure: LegFailure): void;
  hungUp(cause: LegCause): void;
  ended(cause: LegCause): void;
}

export interface LegOptions {
  readonly targets: readonly LegTarget[];
  /** Whose media an INVITE shows as things stand; undefined where there are none with these codecs. */
  readonly media: (codecs: OfferedCodecs) => string | undefined;
  readonly sdp: LegSdp;
  /** For all attempts together. */
  readonly ringSeconds: number;
  readonly next: NextAttempt;
  readonly userAgent: Pick<UserAgentFace, 'invite'>;
  readonly clock: MonotonicClock;
  readonly user: LegUser;
}

/**
 *   calling ──▶ ringing ──▶ answered ──▶ ending ──▶ ended
 *      │           │                       ▲          ▲
 *      └───────────┴───── hangUp, timer ───┘          │
 *      └───────────┴───── refused, last attempt ──────┘
 */
type State =
  | { readonly name: 'calling' | 'ringing' | 'answered' }
  | { readonly name: 'ending'; readonly cause: LegCause }
  | { readonly name: 'ended' };

/** 64 T1. A re-INVITE that got a 100 has no timer (RFC 3261 section 17.1.1.2), and all other offers wait for it. */
const OFFER_PATIENCE_MS = 32_000;

/** One leg of a call: rings its targets one after the other until one answers, and ends exactly once. */
export class Leg {
  /** What it was sent: others' media under an origin of its own. */
  readonly sdp: LegSdp;
  /** The last description of its own media; empty until it answers. */
  remote = '';
  readonly #options: LegOptions;
  #state: State = { name: 'calling' };
  #session: Session | undefined;
  #ringTimer: Timer | undefined;

  constructor(options: LegOptions) {
    this.#options = options;
    this.sdp = options.sdp;
  }

  get isEnded(): boolean {
    return this.#state.name === 'ended';
  }

  /** Sends the INVITE to the first target and starts the ring timer. */
  start(): void {
    const { clock, ringSeconds } = this.#options;
    this.#ringTimer = clock.setTimer(ringSeconds * 1000, () => this.#onRingTimer());
    if (!this.#invite(firstAttempt)) this.#fail(unreachable);
  }

  /** Offers new SDP to a leg that has answered. A peer that does not come to an answer refuses it with 408. */
  offer(sdp: string): Promise<OfferResult> {
    const session = this.#session;
    if (session === undefined || !this.#isAnswered) return Promise.resolve({ kind: 'refused', status: 481 });
    return new Promise((resolve) => {
      const onSilence = (): void => resolve({ kind: 'refused', status: 408 });
      const timer = this.#options.clock.setTimer(OFFER_PATIENCE_MS, onSilence);
      void session.offer(sdp).then((result) => {
        timer.cancel();
        resolve(result);
      });
    });
  }

  /** Ends the leg in whatever state it is. The peer is shown `because` as its Reason. */
  hangUp(because?: LegCause): void {
    if (!this.#isPending && !this.#isAnswered) return;
    const cause = this.#isAnswered ? { ...(because ?? hangupCause), sipStatus: 200 } : cancelledCause;
    this.#leave(cause);
    this.#sendHangUp(because);
  }

  /** The peer of a leg that is ending is waited for no longer. */
  abandon(): void {
    if (this.#state.name === 'ending') this.#onEnded({ kind: 'timeout' }, firstAttempt);
  }

  get #isAnswered(): boolean {
    return this.#state.name === 'answered';
  }

  get #isPending(): boolean {
    return this.#state.name === 'calling' || this.#state.name === 'ringing';
  }

  /** @returns false where there is nothing left to try */
  #invite(attempt: Attempt): boolean {
    const { media, targets, user, userAgent } = this.#options;
    const target = targets[attempt.index];
    const shown = target && media(attempt.codecs);
    const sdp = shown && this.sdp.stamp(shown);
    if (target === undefined || sdp === undefined) return false;
    this.#state = { name: 'calling' };
    const session = userAgent.invite({ ...target.invite, sdp });
    this.#session = session;
    session.on('progress', (status, early) => this.#onProgress(status, early));
    session.on('answered', (answer) => this.#onAnswered(answer));
    session.on('offer', (remote) => this.#onOffer(remote));
    session.on('renegotiated', (answer) => user.renegotiated(answer));
    session.on('ended', (end) => this.#onEnded(end, attempt));
    target.trunk?.health?.follow(session);
    session.start();
    user.calling(target.address, target.trunk?.name);
    return true;
  }

  #onProgress(status: number, early: string | undefined): void {
    if (!this.#isPending) return;
    const { user } = this.#options;
    if (this.#state.name === 'calling') {
      this.#state = { name: 'ringing' };
      user.ringing(status);
    }
    if (early !== undefined) user.earlyMedia(early);
  }

  #onAnswered(sdp: string): void {
    if (!this.#isPending) return;
    this.#ringTimer?.cancel();
    this.#state = { name: 'answered' };
    this.#options.user.answered(sdp);
  }

  #onOffer(offer: RemoteOffer): void {
    if (this.#isAnswered) this.#options.user.offered(offer);
    else offer.reject(481);
  }

  /** A phone that has not even rung by then is not there. */
  #onRingTimer(): void {
    if (!this.#isPending) return;
    const failure: LegFailure =
      this.#state.name === 'calling'
        ? { failure: 'unreachable', cause: noResponseCause }
        : { failure: 'timed-out', cause: noAnswerCause };
    this.#leave(failure.cause);
    this.#options.user.failed(failure);
    this.#sendHangUp();
  }

  #onEnded(end: SessionEnd, attempt: Attempt): void {
    switch (this.#state.name) {
      case 'calling':
      case 'ringing':
        this.#onAttemptFailed(end, attempt);
        return;
      case 'answered': {
        const cause = causeOfLoss(end);
        this.#state = { name: 'ended' };
        this.#options.user.hungUp(cause);
        this.#options.user.ended(cause);
        return;
      }
      case 'ending': {
        const cause = settledCause(this.#state.cause, end);
        this.#state = { name: 'ended' };
        this.#options.user.ended(cause);
        return;
      }
      case 'ended':
        return;
    }
  }

  #onAttemptFailed(end: SessionEnd, attempt: Attempt): void {
    const next = this.#options.next(end, attempt);
    if (next === undefined || !this.#invite(next)) this.#fail(failureOf(end));
  }

  #fail(failure: LegFailure): void {
    this.#ringTimer?.cancel();
    this.#state = { name: 'ended' };
    this.#options.user.failed(failure);
    this.#options.user.ended(failure.cause);
  }

  /** The state is set before the call and the peer learn of it: what either does then finds the leg ending. */
  #leave(cause: LegCause): void {
    this.#ringTimer?.cancel();
    this.#state = { name: 'ending', cause };
  }

  #sendHangUp(because?: LegCause): void {
    const headers: ExtraHeaders = because === undefined ? [] : [['reason', reasonHeader(because)]];
    this.#session?.hangUp({ headers });
  }
}

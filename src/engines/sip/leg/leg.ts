import type { LegCause } from '../../../calls/call-engine.ts';
import type { LegRole } from '../../../calls/call-state.ts';
import type { MonotonicClock, Timer } from '../../../shared/clock.ts';
import type {
  ExtraHeaders,
  OfferResult,
  PeerMessage,
  RemoteOffer,
  Session,
  SessionEnd,
  SessionListener,
  SessionMessage,
  UserAgentFace,
} from '../../../sip/user-agent.ts';
import { cancelledCause, hangupCause, noAnswerCause, noResponseCause, reasonHeader } from './causes.ts';
import { causeOfLoss, failureOf, type LegFailure, settledCause, trunkFull, unreachable } from './leg-end.ts';
import type { LegSdp } from './leg-sdp.ts';
import type { LegTarget, LegTrunk } from './leg-target.ts';
import { type Attempt, firstAttempt, nextAttempt, type OfferedCodecs } from './next-attempt.ts';
import { MAX_REDIRECTS, NO_REDIRECTS, redirectedTo, type RedirectHosts } from './redirect.ts';

/** What a leg asks and tells its call. After `failed` or `hungUp` only `ended` follows, and it follows once. */
export interface LegUser {
  /** Whose media an INVITE shows as things stand; undefined where there are none with these codecs. */
  mediaFor(leg: Leg, codecs: OfferedCodecs): string | undefined;
  calling(leg: Leg, target: LegTarget): void;
  ringing(leg: Leg, status: number): void;
  earlyMedia(leg: Leg, sdp: string): void;
  /** It rings by itself, after early media perhaps: none is promised any more. */
  ringingAgain(leg: Leg): void;
  answered(leg: Leg, sdp: string): void;
  /** Only of a leg that has answered. */
  offered(leg: Leg, offer: RemoteOffer): void;
  /** Keys or words of a leg that has answered; to be answered once. */
  message(leg: Leg, message: PeerMessage): void;
  /** The peer has answered the offer for which it had asked. */
  renegotiated(leg: Leg, sdp: string): void;
  failed(leg: Leg, failure: LegFailure): void;
  hungUp(leg: Leg, cause: LegCause): void;
  ended(leg: Leg, cause: LegCause): void;
}

export interface LegOptions {
  readonly role: LegRole;
  readonly sdp: LegSdp;
  readonly userAgent: Pick<UserAgentFace, 'invite'>;
  readonly clock: MonotonicClock;
  readonly user: LegUser;
  /** None where nothing is said: a 3xx ends the leg. */
  readonly redirectHosts?: RedirectHosts | undefined;
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

const CALLING: State = { name: 'calling' };
const RINGING: State = { name: 'ringing' };
const ANSWERED: State = { name: 'answered' };
const ENDED: State = { name: 'ended' };

/** 64 T1. A re-INVITE that got a 100 has no timer (RFC 3261 section 17.1.1.2), and all other offers wait for it. */
const OFFER_PATIENCE_MS = 32_000;

/** RFC 3261 gives a silent next hop 32 seconds (timer B), in which a person listens to ringback. A living one says 100 in 200 ms. */
const FIRST_RESPONSE_MS = 4000;

/** Whether the trunk of a target takes no call more: the next target is tried at once. */
const isFull = (target: LegTarget | undefined): boolean => target?.trunk?.load?.isFull === true;

const NO_TARGETS: readonly LegTarget[] = [];

/** One leg of a call: rings its targets one after the other until one answers, and ends exactly once. */
export class Leg implements SessionListener {
  readonly role: LegRole;
  /** What it was sent: others' media under an origin of its own. */
  readonly sdp: LegSdp;
  /** The last description of its own media; empty until it answers. */
  remote = '';
  readonly #userAgent: Pick<UserAgentFace, 'invite'>;
  readonly #clock: MonotonicClock;
  readonly #user: LegUser;
  readonly #redirectHosts: RedirectHosts;
  #redirects = 0;
  #state = CALLING;
  /** None any more once it has answered. */
  #targets = NO_TARGETS;
  #attempt = firstAttempt;
  #session: Session | undefined;
  #ringTimer: Timer | undefined;
  /** Runs while another target is left and this one has not said a word. */
  #silenceTimer: Timer | undefined;

  constructor({ role, sdp, userAgent, clock, user, redirectHosts = NO_REDIRECTS }: LegOptions) {
    this.role = role;
    this.sdp = sdp;
    this.#userAgent = userAgent;
    this.#clock = clock;
    this.#user = user;
    this.#redirectHosts = redirectHosts;
  }

  get isEnded(): boolean {
    return this.#state.name === 'ended';
  }

  /**
   * Sends the INVITE to the first target and starts the ring timer.
   * @param ringSeconds for all targets together
   */
  start(targets: readonly LegTarget[], ringSeconds: number): void {
    this.#targets = targets;
    this.#ringTimer = this.#clock.setTimer(ringSeconds * 1000, () => this.#onRingTimer());
    if (!this.#invite(firstAttempt)) this.#fail(targets.length > 0 && targets.every(isFull) ? trunkFull : unreachable);
  }

  /** Offers new SDP to a leg that has answered. A peer that does not come to an answer refuses it with 408. */
  propose(sdp: string): Promise<OfferResult> {
    const session = this.#session;
    if (session === undefined || !this.#isAnswered) return Promise.resolve({ kind: 'refused', status: 481 });
    return new Promise((resolve) => {
      const onSilence = (): void => resolve({ kind: 'refused', status: 408 });
      const timer = this.#clock.setTimer(OFFER_PATIENCE_MS, onSilence);
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
    if (this.#state.name === 'ending') this.ended({ kind: 'timeout' });
  }

  trying(): void {
    this.#stopSilence();
  }

  progress(status: number, early: string | undefined, fork: 'heard' | 'another'): void {
    if (!this.#isPending) return;
    this.#stopSilence();
    if (this.#state.name === 'calling') {
      this.#state = RINGING;
      this.#user.ringing(this, status);
    } else if (status === 180 && early === undefined && fork === 'heard') this.#user.ringingAgain(this);
    if (early !== undefined) this.#user.earlyMedia(this, early);
  }

  answered(sdp: string): void {
    if (!this.#isPending) return;
    this.#stopRinging();
    this.#state = ANSWERED;
    this.#user.answered(this, sdp);
  }

  offer(offer: RemoteOffer): void {
    if (this.#isAnswered) this.#user.offered(this, offer);
    else if (this.#isPending && offer.sdp !== undefined) this.#takeEarly(offer, offer.sdp);
    else offer.reject(481);
  }

  /** An UPDATE before the answer moves the early media: what the peer was offered still holds (RFC 3311 section 5.2). */
  #takeEarly(offer: RemoteOffer, sdp: string): void {
    offer.accept(this.sdp.sent);
    this.#user.earlyMedia(this, sdp);
  }

  message(message: PeerMessage): void {
    if (this.#isAnswered) this.#user.message(this, message);
    else message.respond(200);
  }

  /** Carries keys or words to the peer. @returns the status of its answer */
  send(message: SessionMessage): Promise<number> {
    return this.#isAnswered && this.#session !== undefined ? this.#session.send(message) : Promise.resolve(481);
  }

  renegotiated(sdp: string): void {
    this.#user.renegotiated(this, sdp);
  }

  ended(end: SessionEnd): void {
    switch (this.#state.name) {
      case 'calling':
      case 'ringing':
        this.#onAttemptFailed(end);
        return;
      case 'answered': {
        const cause = causeOfLoss(end);
        this.#state = ENDED;
        this.#user.hungUp(this, cause);
        this.#user.ended(this, cause);
        return;
      }
      case 'ending': {
        const cause = settledCause(this.#state.cause, end);
        this.#state = ENDED;
        this.#user.ended(this, cause);
        return;
      }
      case 'ended':
        return;
    }
  }

  get #isAnswered(): boolean {
    return this.#state.name === 'answered';
  }

  get #isPending(): boolean {
    return this.#state.name === 'calling' || this.#state.name === 'ringing';
  }

  /** @returns false where there is nothing left to try */
  #invite(attempt: Attempt): boolean {
    const target = this.#targets[attempt.index];
    if (isFull(target) && attempt.codecs === 'all') return this.#invite({ ...attempt, index: attempt.index + 1 });
    const shown = target && this.#user.mediaFor(this, attempt.codecs);
    const sdp = shown && this.sdp.stamp(shown);
    if (target === undefined || sdp === undefined) return false;
    this.#attempt = attempt;
    this.#state = CALLING;
    const session = this.#userAgent.invite({ ...target.invite, sdp });
    this.#session = session;
    session.listen(this);
    if (target.trunk !== undefined) this.#follow(session, target.trunk);
    session.start();
    this.#user.calling(this, target);
    return true;
  }

  #follow(session: Session, trunk: LegTrunk): void {
    trunk.health?.follow(session);
    trunk.load?.take(session);
    if (this.#targets.length > this.#attempt.index + 1) this.#awaitResponse(trunk);
  }

  #awaitResponse(trunk: LegTrunk): void {
    this.#stopSilence();
    const { firstResponseMs = FIRST_RESPONSE_MS } = trunk;
    this.#silenceTimer = this.#clock.setTimer(firstResponseMs, () => this.#onSilence(trunk));
  }

  /** The next one is tried. Whatever the silent one says later is ended by its session: CANCEL, or ACK and BYE. */
  #onSilence(trunk: LegTrunk): void {
    if (this.#state.name !== 'calling') return;
    trunk.health?.silent();
    this.#session?.unlisten(this);
    this.#session?.hangUp();
    this.#onAttemptFailed({ kind: 'timeout' });
  }

  #stopSilence(): void {
    this.#silenceTimer?.cancel();
    this.#silenceTimer = undefined;
  }

  /** A phone that has not even rung by then is not there. */
  #onRingTimer(): void {
    if (!this.#isPending) return;
    const failure: LegFailure =
      this.#state.name === 'calling'
        ? { failure: 'unreachable', cause: noResponseCause }
        : { failure: 'timed-out', cause: noAnswerCause };
    this.#leave(failure.cause);
    this.#user.failed(this, failure);
    this.#sendHangUp();
  }

  #onAttemptFailed(end: SessionEnd): void {
    this.#stopSilence();
    const next = this.#followRedirect(end) ?? nextAttempt[this.role](end, this.#attempt);
    if (next === undefined || !this.#invite(next)) this.#fail(failureOf(end));
  }

  /** The addresses that a 3xx names come next, as far as they are allowed and were not tried before. */
  #followRedirect(end: SessionEnd): Attempt | undefined {
    const { index } = this.#attempt;
    const target = this.#targets[index];
    if (end.kind !== 'refused' || target === undefined) return undefined;
    const tried = new Set(this.#targets.map(({ invite }) => invite.target));
    const found = redirectedTo(end.response, target, this.#redirectHosts)
      .filter(({ invite }) => !tried.has(invite.target) && tried.add(invite.target))
      .slice(0, MAX_REDIRECTS - this.#redirects);
    if (found.length === 0) return undefined;
    this.#redirects += found.length;
    this.#targets = [...this.#targets.slice(0, index + 1), ...found, ...this.#targets.slice(index + 1)];
    return { index: index + 1, codecs: 'all' };
  }

  #fail(failure: LegFailure): void {
    this.#stopRinging();
    this.#state = ENDED;
    this.#user.failed(this, failure);
    this.#user.ended(this, failure.cause);
  }

  /** The state is set before the call and the peer learn of it: what either does then finds the leg ending. */
  #leave(cause: LegCause): void {
    this.#stopRinging();
    this.#state = { name: 'ending', cause };
  }

  /** Nothing more is tried: what that would need is let go. */
  #stopRinging(): void {
    this.#stopSilence();
    this.#ringTimer?.cancel();
    this.#ringTimer = undefined;
    this.#targets = NO_TARGETS;
  }

  #sendHangUp(because?: LegCause): void {
    const headers: ExtraHeaders = because === undefined ? [] : [['reason', reasonHeader(because)]];
    this.#session?.hangUp({ headers });
  }
}

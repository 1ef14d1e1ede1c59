import type { LegCause } from '../../calls/call-engine.ts';
import type { Clock, Timer } from '../../shared/clock.ts';
import type {
  ExtraHeaders,
  InviteOptions,
  OfferResult,
  RemoteOffer,
  Session,
  SessionEnd,
} from '../../sip/user-agent.ts';
import {
  brokenCause,
  cancelledCause,
  causeOfBye,
  causeOfResponse,
  hangupCause,
  noAnswerCause,
  noResponseCause,
  reasonHeader,
  unreachableCause,
} from './causes.ts';

/** One address at which a leg may be rung, ready to be invited. */
export interface LegTarget {
  /** As the API shows it. */
  readonly address: string;
  readonly invite: Omit<InviteOptions, 'sdp'>;
}

/** Why a leg could not be had. */
export interface LegFailure {
  readonly failure: 'response' | 'timed-out' | 'unreachable';
  readonly cause: LegCause;
}

/** What a leg tells its call. After `failed` or `hungUp` only `ended` follows, and it follows once. */
export interface LegUser {
  calling(address: string): void;
  ringing(status: number): void;
  earlyMedia(sdp: string): void;
  answered(sdp: string): void;
  offered(offer: RemoteOffer): void;
  failed(failure: LegFailure): void;
  hungUp(cause: LegCause): void;
  ended(cause: LegCause): void;
}

export interface LegOptions {
  readonly targets: readonly LegTarget[];
  readonly sdp: string;
  readonly ringSeconds: number;
  /** Which failures let the next target be tried. */
  readonly tryNext: (end: SessionEnd) => boolean;
  readonly invite: (options: InviteOptions) => Session;
  readonly clock: Clock;
  readonly user: LegUser;
}

/**
 *   calling ──▶ ringing ──▶ answered ──▶ ending ──▶ ended
 *      │           │                       ▲          ▲
 *      └───────────┴───── hangUp, timer ───┘          │
 *      └───────────┴───── refused, last target ───────┘
 */
type State =
  | { readonly name: 'calling' | 'ringing' | 'answered' }
  | { readonly name: 'ending'; readonly cause: LegCause }
  | { readonly name: 'ended' };

const CALLING: State = { name: 'calling' };
const RINGING: State = { name: 'ringing' };
const ANSWERED: State = { name: 'answered' };
const ENDED: State = { name: 'ended' };

/** One leg of a call: rings its targets one after the other until one answers, and ends exactly once. */
export class Leg {
  readonly #options: LegOptions;
  #state: State = CALLING;
  #session: Session | undefined;
  #ringTimer: Timer | undefined;

  constructor(options: LegOptions) {
    this.#options = options;
  }

  get isAnswered(): boolean {
    return this.#state.name === 'answered';
  }

  get isEnded(): boolean {
    return this.#state.name === 'ended';
  }

  /** Sends the INVITE to the first target and starts the ring timer. */
  start(): void {
    const { clock, ringSeconds, user } = this.#options;
    this.#ringTimer = clock.setTimer(ringSeconds * 1000, () => {
      if (this.#state.name === 'answered') return;
      this.#end(noAnswerCause, () => user.failed({ failure: 'timed-out', cause: noAnswerCause }));
    });
    this.#invite(0);
  }

  /** Offers new SDP to a leg that has answered. */
  offer(sdp: string): Promise<OfferResult> {
    if (this.#session === undefined || !this.isAnswered) return Promise.resolve({ kind: 'refused', status: 481 });
    return this.#session.offer(sdp);
  }

  /** Ends the leg in whatever state it is. `because` is told to the peer. */
  hangUp(because?: LegCause): void {
    if (this.#state.name === 'ending' || this.#state.name === 'ended') return;
    const cause = this.isAnswered ? (because ?? hangupCause) : cancelledCause;
    this.#end({ ...cause, sipStatus: this.isAnswered ? 200 : cause.sipStatus }, () => undefined, because);
  }

  #invite(index: number): void {
    const { invite, sdp, targets, user } = this.#options;
    const target = targets[index];
    if (target === undefined) {
      this.#fail({ failure: 'unreachable', cause: unreachableCause });
      return;
    }
    this.#state = CALLING;
    const session = invite({ ...target.invite, sdp });
    this.#session = session;
    session.on('progress', (status, early) => this.#onProgress(status, early));
    session.on('answered', (answer) => this.#onAnswered(answer));
    session.on('offer', (offer) => user.offered(offer));
    session.on('ended', (end) => this.#onSessionEnded(end, index));
    user.calling(target.address);
  }

  #onProgress(status: number, early: string | undefined): void {
    if (this.#state.name !== 'calling' && this.#state.name !== 'ringing') return;
    const { user } = this.#options;
    if (this.#state.name === 'calling') {
      this.#state = RINGING;
      user.ringing(status);
    }
    if (early !== undefined) user.earlyMedia(early);
  }

  #onAnswered(sdp: string): void {
    if (this.#state.name !== 'calling' && this.#state.name !== 'ringing') return;
    this.#ringTimer?.cancel();
    this.#state = ANSWERED;
    this.#options.user.answered(sdp);
  }

  #onSessionEnded(end: SessionEnd, index: number): void {
    const { user, targets, tryNext } = this.#options;
    switch (this.#state.name) {
      case 'calling':
      case 'ringing':
        if (index + 1 < targets.length && tryNext(end)) this.#invite(index + 1);
        else this.#fail(failureOf(end));
        return;
      case 'answered': {
        const cause = causeOfLoss(end);
        this.#ringTimer?.cancel();
        this.#state = ENDED;
        user.hungUp(cause);
        user.ended(cause);
        return;
      }
      case 'ending': {
        const { cause } = this.#state;
        this.#state = ENDED;
        user.ended(settledCause(cause, end));
        return;
      }
      case 'ended':
        return;
    }
  }

  #fail(failure: LegFailure): void {
    this.#ringTimer?.cancel();
    this.#state = ENDED;
    this.#options.user.failed(failure);
    this.#options.user.ended(failure.cause);
  }

  /** The state is set before anyone is told, so that whatever the teller does finds the leg ending. */
  #end(cause: LegCause, tell: () => void, because?: LegCause): void {
    this.#ringTimer?.cancel();
    this.#state = { name: 'ending', cause };
    tell();
    if (this.#session === undefined) {
      this.#state = ENDED;
      this.#options.user.ended(cause);
      return;
    }
    const headers: ExtraHeaders = because === undefined ? [] : [['reason', reasonHeader(because)]];
    this.#session.hangUp({ headers });
  }
}

const failureOf = (end: SessionEnd): LegFailure => {
  switch (end.kind) {
    case 'refused':
      return { failure: 'response', cause: causeOfResponse(end.response.status) };
    case 'timeout':
      return { failure: 'unreachable', cause: noResponseCause };
    default:
      return { failure: 'unreachable', cause: unreachableCause };
  }
};

const causeOfLoss = (end: SessionEnd): LegCause => {
  switch (end.kind) {
    case 'remote-hangup':
      return causeOfBye(end.request.headers.get('reason'));
    case 'broken':
      return brokenCause(end.status);
    default:
      return unreachableCause;
  }
};

/** A final response that crossed our CANCEL is what the leg ended with; where none came, no status is shown. */
const settledCause = (cause: LegCause, end: SessionEnd): LegCause => {
  if (end.kind === 'refused') return { ...cause, sipStatus: end.response.status };
  if (end.kind === 'timeout' || end.kind === 'transport-error') return { ...cause, sipStatus: null };
  return cause.sipStatus === 487 ? { ...cause, sipStatus: 200 } : cause;
};

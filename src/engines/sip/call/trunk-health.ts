import type { MonotonicClock } from '../../../shared/clock.ts';
import type { Log } from '../../../shared/log.ts';
import type { RefusedInvite, Session, SessionEnd } from '../../../sip/user-agent.ts';

export interface TrunkHealthOptions {
  /** The trunk's name. */
  readonly trunk: string;
  readonly clock: MonotonicClock;
  readonly log: Log;
}

type Method = 'INVITE' | 'REGISTER';

interface Fault {
  readonly message: string;
  /** The trunk's own final response; absent where none came. */
  readonly status?: number;
  /** For how long it does not want to be asked. */
  readonly retryAfterMs?: number | undefined;
}

type State =
  | { readonly is: 'working' }
  | { readonly is: 'failing'; readonly since: number; readonly failures: number; readonly isWritten: boolean };

/** A trunk that fails now and then writes no more often than this, and then only what lasts. */
const QUIET_MS = 60_000;

/** So long a trunk that failed is asked after all others: nobody is to wait for it again. */
const PASSED_OVER_MS = 30_000;

/** A trunk that asks for more is asked again after it all the same. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Retry-After in seconds, whatever stands behind them (RFC 3261 section 20.33). */
const retryAfterOf = ({ headers }: RefusedInvite): number | undefined => {
  const seconds = /^\s*(\d{1,10})/.exec(headers.get('retry-after') ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds) * 1000, MAX_RETRY_AFTER_MS);
};

const SILENT: Fault = { message: 'a trunk does not answer' };

/** What the next trunk is tried for: no response, no transport, 5xx. Undefined: the trunk did what trunks do. */
const faultOf = (end: SessionEnd): Fault | undefined => {
  if (end.kind === 'timeout' || end.kind === 'transport-error') return SILENT;
  if (end.kind !== 'refused') return undefined;
  const { status } = end.response;
  if (status < 500 || status > 599) return undefined;
  return {
    message: 'a trunk refuses calls',
    status,
    retryAfterMs: status === 503 ? retryAfterOf(end.response) : undefined,
  };
};

/** Whether the trunk is out of service, rather than unable to place one call. */
const isOut = ({ status }: Fault): boolean => status === undefined || status === 503;

/** A response that we make ourselves where none came: 408 after timer F, 503 where nothing could be sent. */
const isMadeHere = (status: number): boolean => status === 408 || status === 503;

/**
 * Whether a trunk works, as its answers tell. Writes a line when it begins to fail, and one when it works again: never one
 * a call. One that is out of service is passed over for a while.
 */
export class TrunkHealth {
  readonly #options: TrunkHealthOptions;
  readonly #states: Record<Method, State> = { INVITE: { is: 'working' }, REGISTER: { is: 'working' } };
  readonly #writtenAt: Partial<Record<Method, number>> = {};
  #passedOverUntil = -Infinity;
  /** It said so itself: no answer to an OPTIONS ends it, only a call that it takes. */
  #unwelcomeUntil = -Infinity;
  #probe: 'none' | 'under-way' = 'none';

  // Listeners of every session: none is made for a call.
  readonly #onAnswer = (): void => {
    this.#unwelcomeUntil = -Infinity;
    this.#work('INVITE');
  };
  readonly #onEnded = (end: SessionEnd): void => {
    const fault = faultOf(end);
    if (fault !== undefined) this.#fail('INVITE', fault);
    else if (end.kind === 'refused') this.#work('INVITE');
  };

  constructor(options: TrunkHealthOptions) {
    this.#options = options;
  }

  /** Takes notice of what becomes of an INVITE over the trunk. */
  follow(session: Pick<Session, 'on'>): void {
    session.on('trying', this.#onAnswer);
    session.on('progress', this.#onAnswer);
    session.on('answered', this.#onAnswer);
    session.on('ended', this.#onEnded);
  }

  /** An INVITE got no response in time, and is waited for no longer. */
  silent(): void {
    this.#fail('INVITE', SILENT);
  }

  /** Whether the others come first now: for a while after a fault, and for as long as the question whether it is over is open. */
  get isPassedOver(): boolean {
    const isAsked = this.#probe === 'under-way' && this.#states.INVITE.is === 'failing';
    const now = this.#options.clock.elapsed();
    return isAsked || now < Math.max(this.#passedOverUntil, this.#unwelcomeUntil);
  }

  /** An OPTIONS has left. */
  probing(): void {
    this.#probe = 'under-way';
  }

  /** Its answer to an OPTIONS. @param status - of the final response; 408 and 503 as made by us where none came */
  probed(status: number): void {
    this.#probe = 'none';
    if (isMadeHere(status)) this.#fail('INVITE', SILENT);
    else this.#work('INVITE');
  }

  /** It took our REGISTER. */
  registered(): void {
    this.#work('REGISTER');
  }

  /** It refused our REGISTER, or did not answer. */
  registrationFailed(status: number): void {
    const message = isMadeHere(status) ? SILENT.message : 'a trunk refuses our registration';
    this.#fail('REGISTER', { message, status });
  }

  #fail(method: Method, fault: Fault): void {
    const { trunk, clock, log } = this.#options;
    const { message, status, retryAfterMs } = fault;
    const now = clock.elapsed();
    if (method === 'INVITE' && isOut(fault)) this.#passedOverUntil = now + PASSED_OVER_MS;
    if (retryAfterMs !== undefined) this.#unwelcomeUntil = now + retryAfterMs;
    const state = this.#states[method];
    const before = state.is === 'failing' ? state : { since: now, failures: 0, isWritten: false };
    const isDue = !before.isWritten && now - (this.#writtenAt[method] ?? -QUIET_MS) >= QUIET_MS;
    this.#states[method] = {
      is: 'failing',
      since: before.since,
      failures: before.failures + 1,
      isWritten: before.isWritten || isDue,
    };
    if (!isDue) return;
    this.#writtenAt[method] = now;
    log.warn({ trunk, method, ...(status !== undefined && { sip_status: status }) }, message);
  }

  #work(method: Method): void {
    const { trunk, clock, log } = this.#options;
    const state = this.#states[method];
    if (state.is === 'working') return;
    this.#states[method] = { is: 'working' };
    if (method === 'INVITE') this.#passedOverUntil = -Infinity;
    if (!state.isWritten) return;
    const forMs = Math.round(clock.elapsed() - state.since);
    log.info({ trunk, method, failures: state.failures, for_ms: forMs }, 'a trunk works again');
  }
}

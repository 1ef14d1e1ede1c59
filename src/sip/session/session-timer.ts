import type { MonotonicClock, Timer } from '../../shared/clock.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/message.ts';
import { allows, supports } from './option-tags.ts';
import type { ExtraHeaders } from './session.ts';
import {
  MAX_SESSION_EXPIRES,
  MIN_SESSION_EXPIRES,
  minSessionExpiresOf,
  type SessionExpires,
  sessionExpiresOf,
} from './session-expires.ts';

/** The session of a timer. */
export interface SessionTimerHost {
  /** Half of the session has passed, and it is ours to refresh. */
  refresh(): void;
  /** It was not refreshed in time. */
  expired(): void;
}

interface SessionTimerOptions {
  readonly clock: MonotonicClock;
  /** What we ask for, in seconds. */
  readonly seconds: number;
}

/** A BYE leaves so long before the end of a session that was not refreshed (RFC 4028 section 10). */
const MARGIN_SECONDS = 32;

/** A peer that cannot refresh now is asked again, but not more often. */
const MIN_RETRY_MS = 5000;

const marginOf = (seconds: number): number => Math.min(MARGIN_SECONDS, seconds / 3);

/** What a 2xx of ours must say when its receiver is to refresh (RFC 4028 section 9). */
const headersOf = (seconds: number, refresher: 'uac' | 'uas'): ExtraHeaders => {
  const expires = ['session-expires', `${seconds};refresher=${refresher}`] as const;
  return refresher === 'uac' ? [['require', 'timer'], expires] : [['supported', 'timer'], expires];
};

/**
 * How long a confirmed session may live without a sign of life (RFC 4028). A peer that knows no session timer is asked all
 * the same, by us: one that vanished is noticed. Such a peer may refuse as it likes, for that is a sign of life too.
 */
export class SessionTimer {
  readonly #host: SessionTimerHost;
  readonly #clock: MonotonicClock;
  readonly #wanted: number;
  #seconds: number;
  #refresher: 'we' | 'peer' = 'we';
  #peer: 'keeps-time' | 'knows-none' = 'knows-none';
  #refreshBy: 'UPDATE' | 'INVITE' = 'INVITE';
  #endsAt = 0;
  #timer: Timer | undefined;

  constructor(host: SessionTimerHost, { clock, seconds }: SessionTimerOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#wanted = seconds;
    this.#seconds = seconds;
  }

  /** How the peer is asked: by UPDATE where it takes that, for then no offer is open. */
  get refreshBy(): 'UPDATE' | 'INVITE' {
    return this.#refreshBy;
  }

  /** For a re-INVITE or UPDATE of ours (section 7.4). */
  get headers(): ExtraHeaders {
    const refresher = this.#refresher === 'we' ? 'uac' : 'uas';
    return [
      ['supported', 'timer'],
      ['session-expires', `${this.#seconds};refresher=${refresher}`],
    ];
  }

  /** A 2xx to an INVITE or UPDATE of ours: the session begins anew (section 7.2). */
  answered(response: SipResponse): void {
    this.#notice(response);
    const expires = sessionExpiresOf(response);
    this.#peer = expires === undefined ? 'knows-none' : 'keeps-time';
    this.#refresher = expires?.refresher === 'uas' ? 'peer' : 'we';
    this.#begin(expires?.seconds ?? this.#wanted);
  }

  /** An INVITE or UPDATE of the peer that we accept. @returns what the 2xx says of it (section 9, table 2) */
  accepted(request: SipRequest): ExtraHeaders {
    this.#notice(request);
    const expires = sessionExpiresOf(request);
    this.#peer = supports(request, 'timer') ? 'keeps-time' : 'knows-none';
    this.#refresher = this.#refresherFor(expires);
    this.#begin(Math.max(Math.min(expires?.seconds ?? this.#wanted, this.#wanted), minSessionExpiresOf(request)));
    return headersOf(this.#seconds, this.#refresher === 'we' ? 'uas' : 'uac');
  }

  /**
   * A refresh of ours was refused. One that the peer may take later is made again before the session ends; a peer that
   * keeps no time has shown that it lives.
   */
  refused(status: number): void {
    if (status === 405 || status === 501) this.#refreshBy = 'INVITE';
    if (this.#peer === 'knows-none') this.#begin(this.#seconds);
    else this.#await(Math.max((this.#endsAt - this.#clock.elapsed()) / 3, MIN_RETRY_MS));
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Who is not named stays what it was. */
  #refresherFor(expires: SessionExpires | undefined): 'we' | 'peer' {
    if (this.#peer === 'knows-none') return 'we';
    if (expires?.refresher === undefined) return this.#refresher;
    return expires.refresher === 'uas' ? 'we' : 'peer';
  }

  #notice(message: SipMessage): void {
    if (message.headers.has('allow')) this.#refreshBy = allows(message, 'UPDATE') ? 'UPDATE' : 'INVITE';
  }

  #begin(seconds: number): void {
    this.#seconds = Math.min(Math.max(seconds, MIN_SESSION_EXPIRES), MAX_SESSION_EXPIRES);
    this.#endsAt = this.#clock.elapsed() + (this.#seconds - marginOf(this.#seconds)) * 1000;
    this.#await(this.#refresher === 'we' ? this.#seconds * 500 : Infinity);
  }

  /** Waits for the next refresh, or for the end where that comes first. */
  #await(refreshInMs: number): void {
    this.#timer?.cancel();
    const leftMs = Math.max(this.#endsAt - this.#clock.elapsed(), 0);
    this.#timer =
      refreshInMs < leftMs
        ? this.#clock.setTimer(refreshInMs, () => this.#refresh())
        : this.#clock.setTimer(leftMs, () => this.#host.expired());
  }

  #refresh(): void {
    this.#await(Infinity);
    this.#host.refresh();
  }
}

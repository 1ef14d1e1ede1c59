import type { MonotonicClock, Timer } from '../../shared/clock.ts';
import { TypedEmitter } from '../../shared/events.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { DigestCredentials } from '../auth/credentials.ts';
import type { SipResponse } from '../message/message.ts';
import { parseNameAddr } from '../message/name-addr.ts';
import { splitList } from '../message/via.ts';
import type { RequestOptions } from '../session/standalone-request.ts';
import type { Hop } from '../transport/transport.ts';

export interface RegistrationOptions {
  readonly userAgent: { request(options: RequestOptions): Promise<SipResponse> };
  /** `sip:host`, without a user part. */
  readonly registrar: string;
  /** Our address of record there. */
  readonly account: string;
  readonly credentials: DigestCredentials;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  /** Where the registrar's URI does not say it. */
  readonly hop?: Hop;
  /** Outbound proxies, as of an INVITE. */
  readonly route?: readonly string[];
  readonly expiresInSeconds?: number;
}

export interface RegistrationEvents {
  /** Again at every refresh. */
  registered: [expiresInSeconds: number];
  /** Another try follows by itself. */
  failed: [status: number];
}

const DEFAULT_EXPIRES_SECONDS = 3600;
const FIRST_BACK_OFF_MS = 2000;
const MAX_BACK_OFF_MS = 300_000;
/** A request that is challenged takes the numbers between. */
const CSEQ_STEP = 4;
/** A refresh is due with this much of the time left, but never more than this fraction of it early. */
const REFRESH_EARLY_MS = 30_000;

const LEAST_SHARED_SECONDS = 60;

type State =
  | { readonly is: 'idle' | 'closed' }
  | { readonly is: 'waiting'; readonly timer: Timer }
  | { readonly is: 'registering' };

/** Keeps us registered elsewhere: registers, refreshes before the expiry, tries again with growing pauses (section 10.2). */
export class Registration extends TypedEmitter<RegistrationEvents> {
  readonly #options: RegistrationOptions;
  readonly #callId: string;
  #expiresInSeconds: number;
  #cseq = 0;
  #backOffMs = FIRST_BACK_OFF_MS;
  #state: State = { is: 'idle' };

  constructor(options: RegistrationOptions) {
    super();
    this.#options = options;
    this.#callId = options.ids.random(128);
    this.#expiresInSeconds = options.expiresInSeconds ?? DEFAULT_EXPIRES_SECONDS;
  }

  /** Registers now. Resolves when that was answered, in whatever way. */
  async start(): Promise<void> {
    if (this.#state.is === 'idle') await this.#register();
  }

  /** Takes the binding back. Idempotent; resolves when that was answered, or not. */
  async close(): Promise<void> {
    const { is } = this.#state;
    if (is === 'closed') return;
    if (this.#state.is === 'waiting') this.#state.timer.cancel();
    this.#state = { is: 'closed' };
    if (is !== 'idle') await this.#send(0);
  }

  async #register(): Promise<void> {
    this.#state = { is: 'registering' };
    const response = await this.#send(this.#expiresInSeconds);
    if (this.#isClosed()) return;
    if (response.status < 300) this.#refreshLater(response);
    else this.#retryLater(response);
  }

  #isClosed(): boolean {
    return this.#state.is === 'closed';
  }

  #refreshLater(response: SipResponse): void {
    const granted = grantedSeconds(response) ?? this.#expiresInSeconds;
    this.#backOffMs = FIRST_BACK_OFF_MS;
    this.#wait(Math.max(granted * 500, granted * 1000 - REFRESH_EARLY_MS));
    this.emit('registered', granted);
  }

  #retryLater(response: SipResponse): void {
    const minExpires = Number.parseInt(response.headers.get('min-expires') ?? '', 10);
    if (response.status === 423 && minExpires > this.#expiresInSeconds) {
      this.#expiresInSeconds = minExpires;
      this.#wait(0);
      return;
    }
    this.#wait(this.#backOffMs);
    this.#backOffMs = Math.min(2 * this.#backOffMs, MAX_BACK_OFF_MS);
    this.emit('failed', response.status);
  }

  #wait(milliseconds: number): void {
    const timer = this.#options.clock.setTimer(milliseconds, () => void this.#register());
    this.#state = { is: 'waiting', timer };
  }

  #send(expiresInSeconds: number): Promise<SipResponse> {
    const { userAgent, registrar, account, credentials, hop, route } = this.#options;
    this.#cseq += CSEQ_STEP;
    const address = { uri: account, params: new Map<string, string | undefined>() };
    return userAgent.request({
      method: 'REGISTER',
      target: registrar,
      ...(hop === undefined ? {} : { hop }),
      ...(route === undefined ? {} : { route }),
      from: address,
      to: address,
      headers: [['expires', String(expiresInSeconds)]],
      credentials,
      callId: this.#callId,
      cseq: this.#cseq,
    });
  }
}

/** Among several contacts the least time counts, ours or not, but none that would have us register all the time. */
const grantedSeconds = (response: SipResponse): number | undefined => {
  const contacts = response.headers.all('contact').flatMap((field) => splitList(field));
  const granted = contacts.map((contact) => Number(parseNameAddr(contact).params.get('expires')));
  const known = [...granted, Number(response.headers.get('expires') ?? NaN)].filter((seconds) => seconds > 0);
  if (known.length <= 1) return known[0];
  return Math.max(LEAST_SHARED_SECONDS, Math.min(...known));
};

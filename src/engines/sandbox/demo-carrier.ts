import type { RtpSource } from '../../media/rtp-endpoint.ts';
import type { MonotonicClock, Timer } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { IncomingSession, UserAgentFace } from '../../sip/user-agent.ts';
import { openMediaFor } from './sandbox-media.ts';

export interface DemoCarrierOptions {
  readonly userAgent: UserAgentFace;
  readonly host: string;
  /** How long its phones ring before they answer. */
  readonly answerAfterMs: number;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** What a number of the carrier does. */
type Behaviour =
  | { readonly kind: 'answer'; readonly media: RtpSource; readonly hangUpAfterMs?: number; readonly early?: RtpSource }
  | { readonly kind: 'ring' }
  | { readonly kind: 'refuse'; readonly status: number };

/** By the last three digits. A number that is not here does not exist. */
const behaviours: Readonly<Record<string, Behaviour>> = {
  '100': { kind: 'answer', media: 'silence' },
  '101': { kind: 'refuse', status: 486 },
  '102': { kind: 'ring' },
  '103': { kind: 'refuse', status: 603 },
  '104': { kind: 'refuse', status: 404 },
  '105': { kind: 'refuse', status: 503 },
  '106': { kind: 'answer', media: 'silence', hangUpAfterMs: 5000 },
  '107': { kind: 'answer', media: 'echo' },
  '108': { kind: 'answer', media: 'silence', early: 'ringback' },
};

const UNKNOWN: Behaviour = { kind: 'refuse', status: 404 };

const behaviourOf = ({ request }: IncomingSession): Behaviour =>
  behaviours[/^sips?:[^@]*(\d{3})@/i.exec(request.uri)?.[1] ?? ''] ?? UNKNOWN;

/** A carrier whose numbers behave as their last digits say: busy, no answer, echo and the like. */
export class DemoCarrier {
  readonly #options: DemoCarrierOptions;

  constructor(options: DemoCarrierOptions) {
    this.#options = options;
    options.userAgent.listen((session) => this.#onInvite(session));
  }

  #onInvite(session: IncomingSession): void {
    const behaviour = behaviourOf(session);
    if (behaviour.kind === 'refuse') {
      session.reject(behaviour.status);
      return;
    }
    if (behaviour.kind === 'ring') {
      session.progress(180);
      return;
    }
    this.#answer(session, behaviour).catch((error: unknown) => {
      this.#options.log.warn({ error }, 'the demo carrier could not answer');
      session.reject(488);
    });
  }

  async #answer(session: IncomingSession, behaviour: Extract<Behaviour, { kind: 'answer' }>): Promise<void> {
    const { answerAfterMs, host, clock, ids, log } = this.#options;
    const { early, media: sent, hangUpAfterMs } = behaviour;
    const media = await openMediaFor(session, { host, clock, ids, log, send: early ?? sent });
    if (media === undefined) return;
    const answer = media.answer(session.remoteSdp ?? '');
    if (early === undefined) session.progress(180);
    else session.progress(183, answer);
    this.#after(answerAfterMs, session, () => {
      media.send(sent);
      session.accept(answer);
    });
    if (hangUpAfterMs !== undefined) this.#after(answerAfterMs + hangUpAfterMs, session, () => session.hangUp());
  }

  #after(delayMs: number, session: IncomingSession, task: () => void): void {
    const timer: Timer = this.#options.clock.setTimer(delayMs, task);
    session.on('ended', () => timer.cancel());
  }
}

import type { MonotonicClock, Timer } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { IncomingSession, UserAgentFace } from '../../sip/user-agent.ts';
import { type Behaviour, behaviourOf } from './carrier-numbers.ts';
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

/** A carrier whose numbers behave as their last digits say: busy, no answer, echo and the like. */
export class DemoCarrier {
  readonly #options: DemoCarrierOptions;

  constructor(options: DemoCarrierOptions) {
    this.#options = options;
    options.userAgent.listen((session) => this.#onInvite(session));
  }

  #onInvite(session: IncomingSession): void {
    const behaviour = behaviourOf(session.request.uri);
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
    const { host, clock, ids, log } = this.#options;
    const { answerAfterMs = this.#options.answerAfterMs, early, hangUpAfterMs, leavesOutOneOf } = behaviour;
    const lossy = leavesOutOneOf === undefined ? {} : { leavesOutOneOf };
    const media = await openMediaFor(session, { host, clock, ids, log, send: early ?? 'none', ...lossy });
    if (media === undefined) return;
    const answer = media.answer(session.remoteSdp ?? '');
    if (early === undefined) session.progress(180);
    else session.progress(183, answer);
    this.#after(answerAfterMs, session, () => {
      media.send(behaviour.media);
      session.accept(answer);
      behaviour.conduct?.(media, () => session.hangUp());
    });
    if (hangUpAfterMs !== undefined) this.#after(answerAfterMs + hangUpAfterMs, session, () => session.hangUp());
  }

  #after(delayMs: number, session: IncomingSession, task: () => void): void {
    const timer: Timer = this.#options.clock.setTimer(delayMs, task);
    session.on('ended', () => timer.cancel());
  }
}

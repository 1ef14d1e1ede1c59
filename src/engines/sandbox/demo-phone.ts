import type { MonotonicClock, Timer } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import type { IncomingSession, UserAgentFace } from '../../sip/user-agent.ts';
import { openMediaFor } from './sandbox-media.ts';

export interface DemoPhoneOptions {
  readonly userAgent: UserAgentFace;
  readonly host: string;
  readonly answerAfterMs: number;
  readonly clock: MonotonicClock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** The phone of the demo user: rings at once, answers after a while, sends silence, hangs up when it is hung up on. */
export class DemoPhone {
  readonly #options: DemoPhoneOptions;

  constructor(options: DemoPhoneOptions) {
    this.#options = options;
    options.userAgent.listen((session) => this.#onInvite(session));
  }

  #onInvite(session: IncomingSession): void {
    const { answerAfterMs, clock } = this.#options;
    session.progress(180);
    const timer: Timer = clock.setTimer(answerAfterMs, () => void this.#answer(session));
    session.on('ended', () => timer.cancel());
  }

  async #answer(session: IncomingSession): Promise<void> {
    const { host, clock, ids, log } = this.#options;
    try {
      const media = await openMediaFor(session, { host, clock, ids, log, send: 'silence' });
      if (media !== undefined) session.accept(media.answer(session.remoteSdp ?? ''));
    } catch (error) {
      log.warn({ error }, 'the demo phone could not answer');
      session.reject(488);
    }
  }
}

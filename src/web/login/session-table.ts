import session, { type SessionData } from 'express-session';
import type { SessionStore } from '../../oauth/model/account-stores.ts';
import { hashSecret } from '../../oauth/model/secrets.ts';
import type { WallClock } from '../../shared/clock.ts';

/** A session ends when it was not used for so long. */
export const IDLE_MILLISECONDS = 12 * 60 * 60 * 1000;

/**
 * A session ends so long after its login, however much it is used: NIST SP 800-63B section 4.1.3 wants the password again every
 * 30 days.
 */
const ABSOLUTE_MILLISECONDS = 30 * 24 * 60 * 60 * 1000;

/** One without a login in it is worth nothing. */
export const isOutlived = ({ login }: Pick<SessionData, 'login'>, now: number): boolean =>
  login === undefined || now >= login.at + ABSOLUTE_MILLISECONDS;

type Done = (error?: unknown) => void;

/** Gives express-session our table. Only hashes of session ids are stored: a dump of it opens no session. */
export class SessionTable extends session.Store {
  readonly #sessions: SessionStore;
  readonly #clock: WallClock;

  constructor(options: { readonly sessions: SessionStore; readonly clock: WallClock }) {
    super();
    this.#sessions = options.sessions;
    this.#clock = options.clock;
  }

  override get(id: string, done: (error: unknown, data?: SessionData | null) => void): void {
    const now = this.#clock.now();
    this.#sessions.find(hashSecret(id), now).then(
      (found) => {
        const data = found && (JSON.parse(found.data) as SessionData);
        done(null, data === undefined || isOutlived(data, now) ? null : data);
      },
      (error: unknown) => done(error),
    );
  }

  override set(id: string, data: SessionData, done: Done = ignore): void {
    const row = {
      hash: hashSecret(id),
      userId: data.user?.id ?? null,
      data: JSON.stringify(data),
      expiresAt: this.#idleEnd(),
    };
    settle(this.#sessions.save(row), done);
  }

  override destroy(id: string, done: Done = ignore): void {
    settle(this.#sessions.delete(hashSecret(id)), done);
  }

  override touch(id: string, _data: SessionData, done: Done = ignore): void {
    settle(this.#sessions.touch(hashSecret(id), this.#idleEnd()), done);
  }

  #idleEnd(): number {
    return this.#clock.now() + IDLE_MILLISECONDS;
  }
}

const ignore: Done = () => undefined;

const settle = (work: Promise<void>, done: Done): void => {
  work.then(
    () => done(),
    (error: unknown) => done(error),
  );
};

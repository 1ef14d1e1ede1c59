import type { Session, SessionStore } from '../../src/oauth/session-stores.ts';

/** Keeps sessions in a map that a test can look into. */
export class MemorySessionStore implements SessionStore {
  readonly rows = new Map<string, Session>();

  find(hash: string, now: number): Promise<Session | undefined> {
    const row = this.rows.get(hash);
    return Promise.resolve(row !== undefined && row.expiresAt > now ? row : undefined);
  }

  save(session: Session): Promise<void> {
    this.rows.set(session.hash, session);
    return Promise.resolve();
  }

  touch(hash: string, expiresAt: number): Promise<void> {
    const row = this.rows.get(hash);
    if (row !== undefined) this.rows.set(hash, { ...row, expiresAt });
    return Promise.resolve();
  }

  delete(hash: string): Promise<void> {
    this.rows.delete(hash);
    return Promise.resolve();
  }

  deleteExpired(now: number): Promise<void> {
    for (const row of this.rows.values()) if (row.expiresAt <= now) this.rows.delete(row.hash);
    return Promise.resolve();
  }
}

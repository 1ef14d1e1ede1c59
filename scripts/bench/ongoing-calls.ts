import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openSqlite } from '../../src/storage/dialects/sqlite/better-sqlite3.ts';

export interface OngoingCallsOptions {
  /** Data directory of a service that runs: its start would close calls that no engine carries. */
  readonly directory: string;
  readonly total: number;
  /** How many of them belong to `demo`, spread among those of the others. */
  readonly own: number;
}

/** Writes connected calls into the journal. @returns the token of one of demo's own */
export const insertOngoingCalls = ({ directory, total, own }: OngoingCallsOptions): string => {
  const database = openSqlite(join(directory, 'offhook.db'));
  const userId = (name: string): string =>
    database.prepare('SELECT id FROM users WHERE username = ?').pluck().get(name) as string;
  const [demo, other] = [userId('demo'), userId('operator')];
  const call = database.prepare(
    `INSERT INTO calls (token_call, user_id, username, client_id, number, state, created_at, answered_at, connected_at)
     VALUES (?, ?, ?, 'demo-app', ?, 'connected', ?, ?, ?)`,
  );
  const leg = database.prepare(
    `INSERT INTO legs (call_id, role, address, state, sip_status, ringing_at, answered_at)
     VALUES (?, ?, ?, 'answered', 200, ?, ?)`,
  );
  const every = Math.floor(total / own);
  const begin = Date.now() - 60_000;
  let token = '';
  const insertAll = database.transaction(() => {
    for (let index = 0; index < total; index += 1) {
      const isOwn = index % every === 0;
      const next = randomBytes(16).toString('base64url');
      const number = `+12025${String(index).padStart(6, '0')}`;
      const at = begin + index;
      const id = call.run(next, isOwn ? demo : other, isOwn ? 'demo' : 'operator', number, at, at, at).lastInsertRowid;
      leg.run(id, 'caller', 'sip:phone@127.0.0.1:5062', at, at);
      leg.run(id, 'callee', number, at, at);
      if (isOwn) token = next;
    }
  });
  insertAll();
  database.close();
  return token;
};

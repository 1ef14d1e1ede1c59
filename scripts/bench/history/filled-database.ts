import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitingClock } from '../../../src/shared/clock.ts';
import { silentLog } from '../../../src/shared/log.ts';
import type { Database } from '../../../src/storage/database.ts';
import { openSqlite } from '../../../src/storage/dialects/sqlite/better-sqlite3.ts';
import { openDatabase } from '../../../src/storage/open-database.ts';

/** How many calls there are, and among how many users and numbers they are spread. */
export interface Filling {
  readonly calls: number;
  readonly users: number;
  readonly numbers: number;
}

export interface FilledDatabase {
  readonly database: Database;
  readonly path: string;
  close(): Promise<void>;
}

/** The first call's date; one follows every ten seconds. */
export const FIRST_AT = Date.parse('2026-01-01T00:00:00Z');
export const EVERY_MS = 10_000;

/** Spreads the calls over users and numbers, the same in each run: neighbours in time are of different ones. */
const callOf = ({ users, numbers }: Filling): string => `
  select i, printf('token-%012d', i), printf('user-%06d', i * 7919 % ${users}), printf('name-%06d', i * 7919 % ${users}),
    printf('client-%02d', i % 10), printf('+1202%07d', i * 104729 % ${numbers}), 'node', 1, 13, 'ended',
    case when i % 7 < 4 then 'completed' when i % 7 < 5 then 'no-answer' when i % 7 < 6 then 'busy' else 'failed' end,
    'callee', 'callee', ${FIRST_AT} + i * ${EVERY_MS}, ${FIRST_AT} + i * ${EVERY_MS} + 60000,
    case when i % 7 < 4 then i % 600 * 1000 end
  from n`;

const legOf = (role: 'caller' | 'callee'): string => `
  select i, '${role}', 'sip:200@192.0.2.10:5060', 'ended', case when i % 7 < 4 then 200 else 486 end, 16, 'hangup',
    ${FIRST_AT} + i * ${EVERY_MS} + 2100 + i % 3000, case when i % 7 < 4 then ${FIRST_AT} + i * ${EVERY_MS} + 9000 end,
    ${FIRST_AT} + i * ${EVERY_MS} + 60000, ${FIRST_AT} + i * ${EVERY_MS} + 2000, 'carrier-' || i % 3
  from n`;

const fill = (path: string, filling: Filling): void => {
  const file = openSqlite(path);
  const numbers = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${filling.calls})`;
  const legs = `insert into legs (call_id, role, address, state, sip_status, q850_cause, reason, ringing_at, answered_at,
    ended_at, called_at, trunk)`;
  file.exec('begin');
  file.exec(`insert into calls (id, token_call, user_id, username, client_id, number, node_id, epoch, sequence, state, outcome,
    ended_by, ended_leg, created_at, ended_at, talk_ms) ${numbers} ${callOf(filling)}`);
  for (const role of ['caller', 'callee'] as const) file.exec(`${legs} ${numbers} ${legOf(role)}`);
  file.exec('commit');
  file.pragma('wal_checkpoint(TRUNCATE)');
  file.close();
};

/** A database in a directory of its own, with calls of the past, as a service opens it. */
export const openFilled = async (filling: Filling): Promise<FilledDatabase> => {
  const directory = mkdtempSync(join(tmpdir(), 'offhook-history-'));
  const path = join(directory, 'offhook.db');
  const options = { url: `sqlite:${path}`, clock: waitingClock, log: silentLog };
  await (await openDatabase(options)).close();
  fill(path, filling);
  const database = await openDatabase({ ...options, serving: { companyMs: 10, checkpointEveryMs: 1000 } });
  return {
    database,
    path,
    close: async () => {
      await database.close();
      rmSync(directory, { recursive: true });
    },
  };
};

import type { Generated } from 'kysely';
import type { AccountStatus } from '../oauth/model/account-stores.ts';
import type { Role } from '../oauth/model/permissions.ts';
import type { CallTables } from './calls/call-tables.ts';
import type { JobTables } from './jobs/job-tables.ts';
import type { OAuthTables } from './oauth/oauth-tables.ts';
import type { PhoneTables } from './phones/phone-tables.ts';
import type { WebhookTables } from './webhooks/webhook-tables.ts';

/*
 * The tables as db/migrations makes them. Times are milliseconds since the Unix epoch; yes and no are 1 and 0; lists are
 * JSON, scopes words between spaces (RFC 6749 section 3.3).
 */

export interface UsersTable {
  id: string;
  username: string;
  password_hash: string;
  role: Role;
  status: AccountStatus;
  sandbox: 0 | 1;
  created_at: number;
  extension: string | null;
  home_country: string | null;
  caller_ids: Generated<string>;
  /** See `usernameKey`; null for users whose name another one has in other letters, from before that was refused. */
  name_key: string | null;
}

/** What is true of the database as a whole, by name. */
interface FactsTable {
  name: string;
  value: string;
}

/** Users are accounts to the authorization server, and have extensions and phones to the call domain. */
export interface Schema extends CallTables, PhoneTables, OAuthTables, JobTables, WebhookTables {
  users: UsersTable;
  facts: FactsTable;
}

import type { Migration } from 'kysely';
import * as users from '../../db/migrations/0001-users.ts';
import * as calls from '../../db/migrations/0002-calls.ts';
import * as oauth from '../../db/migrations/0003-oauth.ts';
import * as sip from '../../db/migrations/0004-sip.ts';
import * as authorizationServer from '../../db/migrations/0005-authorization-server.ts';

/** All changes of the tables, by name, in the order of their names. One that was released is never edited. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-users': users,
  '0002-calls': calls,
  '0003-oauth': oauth,
  '0004-sip': sip,
  '0005-authorization-server': authorizationServer,
};

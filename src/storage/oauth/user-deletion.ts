import type { Kysely } from 'kysely';
import type { DeletedWithUser } from '../../oauth/model/account-stores.ts';
import { usernameKey } from '../../oauth/model/username.ts';
import type { Schema } from '../schema.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';

/**
 * Deletes a user. Most of what is theirs goes by reference; where their phones are registered is known by account only.
 * The journal and the audit log refer to nobody, and stay.
 */
export function* deleteUser(builder: Kysely<Schema>, id: string): UnitOfWork<DeletedWithUser | undefined> {
  const { rows } = yield* run(builder.selectFrom('users').select('name_key').where('id', '=', id).compile());
  const [user] = rows;
  if (user === undefined) return undefined;
  const deleted = yield* countOf(builder, id);
  const accounts = builder.selectFrom('sip_accounts').select('account').where('user_id', '=', id);
  yield* run(builder.deleteFrom('bindings').where('account', 'in', accounts).compile());
  yield* run(builder.deleteFrom('users').where('id', '=', id).compile());
  if (user.name_key !== null) yield* passOn(builder, user.name_key);
  return deleted;
}

function* countOf(builder: Kysely<Schema>, userId: string): UnitOfWork<DeletedWithUser> {
  const applications = builder.selectFrom('clients').select('id').where('owner_id', '=', userId);
  const count = function* (table: 'sessions' | 'phones'): UnitOfWork<number> {
    const query = builder.selectFrom(table).select((row) => row.fn.countAll<number>().as('count'));
    const { rows } = yield* run(query.where('user_id', '=', userId).compile());
    return rows[0]?.count ?? 0;
  };
  const families = builder
    .selectFrom('token_families')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where((family) => family.or([family('user_id', '=', userId), family('client_id', 'in', applications)]));
  return {
    sessions: yield* count('sessions'),
    applications: (yield* run(applications.compile())).rows.length,
    grants: (yield* run(families.compile())).rows[0]?.count ?? 0,
    phones: yield* count('phones'),
  };
}

/** The name in any letters now belongs to the oldest of those who had it exactly only. */
function* passOn(builder: Kysely<Schema>, key: string): UnitOfWork<void> {
  const others = builder.selectFrom('users').select(['id', 'username']).where('name_key', 'is', null);
  const { rows } = yield* run(others.orderBy('created_at').orderBy('id').compile());
  const heir = rows.find(({ username }) => usernameKey(username) === key);
  if (heir === undefined) return;
  yield* run(builder.updateTable('users').set({ name_key: key }).where('id', '=', heir.id).compile());
}

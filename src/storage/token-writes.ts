import type { Kysely } from 'kysely';
import type { IssuedTokens, TokenFamily } from '../oauth/token-stores.ts';
import { fromFamily, fromScopes } from './oauth-rows.ts';
import type { Schema } from './schema.ts';
import { run, type UnitOfWork } from './unit-of-work.ts';

/** Writes a family with its first tokens. */
export function* startFamily(builder: Kysely<Schema>, family: TokenFamily, tokens: IssuedTokens): UnitOfWork<void> {
  yield* run(builder.insertInto('token_families').values(fromFamily(family)).compile());
  yield* insertTokens(builder, tokens);
}

export function* insertTokens(builder: Kysely<Schema>, { access, refresh }: IssuedTokens): UnitOfWork<void> {
  const accessRow = {
    hash: access.hash,
    family_id: access.familyId,
    scopes: fromScopes(access.scopes),
    created_at: access.createdAt,
    expires_at: access.expiresAt,
  };
  yield* run(builder.insertInto('access_tokens').values(accessRow).compile());
  if (refresh === null) return;
  const refreshRow = {
    hash: refresh.hash,
    family_id: refresh.familyId,
    created_at: refresh.createdAt,
    expires_at: refresh.expiresAt,
    rotated_at: null,
    successors: 0,
  };
  yield* run(builder.insertInto('refresh_tokens').values(refreshRow).compile());
}

/** Its tokens go with it, by reference. */
export function* deleteFamily(builder: Kysely<Schema>, familyId: string): UnitOfWork<void> {
  yield* run(builder.deleteFrom('token_families').where('id', '=', familyId).compile());
}

/** Whose grants end: of a user, of a client, of a user to a client. */
export interface GrantFilter {
  readonly userId?: string;
  readonly clientId?: string;
}

/** Deletes families, and the codes that could still give one. @returns how many families */
export function* revokeGrants(builder: Kysely<Schema>, { userId, clientId }: GrantFilter): UnitOfWork<number> {
  const codes = builder
    .deleteFrom('authorization_codes')
    .$if(userId !== undefined, (rows) => rows.where('user_id', '=', userId ?? ''))
    .$if(clientId !== undefined, (rows) => rows.where('client_id', '=', clientId ?? ''));
  const families = builder
    .deleteFrom('token_families')
    .$if(userId !== undefined, (rows) => rows.where('user_id', '=', userId ?? ''))
    .$if(clientId !== undefined, (rows) => rows.where('client_id', '=', clientId ?? ''));
  yield* run(codes.compile());
  const { changes } = yield* run(families.compile());
  return changes;
}

import type { Kysely } from 'kysely';
import type { Scope } from '../../oauth/model/permissions.ts';
import type {
  AccessToken,
  IssuedTokens,
  KeptAnswer,
  RefreshToken,
  TokenFamily,
} from '../../oauth/model/token-stores.ts';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';
import { run, type UnitOfWork } from '../unit-of-work.ts';
import { fromScopes } from './oauth-rows.ts';

/** A decision of an owner with the first tokens that it gives, at that time. */
interface FirstIssue {
  readonly family: TokenFamily;
  readonly tokens: IssuedTokens;
  readonly at: number;
}

type Scoped<Row extends { readonly scopes: unknown }> = Omit<Row, 'scopes'> & { readonly scopes: string };

const scoped = <Row extends { readonly scopes: readonly Scope[] }>(row: Row): Scoped<Row> => ({
  ...row,
  scopes: fromScopes(row.scopes),
});

const compileInserts = (builder: Kysely<Schema>) => ({
  family: compileOnce((family: Scoped<TokenFamily> & { readonly at: number }) =>
    builder.insertInto('token_families').values({
      id: family.id,
      client_id: family.clientId,
      user_id: family.userId,
      scopes: family.scopes,
      created_at: family.createdAt,
      last_used_at: family.at,
      expires_at: family.expiresAt,
    }),
  ),
  access: compileOnce((token: Scoped<AccessToken>) =>
    builder.insertInto('access_tokens').values({
      hash: token.hash,
      family_id: token.familyId,
      scopes: token.scopes,
      dpop_key: token.dpopKey,
      created_at: token.createdAt,
      expires_at: token.expiresAt,
    }),
  ),
  refresh: compileOnce((token: RefreshToken) =>
    builder.insertInto('refresh_tokens').values({
      hash: token.hash,
      family_id: token.familyId,
      dpop_key: token.dpopKey,
      created_at: token.createdAt,
      expires_at: token.expiresAt,
      rotated_at: null,
      successors: 0,
    }),
  ),
  answer: compileOnce(({ hash, sealed, expiresAt }: KeptAnswer & { readonly hash: string }) =>
    builder.insertInto('refresh_answers').values({ hash, sealed_answer: sealed, expires_at: expiresAt }),
  ),
});

/** What a token request writes. */
export class TokenWrites {
  readonly #inserts: ReturnType<typeof compileInserts>;

  constructor(builder: Kysely<Schema>) {
    this.#inserts = compileInserts(builder);
  }

  /** Writes a family with its first tokens. */
  *start({ family, tokens, at }: FirstIssue): UnitOfWork<void> {
    yield* run(this.#inserts.family({ ...scoped(family), at }));
    yield* this.add(tokens);
  }

  /** Keeps what a refresh token was exchanged for. */
  *keep(hash: string, answer: KeptAnswer): UnitOfWork<void> {
    yield* run(this.#inserts.answer({ hash, ...answer }));
  }

  /** Writes tokens of a family that stands. */
  *add({ access, refresh }: IssuedTokens): UnitOfWork<void> {
    yield* run(this.#inserts.access(scoped(access)));
    if (refresh !== null) yield* run(this.#inserts.refresh(refresh));
  }
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

/**
 * Deletes families, and the codes and device grants that could still give one.
 * @returns how many families
 */
export function* revokeGrants(builder: Kysely<Schema>, { userId, clientId }: GrantFilter): UnitOfWork<number> {
  const deleteFrom = (table: 'authorization_codes' | 'device_grants' | 'token_families') =>
    builder
      .deleteFrom(table)
      .$if(userId !== undefined, (rows) => rows.where('user_id', '=', userId ?? ''))
      .$if(clientId !== undefined, (rows) => rows.where('client_id', '=', clientId ?? ''));
  yield* run(deleteFrom('authorization_codes').compile());
  yield* run(deleteFrom('device_grants').compile());
  const { changes } = yield* run(deleteFrom('token_families').compile());
  return changes;
}

/** Forgets what a user remembered for a client. */
export function* forgetGrants(builder: Kysely<Schema>, { userId, clientId }: Required<GrantFilter>): UnitOfWork<void> {
  const grants = builder.deleteFrom('remembered_grants').where('user_id', '=', userId);
  yield* run(grants.where('client_id', '=', clientId).compile());
}

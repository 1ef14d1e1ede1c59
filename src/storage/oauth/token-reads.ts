import type { InferResult, Kysely } from 'kysely';
import type { AccessTokenView, RefreshTokenView } from '../../oauth/model/token-stores.ts';
import { compileOnce } from '../compile-once.ts';
import type { Schema } from '../schema.ts';
import { familyColumns, toFamily, toJoinedUser, tokenUserColumns, toScopes, toTokenUser } from './oauth-rows.ts';

interface ByHash {
  readonly hash: string;
}

/** The queries that find a token, or what one stands on, each by its primary key. */
export const compileTokenReads = (builder: Kysely<Schema>) => ({
  access: compileOnce(({ hash }: ByHash) =>
    builder
      .selectFrom('access_tokens')
      .innerJoin('token_families', 'token_families.id', 'access_tokens.family_id')
      .innerJoin('clients', 'clients.id', 'token_families.client_id')
      .leftJoin('users', 'users.id', 'token_families.user_id')
      .select(['access_tokens.hash', 'access_tokens.family_id', 'access_tokens.scopes', 'access_tokens.dpop_key'])
      .select(['access_tokens.created_at', 'access_tokens.expires_at'])
      .select(tokenUserColumns)
      .select(['clients.id as clientId', 'clients.status as clientStatus', 'clients.sandbox as clientSandbox'])
      .select('clients.token_in_query as tokenInQuery')
      .where('access_tokens.hash', '=', hash),
  ),
  refresh: compileOnce(({ hash }: ByHash) =>
    builder
      .selectFrom('refresh_tokens')
      .innerJoin('token_families', 'token_families.id', 'refresh_tokens.family_id')
      .innerJoin('users', 'users.id', 'token_families.user_id')
      .leftJoin('refresh_answers', 'refresh_answers.hash', 'refresh_tokens.hash')
      .select(['refresh_tokens.hash', 'refresh_tokens.dpop_key'])
      .select(['refresh_tokens.created_at', 'refresh_tokens.expires_at'])
      .select(['refresh_tokens.rotated_at', 'refresh_answers.sealed_answer as answer'])
      .select(familyColumns)
      .select(tokenUserColumns)
      .where('refresh_tokens.hash', '=', hash),
  ),
  clientSecret: compileOnce(({ id }: { readonly id: string }) =>
    builder
      .selectFrom('clients')
      .select(['secret_hash as secretHash', 'status'])
      .select(['former_secret_hash as formerHash', 'former_secret_ends_at as formerEndsAt'])
      .where('id', '=', id),
  ),
  userPassword: compileOnce(({ id }: { readonly id: string }) =>
    builder.selectFrom('users').select(['password_hash as passwordHash', 'status']).where('id', '=', id),
  ),
});

type TokenReads = ReturnType<typeof compileTokenReads>;

type RowOf<Query extends keyof TokenReads> = InferResult<ReturnType<TokenReads[Query]>>[number];

export const toAccessView = (row: RowOf<'access'>): AccessTokenView => ({
  hash: row.hash,
  familyId: row.family_id,
  scopes: toScopes(row.scopes),
  dpopKey: row.dpop_key,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  user: toJoinedUser(row),
  client: {
    id: row.clientId,
    status: row.clientStatus,
    sandbox: row.clientSandbox === 1,
    tokenInQuery: row.tokenInQuery,
  },
});

export const toRefreshView = (row: RowOf<'refresh'>): RefreshTokenView => ({
  hash: row.hash,
  familyId: row.familyId,
  dpopKey: row.dpop_key,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  rotatedAt: row.rotated_at,
  answer: row.answer,
  family: toFamily(row),
  user: toTokenUser(row),
});

import type { InferResult, Kysely } from 'kysely';
import { BUILT_IN_CLIENT_ID } from '../../oauth/model/account-stores.ts';
import type { GrantedApplication } from '../../oauth/model/token-stores.ts';
import type { Schema } from '../schema.ts';
import { toScopes } from './oauth-rows.ts';

interface GrantQuery {
  readonly userId: string;
  readonly now: number;
}

/** The families of a user that still have a token to show. */
const livingFamilies = (builder: Kysely<Schema>, { userId, now }: GrantQuery) =>
  builder
    .selectFrom('token_families as family')
    .where('family.user_id', '=', userId)
    .where('family.expires_at', '>', now)
    .where((family) => {
      const living = (table: 'access_tokens' | 'refresh_tokens') =>
        family.selectFrom(table).select('hash').whereRef('family_id', '=', 'family.id').where('expires_at', '>', now);
      return family.or([family.exists(living('access_tokens')), family.exists(living('refresh_tokens'))]);
    });

/** What a user granted, by application, the oldest first: its living families, else what is remembered. */
export const selectGrants = (builder: Kysely<Schema>, { userId, now }: GrantQuery) => {
  const applications = builder
    .selectFrom('clients')
    .select(['id', 'name'])
    .where('id', '<>', BUILT_IN_CLIENT_ID)
    .where((client) => client.or([client('kind', '=', 'application'), client('owner_id', '<>', userId)]))
    .as('client');
  const families = livingFamilies(builder, { userId, now });
  const remembered = builder
    .selectFrom('remembered_grants as grant')
    .where('grant.user_id', '=', userId)
    .where('grant.client_id', 'not in', families.select('family.client_id'));
  return families
    .innerJoin(applications, 'client.id', 'family.client_id')
    .select(['client.id as clientId', 'client.name as clientName', 'family.scopes'])
    .select(['family.created_at as grantedAt', 'family.last_used_at as lastUsedAt'])
    .unionAll(
      remembered
        .innerJoin(applications, 'client.id', 'grant.client_id')
        .select(['client.id as clientId', 'client.name as clientName', 'grant.scopes'])
        .select(['grant.granted_at as grantedAt', 'grant.granted_at as lastUsedAt']),
    )
    .orderBy('clientName')
    .orderBy('clientId')
    .orderBy('grantedAt');
};

type GrantRow = InferResult<ReturnType<typeof selectGrants>>[number];

/** The rows of one application stand together. */
export const toApplications = (rows: readonly GrantRow[]): readonly GrantedApplication[] => {
  const applications = new Map<string, GrantedApplication>();
  for (const { clientId, clientName, scopes, grantedAt, lastUsedAt } of rows) {
    const earlier = applications.get(clientId);
    applications.set(clientId, {
      clientId,
      clientName,
      scopes: [...new Set([...(earlier?.scopes ?? []), ...toScopes(scopes)])],
      grantedAt: earlier?.grantedAt ?? grantedAt,
      lastUsedAt: Math.max(earlier?.lastUsedAt ?? lastUsedAt, lastUsedAt),
    });
  }
  return [...applications.values()];
};

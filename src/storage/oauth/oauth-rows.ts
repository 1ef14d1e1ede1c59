import type { Selectable } from 'kysely';
import type {
  Client,
  ClientChanges,
  FormerSecret,
  GrantType,
  ResponseType,
  User,
} from '../../oauth/model/account-stores.ts';
import type { Scope } from '../../oauth/model/permissions.ts';
import type { TokenFamily, TokenUser } from '../../oauth/model/token-stores.ts';
import type { UsersTable } from '../schema.ts';
import type { ClientsTable } from './oauth-tables.ts';

/** Scopes are kept as they travel: words between spaces (RFC 6749 section 3.3). */
export const fromScopes = (scopes: readonly Scope[]): string => scopes.join(' ');

export const toScopes = (text: string): readonly Scope[] => (text === '' ? [] : (text.split(' ') as Scope[]));

export const toBit = (value: boolean): 0 | 1 => (value ? 1 : 0);

export const userColumns = [
  'id',
  'username',
  'password_hash',
  'role',
  'status',
  'sandbox',
  'created_at',
] as const satisfies readonly (keyof UsersTable)[];

type UserRow = Pick<UsersTable, (typeof userColumns)[number]>;

export const toUser = (row: UserRow): User => ({
  id: row.id,
  username: row.username,
  passwordHash: row.password_hash,
  role: row.role,
  status: row.status,
  sandbox: row.sandbox === 1,
  createdAt: row.created_at,
});

export const fromUser = (user: User): UserRow => ({
  id: user.id,
  username: user.username,
  password_hash: user.passwordHash,
  role: user.role,
  status: user.status,
  sandbox: toBit(user.sandbox),
  created_at: user.createdAt,
});

/** The columns of a user that a token's check joins; none of them is named like a column of a token. */
export const tokenUserColumns = [
  'users.id as userId',
  'users.username',
  'users.role',
  'users.status as userStatus',
  'users.sandbox as userSandbox',
] as const;

interface TokenUserRow {
  readonly userId: string;
  readonly username: string;
  readonly role: TokenUser['role'];
  readonly userStatus: TokenUser['status'];
  readonly userSandbox: 0 | 1;
}

export const toTokenUser = (row: TokenUserRow): TokenUser => ({
  id: row.userId,
  username: row.username,
  role: row.role,
  status: row.userStatus,
  sandbox: row.userSandbox === 1,
});

/** Of a left join: null where there is no user. */
export const toJoinedUser = (row: { [Column in keyof TokenUserRow]: TokenUserRow[Column] | null }): TokenUser | null =>
  row.userId === null ? null : toTokenUser(row as TokenUserRow);

const toFormerSecret = ({
  former_secret_hash: hash,
  former_secret_ends_at: endsAt,
}: Selectable<ClientsTable>): FormerSecret | null => (hash === null || endsAt === null ? null : { hash, endsAt });

export const toClient = (row: Selectable<ClientsTable>): Client => ({
  id: row.id,
  name: row.name,
  secretHash: row.secret_hash,
  formerSecret: toFormerSecret(row),
  redirectUris: JSON.parse(row.redirect_uris) as string[],
  responseTypes: JSON.parse(row.response_types) as ResponseType[],
  grantTypes: JSON.parse(row.grant_types) as GrantType[],
  grantTypesByGet: JSON.parse(row.grant_types_by_get) as GrantType[],
  scopes: toScopes(row.scopes),
  defaultScopes: toScopes(row.default_scopes),
  accessTokenSeconds: row.access_token_seconds,
  refreshIdleSeconds: row.refresh_idle_seconds,
  refreshAbsoluteSeconds: row.refresh_absolute_seconds,
  tokenInQuery: row.token_in_query,
  codeChallenge: row.code_challenge,
  tokenFormat: row.token_format,
  tokenBinding: row.token_binding,
  kind: row.kind,
  ownerId: row.owner_id,
  status: row.status,
  sandbox: row.sandbox === 1,
  createdAt: row.created_at,
});

/** The columns of what may be changed of a client. */
export const clientSettings = (client: Required<ClientChanges>) => ({
  name: client.name,
  redirect_uris: JSON.stringify(client.redirectUris),
  response_types: JSON.stringify(client.responseTypes),
  grant_types: JSON.stringify(client.grantTypes),
  grant_types_by_get: JSON.stringify(client.grantTypesByGet),
  scopes: fromScopes(client.scopes),
  default_scopes: fromScopes(client.defaultScopes),
  access_token_seconds: client.accessTokenSeconds,
  refresh_idle_seconds: client.refreshIdleSeconds,
  refresh_absolute_seconds: client.refreshAbsoluteSeconds,
  token_in_query: client.tokenInQuery,
  code_challenge: client.codeChallenge,
  token_format: client.tokenFormat,
  token_binding: client.tokenBinding,
});

export const fromClient = (client: Client): ClientsTable => ({
  ...clientSettings(client),
  id: client.id,
  secret_hash: client.secretHash,
  former_secret_hash: client.formerSecret?.hash ?? null,
  former_secret_ends_at: client.formerSecret?.endsAt ?? null,
  kind: client.kind,
  owner_id: client.ownerId,
  status: client.status,
  sandbox: toBit(client.sandbox),
  created_at: client.createdAt,
});

export const familyColumns = [
  'token_families.id as familyId',
  'token_families.client_id as familyClientId',
  'token_families.user_id as familyUserId',
  'token_families.scopes as familyScopes',
  'token_families.created_at as familyCreatedAt',
  'token_families.expires_at as familyExpiresAt',
] as const;

interface FamilyRow {
  readonly familyId: string;
  readonly familyClientId: string;
  readonly familyUserId: string | null;
  readonly familyScopes: string;
  readonly familyCreatedAt: number;
  readonly familyExpiresAt: number;
}

export const toFamily = (row: FamilyRow): TokenFamily => ({
  id: row.familyId,
  clientId: row.familyClientId,
  userId: row.familyUserId,
  scopes: toScopes(row.familyScopes),
  createdAt: row.familyCreatedAt,
  expiresAt: row.familyExpiresAt,
});

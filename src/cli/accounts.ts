import type { Administration } from '../app/administration.ts';
import { isoTime } from './command-context.ts';
import { RefusedError } from './errors.ts';

export type User = Awaited<ReturnType<Administration['users']['list']>>[number];
export type Client = Awaited<ReturnType<Administration['clients']['list']>>[number];

/**
 * @throws RefusedError when there is no user of that name
 */
export const userNamed = async ({ stores }: Administration, username: string): Promise<User> => {
  const user = await stores.users.findByUsername(username);
  if (user === undefined) throw new RefusedError(`There is no user ${username}.`);
  return user;
};

/** A user as `--json` shows one. Never with the hash of the password. */
export const representUser = async (
  { stores }: Administration,
  user: User,
): Promise<Readonly<Record<string, unknown>>> => {
  const profile = await stores.phones.user(user.id);
  return {
    id: user.id,
    username: user.username,
    role: user.role,
    status: user.status,
    extension: profile?.extension ?? null,
    country: profile?.homeCountry ?? null,
    caller_ids: profile?.callerIds ?? [],
    sandbox: user.sandbox,
    created_at: isoTime(user.createdAt),
  };
};

/** A client as `--json` shows one, in the words of the settings file. Never with the hash of the secret. */
export const representClient = (client: Client): Readonly<Record<string, unknown>> => ({
  client_id: client.id,
  name: client.name,
  type: client.secretHash === null ? 'public' : 'confidential',
  kind: client.kind,
  status: client.status,
  redirect_uris: client.redirectUris,
  response_types: client.responseTypes,
  grants: client.grantTypes,
  token_by_get: client.grantTypesByGet,
  query_tokens: client.tokenInQuery === 'allowed',
  require_pkce: client.codeChallenge === 'required',
  scopes: client.scopes,
  default_scopes: client.defaultScopes,
  access_token_seconds: client.accessTokenSeconds,
  refresh_idle_seconds: client.refreshIdleSeconds,
  refresh_absolute_seconds: client.refreshAbsoluteSeconds,
  token_format: client.tokenFormat,
  token_binding: client.tokenBinding,
  former_secret_ends_at: isoTime(client.formerSecret?.endsAt ?? null),
  owner_id: client.ownerId,
  sandbox: client.sandbox,
  created_at: isoTime(client.createdAt),
});

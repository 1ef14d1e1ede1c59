import type { ClientAdmin } from './oauth/client-admin.ts';
import type { ClientDescription } from './oauth/client-description.ts';
import { isScope, type Scope } from './oauth/permissions.ts';
import { ConfigError } from './config.ts';
import type { ClientSetting } from './settings.ts';

const scopesOf = ({ id, scopes }: ClientSetting): readonly Scope[] => {
  const unknown = scopes.filter((scope) => !isScope(scope));
  if (unknown.length > 0) throw new ConfigError([`client ${id}: there is no scope ${unknown.join(', ')}`]);
  return scopes.filter(isScope);
};

const describe = (setting: ClientSetting): ClientDescription => ({
  id: setting.id,
  name: setting.name ?? setting.id,
  type: setting.secret === undefined ? 'public' : 'confidential',
  redirectUris: setting.redirect_uris,
  responseTypes: setting.response_types,
  grantTypes: setting.grants,
  grantTypesByGet: setting.code_by_get ? ['authorization_code'] : [],
  scopes: scopesOf(setting),
  accessTokenSeconds: setting.access_token_seconds,
  tokenInQuery: setting.query_tokens ? 'allowed' : 'refused',
});

/** Writes the clients of the configuration file: what stands there holds, from each start on. */
export const configureClients = async (admin: ClientAdmin, settings: readonly ClientSetting[]): Promise<void> => {
  for (const setting of settings) await admin.configure(describe(setting), setting.secret ?? null);
};

import { ConfigError } from '../../config/config.ts';
import type { ClientSetting } from '../../config/settings.ts';
import type { OAuthAdministration } from '../../oauth/administration.ts';
import { type ClientDescription, describedClient } from '../../oauth/clients/client-description.ts';
import { BUILT_IN_CLIENT_ID } from '../../oauth/model/account-stores.ts';
import { InvalidAccountError } from '../../oauth/model/errors.ts';
import { isScope } from '../../oauth/model/permissions.ts';

type ClientAdmin = OAuthAdministration['clients'];

const describe = (setting: ClientSetting): ClientDescription => ({
  id: setting.id,
  name: setting.name ?? setting.id,
  type: setting.secret === undefined ? 'public' : 'confidential',
  redirectUris: setting.redirect_uris,
  responseTypes: setting.response_types ?? (setting.grants.includes('authorization_code') ? ['code'] : []),
  grantTypes: setting.grants,
  grantTypesByGet: setting.token_by_get,
  scopes: setting.scopes.filter(isScope),
  ...(setting.default_scopes && { defaultScopes: setting.default_scopes.filter(isScope) }),
  accessTokenSeconds: setting.access_token_seconds,
  ...(setting.refresh_idle_seconds && { refreshIdleSeconds: setting.refresh_idle_seconds }),
  ...(setting.refresh_absolute_seconds && { refreshAbsoluteSeconds: setting.refresh_absolute_seconds }),
  tokenInQuery: setting.query_tokens ? 'allowed' : 'refused',
  codeChallenge: setting.require_pkce ? 'required' : 'optional',
  tokenFormat: setting.token_format,
  tokenBinding: setting.token_binding,
});

/** The fields of a description, as the file writes them. */
const asInFile = (fault: string): string =>
  fault.replace(/^\w+/, (field) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));

const unknownScopes = (field: string, scopes: readonly string[]): readonly string[] => {
  const unknown = scopes.filter((scope) => !isScope(scope));
  return unknown.length === 0 ? [] : [`${field}: there is no scope ${unknown.join(', ')}`];
};

/** The mistakes that the schema of the file and the rules of a description do not find. */
const faultsOf = ({ secret, grants, token_by_get: byGet, ...setting }: ClientSetting): readonly string[] => [
  ...unknownScopes('scopes', setting.scopes),
  ...unknownScopes('default_scopes', setting.default_scopes ?? []),
  ...(byGet.every((grant) => grants.includes(grant)) ? [] : ['token_by_get: must be some of grants']),
  ...(secret === undefined && grants.includes('client_credentials')
    ? ['grants: client_credentials needs a secret']
    : []),
];

const faultsOfDescription = (setting: ClientSetting): readonly string[] => {
  if (setting.id === BUILT_IN_CLIENT_ID) return ['id: belongs to the service itself'];
  try {
    describedClient(describe(setting), { secretHash: null, createdAt: 0 });
    return [];
  } catch (error) {
    if (error instanceof InvalidAccountError) return error.message.split('; ').map(asInFile);
    throw error;
  }
};

/** Checks the clients of the configuration file as `configureClients` does, and writes nothing. */
export const mistakesInClients = (settings: readonly ClientSetting[]): readonly string[] =>
  settings.flatMap((setting, index) => {
    const faults = faultsOf(setting);
    const all = faults.length > 0 ? faults : faultsOfDescription(setting);
    return all.map((fault) => `clients[${index}].${fault}`);
  });

/** @returns what is wrong with the client, which is not written then */
const configure = async (admin: ClientAdmin, setting: ClientSetting): Promise<readonly string[]> => {
  const faults = faultsOf(setting);
  if (faults.length > 0) return faults;
  try {
    await admin.configure(describe(setting), setting.secret ?? null);
    return [];
  } catch (error) {
    if (error instanceof InvalidAccountError) return error.message.split('; ').map(asInFile);
    throw error;
  }
};

/**
 * Writes the clients of the configuration file: what stands there holds, from each start on.
 * @throws ConfigError naming every mistake
 */
export const configureClients = async (admin: ClientAdmin, settings: readonly ClientSetting[]): Promise<void> => {
  const mistakes: string[] = [];
  for (const [index, setting] of settings.entries()) {
    const faults = await configure(admin, setting);
    mistakes.push(...faults.map((fault) => `clients[${index}].${fault}`));
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
};

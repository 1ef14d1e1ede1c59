import { ConfigError } from './config.ts';
import type { ClientAdmin } from './oauth/client-admin.ts';
import type { ClientDescription } from './oauth/client-description.ts';
import { InvalidAccountError } from './oauth/errors.ts';
import { isScope } from './oauth/permissions.ts';
import type { ClientSetting } from './settings.ts';

const describe = (setting: ClientSetting): ClientDescription => ({
  id: setting.id,
  name: setting.name ?? setting.id,
  type: setting.secret === undefined ? 'public' : 'confidential',
  redirectUris: setting.redirect_uris,
  responseTypes: setting.response_types,
  grantTypes: setting.grants,
  grantTypesByGet: setting.code_by_get ? ['authorization_code'] : [],
  scopes: setting.scopes.filter(isScope),
  accessTokenSeconds: setting.access_token_seconds,
  tokenInQuery: setting.query_tokens ? 'allowed' : 'refused',
});

/** The fields of a description, as the file writes them. */
const asInFile = (fault: string): string =>
  fault.replace(/^\w+/, (field) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));

/** @returns what is wrong with the client, which is not written then */
const configure = async (admin: ClientAdmin, setting: ClientSetting): Promise<readonly string[]> => {
  const unknown = setting.scopes.filter((scope) => !isScope(scope));
  if (unknown.length > 0) return [`scopes: there is no scope ${unknown.join(', ')}`];
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

import type { ClientSetting } from '../../config/settings.ts';
import { createAdministration } from '../../oauth/administration.ts';
import { describedClient } from '../../oauth/clients/client-description.ts';
import { BUILT_IN_CLIENT_ID, type ClientStore } from '../../oauth/model/account-stores.ts';
import type { PasswordHasher } from '../../oauth/model/secrets.ts';
import type { OAuthStores } from '../../oauth/model/stores.ts';
import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Log } from '../../shared/log.ts';
import { configureClients } from './configured-clients.ts';
import { ensureSandboxAccounts } from './sandbox-accounts.ts';

export interface PrepareAccountsOptions {
  readonly stores: OAuthStores;
  readonly hasher: PasswordHasher;
  readonly publicUrl: string;
  readonly sandbox: boolean;
  /** Those of the configuration file. */
  readonly clients: readonly ClientSetting[];
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** Tokens for programs that log in with a person's name and password. It has no grant of RFC 6749 and no address. */
const builtInClient = describedClient(
  {
    id: BUILT_IN_CLIENT_ID,
    name: 'Offhook',
    type: 'public',
    redirectUris: [],
    responseTypes: [],
    grantTypes: [],
    scopes: ['all'],
    accessTokenSeconds: 900,
    tokenFormat: 'jwt',
  },
  { secretHash: null, createdAt: 0 },
);

/** Writes the client that belongs to the service itself. What stood under its id is replaced. */
export const ensureBuiltInClient = ({ clients }: { readonly clients: ClientStore }): Promise<void> =>
  clients.save(builtInClient);

/**
 * Writes the accounts that a start brings: those of the sandbox while it is on, the built-in client, and the clients of
 * the configuration file.
 * @throws ConfigError naming every mistake in the clients of the file
 */
export const prepareAccounts = async (options: PrepareAccountsOptions): Promise<void> => {
  const { stores, hasher, publicUrl, sandbox, clients, clock, ids, log } = options;
  if (sandbox) await ensureSandboxAccounts({ stores, hasher, publicUrl, clock, ids, log });
  await ensureBuiltInClient(stores);
  await configureClients(createAdministration({ stores, hasher, clock, ids, log }).clients, clients);
};

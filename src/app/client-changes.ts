import { describedClient } from '../oauth/clients/client-description.ts';
import { BUILT_IN_CLIENT_ID, type Client, type ClientChanges } from '../oauth/model/account-stores.ts';
import { InvalidAccountError, UnknownAccountError } from '../oauth/model/errors.ts';
import type { Stores } from '../storage/stores.ts';

export type { ClientChanges };

/**
 * @throws UnknownAccountError where there is no such client
 */
export const clientNamed = async ({ clients }: Pick<Stores, 'clients'>, id: string): Promise<Client> => {
  const client = await clients.find(id);
  if (client === undefined) throw new UnknownAccountError(`There is no client ${id}.`);
  return client;
};

/**
 * Changes a client, which takes effect at once. Codes on their way to an address that it has no more are not redeemed, and
 * what users decided for that address is forgotten; tokens that were given live on.
 * @throws UnknownAccountError where there is no such client
 * @throws InvalidAccountError where it would have faults: it names every one, and nothing was changed
 */
export const changeClient = async (
  stores: Pick<Stores, 'clients'>,
  id: string,
  changesOf: (client: Client) => ClientChanges,
): Promise<Client> => {
  const client = await clientNamed(stores, id);
  if (id === BUILT_IN_CLIENT_ID) throw new InvalidAccountError(`${id} belongs to the service itself.`);
  if (client.kind === 'key-pair') throw new InvalidAccountError(`${id} is the key pair of an administrator.`);
  const changes = consistent(client, changesOf(client));
  const changed = { ...client, ...changes };
  refuseFaults(changed);
  await stores.clients.change(id, changes);
  return changed;
};

/**
 * @throws InvalidAccountError where the client has faults: it names every one
 */
const refuseFaults = ({ ownerId, ...client }: Client): void => {
  const type = client.secretHash === null ? 'public' : 'confidential';
  describedClient({ ...client, ...(ownerId !== null && { ownerId }), type }, client);
};

/** What hangs on what is changed: default scopes on the scopes, requests by GET on the grants. */
const consistent = (client: Client, changes: ClientChanges): ClientChanges => {
  const { scopes, grantTypes } = changes;
  return {
    ...(scopes && { defaultScopes: defaultsWithin(client, scopes) }),
    ...(grantTypes && { grantTypesByGet: client.grantTypesByGet.filter((grant) => grantTypes.includes(grant)) }),
    ...changes,
  };
};

const defaultsWithin = (client: Client, scopes: Client['scopes']): Client['scopes'] => {
  const kept = client.defaultScopes.filter((scope) => scopes.includes(scope));
  const wereAll = client.defaultScopes.length === client.scopes.length;
  return wereAll || kept.length === 0 ? scopes : kept;
};

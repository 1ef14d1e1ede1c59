import { BUILT_IN_CLIENT_ID, type ClientStore } from '../oauth/model/account-stores.ts';
import { describedClient } from '../oauth/clients/client-description.ts';

/** Tokens for programs that log in with a person's name and password. It has no grant of RFC 6749 and no address. */
const builtInClient = describedClient(
  {
    ...{ id: BUILT_IN_CLIENT_ID, name: 'Offhook', type: 'public' },
    ...{ redirectUris: [], responseTypes: [], grantTypes: [] },
    scopes: ['all'],
    accessTokenSeconds: 900,
    tokenFormat: 'jwt',
  },
  { secretHash: null, createdAt: 0 },
);

/** Writes the client that belongs to the service itself. What stood under its id is replaced. */
export const ensureBuiltInClient = ({ clients }: { readonly clients: ClientStore }): Promise<void> =>
  clients.save(builtInClient);

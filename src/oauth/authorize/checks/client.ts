import type { Admission, RequestRoute } from '../../model/admission.ts';
import { UntrustedRequestError } from '../../model/errors.ts';
import type { Parameters } from '../../request/parameters.ts';
import type { Client, ClientStore } from '../../model/account-stores.ts';

/** RFC 6749 section 4.1.2.1: an unknown client is told to the person, never redirected. */
export const identifyClient = async (
  parameters: Parameters,
  deps: { readonly clients: ClientStore; readonly admission: Admission; readonly route: RequestRoute },
): Promise<Client> => {
  const id = parameters.get('client_id');
  const client = id === undefined ? undefined : await deps.clients.find(id);
  if (client === undefined || !deps.admission.admits(client, deps.route)) {
    throw new UntrustedRequestError('The application that sent you here is not known.');
  }
  return client;
};

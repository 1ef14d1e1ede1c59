import type { Parameters } from '../../request/parameters.ts';
import type { Client } from '../../model/account-stores.ts';

/** A request whose client and address are known to be good: from here on, errors may be redirected. */
export interface IncomingRequest {
  readonly parameters: Parameters;
  readonly client: Client;
}

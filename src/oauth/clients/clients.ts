import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import { ClientFailureLimit } from '../limits/client-failure-limit.ts';
import type { Admission } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import type { OAuthStores } from '../model/stores.ts';
import { ApplicationAdmin } from './application-admin.ts';
import { type ClientAuthenticator, createClientAuthenticator } from './client-authenticator.ts';
import { ClientRegistration } from './client-registration.ts';
import { createKeyPairs, type KeyPairs } from './key-pairs.ts';
import { createRegistrationTokens, type RegistrationTokens } from './registration-tokens.ts';

/** Applications: who they are, and how they come to be. */
export interface Clients {
  readonly clientAuthenticator: ClientAuthenticator;
  readonly clientRegistration: ClientRegistration;
  readonly applicationAdmin: ApplicationAdmin;
  readonly keyPairs: KeyPairs;
  readonly registrationTokenAdmin: RegistrationTokens;
}

export const createClients = (parts: {
  readonly stores: Pick<OAuthStores, 'clients' | 'users' | 'registrationTokens'>;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly ids: IdSource;
}): Clients => {
  const { admission, auditLog, clock, ids } = parts;
  const { clients, users, registrationTokens } = parts.stores;
  return {
    clientAuthenticator: createClientAuthenticator({
      clients,
      admission,
      failureLimit: new ClientFailureLimit(clock),
      clock,
    }),
    clientRegistration: new ClientRegistration({
      registrationTokens,
      clients,
      users,
      admission,
      auditLog,
      clock,
      ids,
    }),
    applicationAdmin: new ApplicationAdmin({ clients, auditLog, clock, ids }),
    keyPairs: createKeyPairs({ clients, auditLog, clock, ids }),
    registrationTokenAdmin: createRegistrationTokens({ registrationTokens, auditLog, clock, ids }),
  };
};

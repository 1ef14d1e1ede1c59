import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { ClientAuthenticator } from '../clients/client-authenticator.ts';
import type { Admission } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import type { OAuthStores } from '../model/stores.ts';
import { DeviceAuthorization } from './device-authorization.ts';
import { DeviceConsent } from './device-consent.ts';

/** RFC 8628 up to the token request: the device's part, and the person's. */
export interface DeviceFlow {
  readonly deviceAuthorization: DeviceAuthorization;
  readonly deviceConsent: DeviceConsent;
}

export const createDeviceFlow = (parts: {
  readonly stores: Pick<OAuthStores, 'devices' | 'clients'>;
  readonly clientAuthenticator: ClientAuthenticator;
  readonly publicUrl: string;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly ids: IdSource;
}): DeviceFlow => {
  const { clientAuthenticator, publicUrl, admission, auditLog, clock, ids } = parts;
  const { devices, clients } = parts.stores;
  return {
    deviceAuthorization: new DeviceAuthorization({ devices, clientAuthenticator, publicUrl, clock, ids }),
    deviceConsent: new DeviceConsent({ devices, clients, admission, auditLog, clock }),
  };
};

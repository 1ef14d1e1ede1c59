import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { LoginService } from '../accounts/login-service.ts';
import type { Admission } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import type { OAuthStores } from '../model/stores.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { type AuthorizationCodeGrant, createAuthorizationCodeGrant } from './authorization-code.ts';
import { type ClientCredentialsGrant, createClientCredentialsGrant } from './client-credentials.ts';
import { createDeviceCodeGrant, type DeviceCodeGrant } from './device-code.ts';
import { createDirectIssue, type DirectIssue } from './direct-issue.ts';
import { createImplicitGrant, type ImplicitGrant } from './implicit.ts';
import { createPasswordGrant, type PasswordGrant } from './password.ts';
import { createRefreshTokenGrant, type RefreshTokenGrant } from './refresh-token.ts';

/** Every way to tokens. */
export interface Grants {
  readonly authorizationCode: AuthorizationCodeGrant;
  readonly implicit: ImplicitGrant;
  readonly refreshToken: RefreshTokenGrant;
  readonly password: PasswordGrant;
  readonly clientCredentials: ClientCredentialsGrant;
  readonly deviceCode: DeviceCodeGrant;
  /** What the grants without a code, and the Basic login, issue by. */
  readonly direct: DirectIssue;
}

export const createGrants = (parts: {
  readonly stores: Pick<OAuthStores, 'users' | 'tokens' | 'codes' | 'devices'>;
  readonly tokens: Pick<Tokens, 'tokenMinter' | 'tokenReader'>;
  readonly logins: LoginService;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
  readonly ids: IdSource;
}): Grants => {
  const { logins, admission, auditLog, clock, ids } = parts;
  const { users, tokens, codes, devices } = parts.stores;
  const { tokenMinter, tokenReader } = parts.tokens;
  const direct = createDirectIssue({ tokens, tokenMinter, clock, ids });
  return {
    authorizationCode: createAuthorizationCodeGrant({ codes, tokenMinter, admission, auditLog, clock, ids }),
    implicit: createImplicitGrant({ tokens, tokenMinter, clock, ids }),
    refreshToken: createRefreshTokenGrant({ tokens, tokenMinter, tokenReader, admission, auditLog, clock }),
    password: createPasswordGrant({ logins, directIssue: direct, auditLog }),
    clientCredentials: createClientCredentialsGrant({ users, directIssue: direct, admission, auditLog }),
    deviceCode: createDeviceCodeGrant({ devices, tokenMinter, admission, auditLog, clock }),
    direct,
  };
};

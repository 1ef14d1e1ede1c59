import type { Clock } from '../../shared/clock.ts';
import type { AuditLog } from '../model/audit-log.ts';
import type { OAuthStores } from '../model/stores.ts';
import { createDpopProofs, type DpopProofs } from './dpop-proofs.ts';
import { createJwtTokens, type JwtTokens } from './jwt-tokens.ts';
import { SigningKeys } from './signing-keys.ts';

/** What signs, and what is proved by a signature. */
export interface Keys {
  readonly signingKeys: SigningKeys;
  readonly jwt: JwtTokens;
  readonly proofs: DpopProofs;
}

export const createKeys = (parts: {
  readonly stores: Pick<OAuthStores, 'signingKeys' | 'proofs'>;
  readonly publicUrl: string;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly clock: Clock;
}): Keys => {
  const { stores, publicUrl, auditLog, clock } = parts;
  const signingKeys = new SigningKeys({ signingKeys: stores.signingKeys, auditLog, clock });
  return {
    signingKeys,
    jwt: createJwtTokens({ keys: signingKeys, publicUrl, clock }),
    proofs: createDpopProofs({ proofs: stores.proofs, publicUrl, clock }),
  };
};

import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Keys } from '../keys/keys.ts';
import { type RequestRate, RequestRateLimit } from '../limits/request-rate-limit.ts';
import type { Admission } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { resourceOf } from '../model/resource.ts';
import type { OAuthStores } from '../model/stores.ts';
import type { TokenReview, TokenVerifier } from '../request/principal.ts';
import { createIntrospection, type Introspection } from './introspection.ts';
import { createOwnGrants, type OwnGrants } from './own-grants.ts';
import { createRevocation, type Revocation } from './revocation.ts';
import { createTokenMinter, type TokenMinter } from './token-minter.ts';
import { createTokenReader, type TokenReader } from './token-reader.ts';
import { TokenUses } from './token-uses.ts';
import { createTokenVerifier } from './token-verifier.ts';

/** What becomes of tokens: drawn, found again, checked, shown, revoked. */
export interface Tokens {
  readonly tokenMinter: TokenMinter;
  readonly tokenReader: TokenReader;
  readonly tokenUses: TokenUses;
  readonly tokenVerifier: TokenVerifier & TokenReview;
  readonly introspection: Introspection;
  readonly revocation: Revocation;
  readonly ownGrants: OwnGrants;
}

export const createTokens = (parts: {
  readonly stores: Pick<OAuthStores, 'tokens'>;
  readonly keys: Pick<Keys, 'jwt' | 'proofs'>;
  readonly publicUrl: string;
  /** How often each client, and each address, may introspect. */
  readonly introspectionRate: RequestRate;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly ids: IdSource;
}): Tokens => {
  const { publicUrl, admission, auditLog, clock, ids } = parts;
  const { tokens } = parts.stores;
  const { jwt, proofs } = parts.keys;
  const tokenReader = createTokenReader({ jwt });
  const tokenUses = new TokenUses(tokens);
  return {
    tokenMinter: createTokenMinter({ ids, jwt }),
    tokenReader,
    tokenUses,
    tokenVerifier: createTokenVerifier({ tokens, tokenReader, proofs, tokenUses, admission, clock }),
    introspection: createIntrospection({
      tokens,
      tokenReader,
      jwt,
      admission,
      clock,
      rateLimit: new RequestRateLimit(parts.introspectionRate, clock),
      issuer: publicUrl,
      audience: resourceOf(publicUrl),
    }),
    revocation: createRevocation({ tokens, tokenReader, auditLog }),
    ownGrants: createOwnGrants({ tokens, auditLog, clock }),
  };
};

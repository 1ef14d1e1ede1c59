import { type Authorization, createAuthorization } from '../oauth/authorization.ts';
import type { PasswordHasher } from '../oauth/model/secrets.ts';
import type { OAuthStores } from '../oauth/model/stores.ts';
import type { Clock } from '../shared/clock.ts';
import type { IdSource } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';

export interface AuthorizationSettings {
  readonly stores: OAuthStores;
  readonly hasher: PasswordHasher;
  /** The issuer, and the base of every address that is handed out. */
  readonly publicUrl: string;
  readonly sandbox: boolean;
  /** Whose password grant needs no client (RFC 6749 section 4.3 asks for one); undefined: no client's. */
  readonly firstPartyClientId: string | undefined;
  /** Whether a program gets tokens for a person's name and password by Basic. */
  readonly basicLogin: boolean;
  /** How often each client may ask for tokens; 0: as often as it likes. */
  readonly tokenRequestsPerSecondPerClient: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Log;
}

/** argon2 keeps a core busy: two at once would leave none to the calls on a small machine. 100 wait some 2 seconds. */
const LOGINS = { atOnce: 1, mostWaiting: 100 };

/**
 * Each costs a query and a line of JSON: 50 a second leave the core to the calls, and a client with more requests of its
 * own to check than that should take JWT.
 */
const INTROSPECTIONS = { most: 500, windowSeconds: 10 };

/** The authorization server, with the numbers of this service. */
export const composeAuthorization = (settings: AuthorizationSettings): Authorization => {
  const { stores, hasher, publicUrl, firstPartyClientId, clock, ids, log } = settings;
  const most = settings.tokenRequestsPerSecondPerClient;
  return createAuthorization({
    stores,
    hasher,
    publicUrl,
    firstPartyClientId,
    clock,
    ids,
    log,
    sandbox: settings.sandbox ? 'on' : 'off',
    basicLogin: settings.basicLogin ? 'on' : 'off',
    loginLimit: LOGINS,
    tokenRequestRate: most === 0 ? undefined : { most, windowSeconds: 1 },
    introspectionRate: INTROSPECTIONS,
  });
};

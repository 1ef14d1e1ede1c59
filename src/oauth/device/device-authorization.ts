import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { ClientAuthenticator, ClientRequest } from '../clients/client-authenticator.ts';
import { RequestRateLimit } from '../limits/request-rate-limit.ts';
import { type Client, DEVICE_CODE_GRANT } from '../model/account-stores.ts';
import { OAuthError, TooManyRequestsError } from '../model/errors.ts';
import type { DeviceGrant, DeviceGrantStore } from '../model/grant-stores.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import { requestedScopes } from '../model/requested-scopes.ts';
import { hashSecret, newSecret } from '../model/secrets.ts';
import { newFamilyId } from '../tokens/token-minter.ts';
import { hashUserCode, newUserCode } from './user-code.ts';

const LIFETIME_SECONDS = 600;
const INTERVAL_SECONDS = 5;
/** How many devices may wait behind one address: the id of a public client is no secret, and each leaves a row. */
const DEVICES = { most: 100, windowSeconds: LIFETIME_SECONDS };

/** Where too many devices wait in all: some of them are answered or forgotten each minute. */
const RETRY_SECONDS = 60;

/** RFC 8628 section 3.2. */
export interface DeviceAuthorizationResponse {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

export interface DeviceAuthorizationDeps {
  readonly devices: DeviceGrantStore;
  readonly clientAuthenticator: ClientAuthenticator;
  /** The base of the address that a person is sent to. */
  readonly publicUrl: string;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** RFC 8628 section 3.1: what has no browser asks for an answer that a person gives elsewhere. */
export class DeviceAuthorization {
  readonly #deps: DeviceAuthorizationDeps;
  readonly #rateLimit: RequestRateLimit;

  constructor(deps: DeviceAuthorizationDeps) {
    this.#deps = deps;
    this.#rateLimit = new RequestRateLimit(DEVICES, deps.clock);
  }

  /**
   * @throws OAuthError `invalid_request` where a parameter was repeated
   * @throws OAuthError `invalid_client` where the client could not be authenticated
   * @throws OAuthError `unauthorized_client` where it may not use the device flow
   * @throws OAuthError `invalid_scope` where the scope is unknown, or more than the client may ask for
   * @throws TooManyRequestsError where too many devices wait behind the address, or in all
   */
  async begin(request: ClientRequest): Promise<DeviceAuthorizationResponse> {
    const { clock, ids, publicUrl } = this.#deps;
    const client = await this.#clientOf(request);
    const scopes = requestedScopes(client, request.parameters.get('scope'));
    this.#rateLimit.take(networkOfAddress(request.address));
    const now = clock.now();
    const deviceCode = newSecret(ids);
    const userCode = await this.#insert({
      deviceCodeHash: hashSecret(deviceCode),
      familyId: newFamilyId(ids, now),
      clientId: client.id,
      scopes,
      createdAt: now,
      expiresAt: now + LIFETIME_SECONDS * 1000,
    });
    const verificationUri = `${publicUrl}/device`;
    return {
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: verificationUri,
      verification_uri_complete: `${verificationUri}?user_code=${userCode}`,
      expires_in: LIFETIME_SECONDS,
      interval: INTERVAL_SECONDS,
    };
  }

  async #clientOf(request: ClientRequest): Promise<Client> {
    if (request.parameters.hasRepetition) {
      throw new OAuthError('invalid_request', 'A parameter was given more than once.');
    }
    const client = await this.#deps.clientAuthenticator.authenticate(request);
    if (client.grantTypes.includes(DEVICE_CODE_GRANT)) return client;
    throw new OAuthError('unauthorized_client', 'The client may not use the device flow.');
  }

  /** @returns the user code under which the grant was written: one that no other device waits with */
  async #insert(grant: Omit<DeviceGrant, 'userCodeHash'>): Promise<string> {
    const { devices, ids } = this.#deps;
    const userCode = newUserCode(ids);
    const written = await devices.insert({ ...grant, userCodeHash: hashUserCode(userCode) });
    if (written === 'full') throw new TooManyRequestsError(RETRY_SECONDS);
    return written === 'inserted' ? userCode : this.#insert(grant);
  }
}

import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import { RequestRateLimit } from '../limits/request-rate-limit.ts';
import type { ClientStore, RegistrationTokenStore, UserStore } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import type { AuditLog } from '../model/audit-log.ts';
import { InvalidAccountError, InvalidTokenError, OAuthError } from '../model/errors.ts';
import { faultOfRedirectUri } from '../model/redirect-uri.ts';
import { hashSecret } from '../model/secrets.ts';
import { type ClientAdmin, createClientAdmin } from './client-admin.ts';
import {
  type ClientToRegister,
  type ClientWithSecret,
  describeSelfService,
  newClientId,
} from './client-description.ts';

/** What a registration token lets its bearer do. */
export interface RegistrationPermit {
  /** Stands for the token, and is of no use as one. */
  readonly tokenHash: string;
  /** What the administrator calls the token. */
  readonly name: string;
  readonly createdBy: string;
  /** Whether the clients are of the sandbox, as the maker of the token is. */
  readonly sandbox: boolean;
}

/** How many clients each token may register: they stay for ever, and a program may run wild. */
const REGISTRATIONS = { most: 100, windowSeconds: 3600 };

/** The fields of a description, as RFC 7591 section 2 names them. */
const metadataNames: Readonly<Record<string, string>> = {
  name: 'client_name',
  redirectUris: 'redirect_uris',
  grantTypes: 'grant_types',
  scopes: 'scope',
};

const asMetadata = (fault: string): string => fault.replace(/^\w+/, (field) => metadataNames[field] ?? field);

const checkRedirectUris = (redirectUris: readonly string[]): void => {
  for (const [index, uri] of redirectUris.entries()) {
    const fault = faultOfRedirectUri(uri);
    if (fault !== undefined) throw new OAuthError('invalid_redirect_uri', `redirect_uris[${index}] ${fault}.`);
  }
};

export interface ClientRegistrationDeps {
  readonly registrationTokens: RegistrationTokenStore;
  readonly clients: ClientStore;
  readonly users: UserStore;
  readonly admission: Admission;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** Clients that programs register (RFC 7591). */
export class ClientRegistration {
  readonly #deps: ClientRegistrationDeps;
  readonly #admin: ClientAdmin;
  readonly #rateLimit: RequestRateLimit;

  constructor(deps: ClientRegistrationDeps) {
    const { clients, clock, ids } = deps;
    this.#deps = deps;
    this.#admin = createClientAdmin({ clients, clock, ids });
    this.#rateLimit = new RequestRateLimit(REGISTRATIONS, clock);
  }

  /**
   * @throws InvalidTokenError where it is no registration token in force
   */
  async permit(token: string, route: RequestRoute): Promise<RegistrationPermit> {
    const { registrationTokens, users, admission, clock } = this.#deps;
    const found = await registrationTokens.find(hashSecret(token), clock.now());
    if (found === undefined) throw new InvalidTokenError();
    const maker = await users.find(found.createdBy);
    if (maker === undefined || !admission.admits(maker, route)) throw new InvalidTokenError();
    return { tokenHash: found.hash, name: found.name, createdBy: maker.id, sandbox: maker.sandbox };
  }

  /**
   * @throws OAuthError `invalid_redirect_uri` where an address may not be registered
   * @throws OAuthError `invalid_client_metadata` where the description has other faults
   * @throws TooManyRequestsError where the token registered too many clients
   */
  async register(client: ClientToRegister, permit: RegistrationPermit, address: string): Promise<ClientWithSecret> {
    const { tokenHash, name, createdBy, sandbox } = permit;
    checkRedirectUris(client.redirectUris);
    this.#rateLimit.take(tokenHash);
    const created = await this.#create(client, sandbox);
    const about = { clientId: created.client.id, userId: createdBy, address, detail: name };
    this.#deps.auditLog.record('client.registered', about);
    return created;
  }

  async #create(client: ClientToRegister, sandbox: boolean): Promise<ClientWithSecret> {
    const id = newClientId(this.#deps.ids);
    try {
      return await this.#admin.create(describeSelfService({ ...client, name: client.name ?? id }, { id, sandbox }));
    } catch (cause) {
      if (!(cause instanceof InvalidAccountError)) throw cause;
      throw new OAuthError('invalid_client_metadata', cause.message.split('; ').map(asMetadata).join('; '));
    }
  }
}

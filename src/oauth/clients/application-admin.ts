import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import { ConcurrencyLimit } from '../limits/concurrency-limit.ts';
import type { Client, ClientStore } from '../model/account-stores.ts';
import { type Actor, auditedActor, type AuditEventName, type AuditLog } from '../model/audit-log.ts';
import { TooManyApplicationsError, UnknownAccountError } from '../model/errors.ts';
import { type ClientAdmin, createClientAdmin, type SecretRotation } from './client-admin.ts';
import {
  changedBySelfService,
  type ClientWithSecret,
  describeSelfService,
  newClientId,
  type SelfServiceChanges,
  type SelfServiceClient,
} from './client-description.ts';

export interface ApplicationAdminDeps {
  readonly clients: ClientStore;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
  readonly ids: IdSource;
}

const MOST_APPLICATIONS = 50;
const MOST_WAITING = 100;

/** A user's own applications. Those of others look as if they did not exist. Everything takes effect at once. */
export class ApplicationAdmin {
  readonly #deps: ApplicationAdminDeps;
  readonly #admin: ClientAdmin;
  // One at a time: those that are sent together would all be counted before the first is there.
  readonly #creations = new ConcurrencyLimit({ atOnce: 1, mostWaiting: MOST_WAITING });

  constructor(deps: ApplicationAdminDeps) {
    const { clients, clock, ids } = deps;
    this.#deps = deps;
    this.#admin = createClientAdmin({ clients, clock, ids });
  }

  /** By name. */
  list({ user }: Actor): Promise<readonly Client[]> {
    return this.#deps.clients.listOwnedBy(user.id);
  }

  /**
   * @throws InvalidAccountError where the description has faults
   * @throws TooManyApplicationsError where the owner has as many as one may have
   * @throws TooManyRequestsError where too many wait to be created
   */
  create(owner: Actor, application: SelfServiceClient): Promise<ClientWithSecret> {
    const { clients, ids } = this.#deps;
    const { id: ownerId, sandbox } = owner.user;
    return this.#creations.run(ownerId, async () => {
      if ((await clients.listOwnedBy(ownerId)).length >= MOST_APPLICATIONS) {
        throw new TooManyApplicationsError(MOST_APPLICATIONS);
      }
      const facts = { id: newClientId(ids), ownerId, sandbox };
      const created = await this.#admin.create(describeSelfService(application, facts));
      this.#record('client.created', owner, created.client.id);
      return created;
    });
  }

  /**
   * Changes an application. An address that is taken away is over at once: for codes on their way to it, and for what was
   * remembered for it. A flow that is taken away starts nothing any more; tokens that it gave live on.
   * @throws UnknownAccountError where the owner has no such application
   * @throws InvalidAccountError where the application would have faults: it names every one, and nothing was changed
   */
  async change(owner: Actor, id: string, changes: SelfServiceChanges): Promise<Client> {
    const changed = changedBySelfService(await this.#own(owner, id), changes);
    const { name, redirectUris, responseTypes, grantTypes } = changed;
    await this.#deps.clients.change(id, { name, redirectUris, responseTypes, grantTypes });
    this.#record('client.changed', owner, id);
    return changed;
  }

  /**
   * With an overlap the present secret is taken for so long beside the new one; without, the application's tokens are
   * revoked. See `ClientAdmin`.
   * @throws UnknownAccountError where the owner has no such application
   * @throws InvalidAccountError where it is public and has no secret, or the overlap is too long
   */
  async rotateSecret(owner: Actor, id: string, rotation: SecretRotation = {}): Promise<ClientWithSecret> {
    await this.#own(owner, id);
    const rotated = await this.#admin.rotateSecret(id, rotation);
    this.#record('client.secret_rotated', owner, id);
    return rotated;
  }

  /**
   * Takes with it all that users allowed the application.
   * @throws UnknownAccountError where the owner has no such application
   */
  async delete(owner: Actor, id: string): Promise<void> {
    await this.#own(owner, id);
    await this.#admin.delete(id);
    this.#record('client.deleted', owner, id);
  }

  async #own({ user }: Actor, id: string): Promise<Client> {
    const client = await this.#deps.clients.find(id);
    if (client?.ownerId === user.id && client.kind === 'application') return client;
    throw new UnknownAccountError(`There is no application ${id}.`);
  }

  #record(event: AuditEventName, owner: Actor, clientId: string): void {
    this.#deps.auditLog.record(event, { ...auditedActor(owner), clientId });
  }
}

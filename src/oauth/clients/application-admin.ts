import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Client, ClientStore } from '../model/account-stores.ts';
import { type Actor, auditedActor, type AuditEventName, type AuditLog } from '../model/audit-log.ts';

import {
  type ClientWithSecret,
  describeSelfService,
  newClientId,
  type SelfServiceClient,
} from './client-description.ts';
import { createClientAdmin } from './client-admin.ts';

import { ConcurrencyLimit } from '../limits/concurrency-limit.ts';
import { TooManyApplicationsError, UnknownAccountError } from '../model/errors.ts';

/** A user's own applications. Those of others look as if they did not exist. Everything takes effect at once. */
export interface ApplicationAdmin {
  /** By name. */
  list(owner: Actor): Promise<readonly Client[]>;
  /**
   * @throws InvalidAccountError where the description has faults
   * @throws TooManyApplicationsError where the owner has as many as one may have
   * @throws TooManyRequestsError where too many wait to be created
   */
  create(owner: Actor, application: SelfServiceClient): Promise<ClientWithSecret>;
  /**
   * Revokes the application's tokens.
   * @throws UnknownAccountError where the owner has no such application
   * @throws InvalidAccountError where it is public and has no secret
   */
  rotateSecret(owner: Actor, id: string): Promise<ClientWithSecret>;
  /**
   * Takes with it all that users allowed the application.
   * @throws UnknownAccountError where the owner has no such application
   */
  delete(owner: Actor, id: string): Promise<void>;
}

const MOST_APPLICATIONS = 50;
const MOST_WAITING = 100;

export const createApplicationAdmin = (deps: {
  readonly clients: ClientStore;
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly ids: IdSource;
}): ApplicationAdmin => {
  const { clients, auditLog, ids } = deps;
  const admin = createClientAdmin(deps);
  // One at a time: those that are sent together would all be counted before the first is there.
  const creations = new ConcurrencyLimit({ atOnce: 1, mostWaiting: MOST_WAITING });

  const refuseForeign = async ({ user }: Actor, id: string): Promise<void> => {
    const client = await clients.find(id);
    if (client?.ownerId === user.id && client.kind === 'application') return;
    throw new UnknownAccountError(`There is no application ${id}.`);
  };

  const audit = (event: AuditEventName, owner: Actor, clientId: string): void =>
    auditLog.record(event, { ...auditedActor(owner), clientId });

  return {
    list: ({ user }) => clients.listOwnedBy(user.id),

    create: (owner, application) =>
      creations.run(owner.user.id, async () => {
        const { id: ownerId, sandbox } = owner.user;
        if ((await clients.listOwnedBy(ownerId)).length >= MOST_APPLICATIONS) {
          throw new TooManyApplicationsError(MOST_APPLICATIONS);
        }
        const facts = { id: newClientId(ids), ownerId, sandbox };
        const created = await admin.create(describeSelfService(application, facts));
        audit('client.created', owner, created.client.id);
        return created;
      }),

    rotateSecret: async (owner, id) => {
      await refuseForeign(owner, id);
      const rotated = await admin.rotateSecret(id);
      audit('client.secret_rotated', owner, id);
      return rotated;
    },

    delete: async (owner, id) => {
      await refuseForeign(owner, id);
      await admin.delete(id);
      audit('client.deleted', owner, id);
    },
  };
};

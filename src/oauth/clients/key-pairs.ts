import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Client, ClientStore } from '../model/account-stores.ts';
import { type Actor, auditedActor, type AuditLog, refuseUnlessAdministrator } from '../model/audit-log.ts';
import { hashSecret, newSecret } from '../model/secrets.ts';
import { type ClientDescription, describedClient, newClientId } from './client-description.ts';

/** A key pair whose secret can be seen this once. */
export interface GeneratedKeyPair {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The key pair of an administrator: client credentials that act for their owner. Each administrator has one at most. */
export interface KeyPairs {
  /**
   * The former pair and its tokens are worth nothing from then on.
   * @throws NotAdministratorError where the actor is none
   */
  generate(admin: Actor): Promise<GeneratedKeyPair>;
  /**
   * @returns undefined where the administrator has none
   * @throws NotAdministratorError where the actor is none
   */
  find(admin: Actor): Promise<Client | undefined>;
}

/** Long enough for a night's work, and over by the next one: there is no refresh token. */
const ACCESS_TOKEN_SECONDS = 36_000;

export const createKeyPairs = (deps: {
  readonly clients: ClientStore;
  readonly auditLog: AuditLog;
  readonly clock: WallClock;
  readonly ids: IdSource;
}): KeyPairs => {
  const keyPairOf = ({ user }: Actor, secret: string): Client => {
    const description: ClientDescription = {
      id: newClientId(deps.ids),
      name: `Key pair of ${user.username}`,
      type: 'confidential',
      redirectUris: [],
      responseTypes: [],
      grantTypes: ['client_credentials'],
      scopes: ['all'],
      accessTokenSeconds: ACCESS_TOKEN_SECONDS,
      ownerId: user.id,
      sandbox: user.sandbox,
    };
    const facts = { secretHash: hashSecret(secret), createdAt: deps.clock.now() };
    return { ...describedClient(description, facts), kind: 'key-pair' };
  };

  return {
    generate: async (admin) => {
      refuseUnlessAdministrator(admin);
      const clientSecret = newSecret(deps.ids);
      const keyPair = keyPairOf(admin, clientSecret);
      await deps.clients.replaceKeyPair(keyPair);
      deps.auditLog.record('key_pair.generated', { ...auditedActor(admin), clientId: keyPair.id });
      return { clientId: keyPair.id, clientSecret };
    },

    find: async (admin) => {
      refuseUnlessAdministrator(admin);
      return deps.clients.findKeyPair(admin.user.id);
    },
  };
};

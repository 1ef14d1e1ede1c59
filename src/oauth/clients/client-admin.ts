import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import { BUILT_IN_CLIENT_ID, type Client, type ClientStore } from '../model/account-stores.ts';
import { InvalidAccountError, UnknownAccountError } from '../model/errors.ts';
import { hashSecret, newSecret } from '../model/secrets.ts';
import { type ClientDescription, type ClientWithSecret, describedClient } from './client-description.ts';

/** The applications, for the administrator of the service. Everything takes effect at once. */
export interface ClientAdmin {
  /**
   * @throws InvalidAccountError where the id is taken, or the description has faults
   */
  create(description: ClientDescription): Promise<ClientWithSecret>;
  /**
   * Writes a client that a configuration file or the sandbox describes, secret included. A changed secret revokes what
   * the old one obtained.
   * @throws InvalidAccountError where the description or the secret has faults
   */
  configure(description: ClientDescription, secret: string | null): Promise<Client>;
  /** All clients, by id. */
  list(): Promise<readonly Client[]>;
  /**
   * Gives a confidential client a new secret. With an overlap, the present one is taken beside it for so long and no token
   * is revoked: the client is changed over without an outage. Without, for a secret that got known, the present one and
   * the one before it are refused at once, and the client's codes and tokens are revoked.
   * @throws UnknownAccountError where there is no such client
   * @throws InvalidAccountError where it is public, or the overlap is longer than 90 days
   */
  rotateSecret(id: string, rotation?: SecretRotation): Promise<ClientWithSecret>;
  /**
   * Takes with it what users allowed the client, its tokens included.
   * @throws UnknownAccountError where there is no such client
   */
  delete(id: string): Promise<void>;
}

/** How a secret is replaced. */
export interface SecretRotation {
  /** How long the present secret is taken beside the new one, in seconds; 0 by default: it is refused at once. */
  readonly overlapSeconds?: number;
}

const MOST_OVERLAP_SECONDS = 90 * 24 * 3600;

const checkOverlap = (seconds: number): void => {
  if (Number.isSafeInteger(seconds) && seconds >= 0 && seconds <= MOST_OVERLAP_SECONDS) return;
  throw new InvalidAccountError('The overlap must be a whole number of seconds, of 90 days at the most.');
};

/** Our own secrets have 256 bits. One that a person made up is only taken when it is as long as that. */
const LEAST_CHARACTERS = 32;

const checkSecret = ({ type, sandbox }: ClientDescription, secret: string | null): void => {
  if ((secret === null) !== (type === 'public')) {
    throw new InvalidAccountError('A confidential client has a secret, a public one has none.');
  }
  if (secret !== null && secret.length < LEAST_CHARACTERS && sandbox !== true) {
    throw new InvalidAccountError(`A secret must have at least ${LEAST_CHARACTERS} characters.`);
  }
};

interface ClientAdminDeps {
  readonly clients: ClientStore;
  readonly clock: WallClock;
  readonly ids: IdSource;
}

const createRotation =
  ({ clients, clock, ids }: ClientAdminDeps) =>
  async (client: Client, { overlapSeconds = 0 }: SecretRotation): Promise<ClientWithSecret> => {
    const { id, secretHash: former } = client;
    if (former === null) throw new InvalidAccountError(`${id} is a public client and has no secret.`);
    checkOverlap(overlapSeconds);
    const secret = newSecret(ids);
    const secretHash = hashSecret(secret);
    const endsAt = clock.now() + overlapSeconds * 1000;
    const formerSecret = overlapSeconds === 0 ? null : { hash: former, endsAt };
    await clients.rotateSecret(id, secretHash, formerSecret ?? undefined);
    return { client: { ...client, secretHash, formerSecret }, secret };
  };

export const createClientAdmin = (deps: ClientAdminDeps): ClientAdmin => {
  const rowOf = (description: ClientDescription, secret: string | null): Client =>
    describedClient(description, {
      secretHash: secret === null ? null : hashSecret(secret),
      createdAt: deps.clock.now(),
    });

  const rotate = createRotation(deps);

  const replaceSecret = async (known: Client, { id, secretHash }: Client): Promise<void> => {
    if (known.secretHash === null || secretHash === null || known.secretHash === secretHash) return;
    await deps.clients.rotateSecret(id, secretHash);
  };

  const find = async (id: string): Promise<Client> => {
    const client = await deps.clients.find(id);
    if (client === undefined) throw new UnknownAccountError(`There is no client ${id}.`);
    return client;
  };

  return {
    create: async (description) => {
      const secret = description.type === 'public' ? null : newSecret(deps.ids);
      const client = rowOf(description, secret);
      if ((await deps.clients.insert(client)) === 'taken') {
        throw new InvalidAccountError(`There is a client ${client.id} already.`);
      }
      return { client, secret };
    },

    configure: async (description, secret) => {
      if (description.id === BUILT_IN_CLIENT_ID) throw new InvalidAccountError('id: belongs to the service itself');
      checkSecret(description, secret);
      const known = await deps.clients.find(description.id);
      const described = rowOf(description, secret);
      const client = known === undefined ? described : { ...described, createdAt: known.createdAt };
      if (known !== undefined) await replaceSecret(known, client);
      await deps.clients.save(client);
      return client;
    },

    list: () => deps.clients.list(),

    rotateSecret: async (id, rotation = {}) => rotate(await find(id), rotation),

    delete: async (id) => {
      await deps.clients.delete((await find(id)).id);
    },
  };
};

import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { AccountStatus, DeletedWithUser, User, UserStore } from '../model/account-stores.ts';
import { InvalidAccountError, UnknownAccountError } from '../model/errors.ts';
import type { Role } from '../model/permissions.ts';
import type { PasswordHasher } from '../model/secrets.ts';
import { usernameAsWritten } from '../model/username.ts';

export interface NewUser {
  readonly username: string;
  readonly password: string;
  readonly role: Role;
  readonly sandbox?: boolean;
}

/** A user who is deleted, and what went with the account. */
export interface DeletedUser extends DeletedWithUser {
  readonly user: User;
}

/** The accounts of people, for the administrator of the service. Everything takes effect at once. */
export interface UserAdmin {
  /**
   * @throws InvalidAccountError where the name is taken, in whatever case, or unusable, or the password too short
   */
  create(user: NewUser): Promise<User>;
  /** All users, by name. */
  list(): Promise<readonly User[]>;
  /**
   * Ends the user's sessions and revokes the user's tokens.
   * @returns the user, as of the change
   * @throws UnknownAccountError where there is no such user
   * @throws InvalidAccountError where the password is too short
   */
  setPassword(username: string, password: string): Promise<User>;
  /**
   * `disabled` ends the user's sessions, revokes the user's tokens, and disables the user's applications too.
   * @returns the user, as of the change
   * @throws UnknownAccountError where there is no such user
   */
  setStatus(username: string, status: AccountStatus): Promise<User>;
  /**
   * Ends the user's sessions and deletes the account with its tokens, its applications and their tokens, its phones and
   * where they are registered. The journal keeps the calls, under the name that the user had; calls that are ongoing are
   * the caller's affair. The name is free again. A user of the sandbox comes back with its next start.
   * @throws UnknownAccountError where there is no such user
   */
  delete(username: string): Promise<DeletedUser>;
}

const USER_ID_BITS = 128;
const LEAST_CHARACTERS = 8;
const MOST_CHARACTERS = 1024;

/** No space, no colon (Basic), nothing that cannot be seen. */
const usableName = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u;

/** NIST SP 800-63B section 5.1.1.2: a length, and no rules of composition. */
const checkPassword = (password: string): void => {
  if (password.length < LEAST_CHARACTERS || password.length > MOST_CHARACTERS) {
    throw new InvalidAccountError(`The password must have ${LEAST_CHARACTERS} to ${MOST_CHARACTERS} characters.`);
  }
};

export interface UserAdminDeps {
  readonly users: UserStore;
  readonly hasher: PasswordHasher;
  readonly clock: WallClock;
  readonly ids: IdSource;
}

const createUser = async (
  { users, hasher, clock, ids }: UserAdminDeps,
  { password, role, sandbox = false, ...given }: NewUser,
): Promise<User> => {
  const username = usernameAsWritten(given.username);
  if (!usableName.test(username)) throw new InvalidAccountError('The username must be letters, digits and ._@+-');
  if (!sandbox) checkPassword(password);
  const user: User = {
    id: ids.random(USER_ID_BITS),
    username,
    passwordHash: await hasher.hash(password),
    role,
    status: 'active',
    sandbox,
    createdAt: clock.now(),
  };
  if ((await users.insert(user)) === 'taken') throw new InvalidAccountError(`There is a user ${username} already.`);
  return user;
};

export const createUserAdmin = (deps: UserAdminDeps): UserAdmin => {
  const find = async (username: string): Promise<User> => {
    const user = await deps.users.findByUsername(username);
    if (user === undefined) throw new UnknownAccountError(`There is no user ${username}.`);
    return user;
  };

  return {
    create: (given) => createUser(deps, given),

    list: () => deps.users.list(),

    setPassword: async (username, password) => {
      checkPassword(password);
      const user = await find(username);
      const passwordHash = await deps.hasher.hash(password);
      await deps.users.changePassword(user.id, passwordHash);
      return { ...user, passwordHash };
    },

    setStatus: async (username, status) => {
      const user = await find(username);
      await deps.users.setStatus(user.id, status);
      return { ...user, status };
    },

    delete: async (username) => {
      const user = await find(username);
      const deleted = await deps.users.delete(user.id);
      if (deleted === undefined) throw new UnknownAccountError(`There is no user ${username}.`);
      return { user, ...deleted };
    },
  };
};

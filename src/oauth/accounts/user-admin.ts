import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { AccountStatus, User, UserStore } from '../model/account-stores.ts';
import { InvalidAccountError, UnknownAccountError } from '../model/errors.ts';
import type { Role } from '../model/permissions.ts';
import type { PasswordHasher } from '../model/secrets.ts';

export interface NewUser {
  readonly username: string;
  readonly password: string;
  readonly role: Role;
  readonly sandbox?: boolean;
}

/** The accounts of people, for the administrator of the service. Everything takes effect at once. */
export interface UserAdmin {
  /**
   * @throws InvalidAccountError where the name is taken or unusable, or the password too short
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

export const createUserAdmin = (deps: {
  readonly users: UserStore;
  readonly hasher: PasswordHasher;
  readonly clock: WallClock;
  readonly ids: IdSource;
}): UserAdmin => {
  const find = async (username: string): Promise<User> => {
    const user = await deps.users.findByUsername(username.normalize('NFC'));
    if (user === undefined) throw new UnknownAccountError(`There is no user ${username}.`);
    return user;
  };

  return {
    create: async ({ password, role, sandbox = false, ...given }) => {
      const username = given.username.normalize('NFC');
      if (!usableName.test(username)) throw new InvalidAccountError('The username must be letters, digits and ._@+-');
      if (!sandbox) checkPassword(password);
      const user: User = {
        id: deps.ids.random(USER_ID_BITS),
        username,
        passwordHash: await deps.hasher.hash(password),
        role,
        status: 'active',
        sandbox,
        createdAt: deps.clock.now(),
      };
      if ((await deps.users.insert(user)) === 'taken') {
        throw new InvalidAccountError(`There is a user ${username} already.`);
      }
      return user;
    },

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
  };
};

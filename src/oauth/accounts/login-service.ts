import type { WallClock } from '../../shared/clock.ts';
import type { ConcurrencyLimit } from '../limits/concurrency-limit.ts';
import type { LoginAttempt, LoginLockout } from '../limits/login-lockout.ts';
import type { LoginAddressStore, User, UserStore } from '../model/account-stores.ts';
import type { Admission, RequestRoute } from '../model/admission.ts';
import { WrongCredentialsError } from '../model/errors.ts';
import { networkOfAddress } from '../model/network-of-address.ts';
import type { PasswordHasher } from '../model/secrets.ts';
import { usernameKey } from '../model/username.ts';

export interface LoginRequest {
  readonly username: string;
  readonly password: string;
  /** Of the person, as far as the proxies that we trust tell. */
  readonly address: string;
  readonly route: RequestRoute;
}

export interface LoginService {
  /**
   * Who the person is. An unknown user costs as much as a wrong password and gets the same answer.
   * @throws WrongCredentialsError where they are not right
   * @throws LoginLimitedError after too many failures
   * @throws TooManyRequestsError where too many logins wait already
   */
  logIn(request: LoginRequest): Promise<User>;
}

export const createLoginService = (deps: {
  readonly users: UserStore;
  readonly loginAddresses: LoginAddressStore;
  readonly hasher: PasswordHasher;
  readonly lockout: LoginLockout;
  readonly admission: Admission;
  readonly clock: WallClock;
  /** Keeps logins from starving calls of processors; it also bounds how many guesses can pass the lockout at once. */
  readonly limit: ConcurrencyLimit;
}): LoginService => {
  const prove = async (user: User | undefined, { password, route }: LoginRequest): Promise<User | undefined> => {
    const matches = await deps.hasher.verify(password, user?.passwordHash);
    return matches && user !== undefined && deps.admission.admits(user, route) ? user : undefined;
  };

  const attempt = async (request: LoginRequest): Promise<User> => {
    const { username, address } = request;
    const user = await deps.users.findByUsername(username);
    const isKnown = user !== undefined && (await deps.loginAddresses.isKnown(user.id, address));
    // One account has one lock, in however many ways its name is written.
    const tried: LoginAttempt = { username: usernameKey(username), address, addressIs: isKnown ? 'known' : 'new' };
    deps.lockout.check(tried);
    const proven = await prove(user, request);
    if (proven === undefined) {
      deps.lockout.countFailure(tried);
      throw new WrongCredentialsError();
    }
    await deps.loginAddresses.remember(proven.id, address, deps.clock.now());
    return proven;
  };

  return {
    logIn: (request) => deps.limit.run(networkOfAddress(request.address), () => attempt(request)),
  };
};

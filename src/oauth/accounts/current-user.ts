import type { Admission, RequestRoute } from '../model/admission.ts';
import type { User, UserStore } from '../model/account-stores.ts';

/** Who a session's user is now: the account may have ended since the login. */
export interface CurrentUser {
  /** @returns undefined where nobody is logged in, or the account may not be used any more */
  find(userId: string | undefined, route: RequestRoute): Promise<User | undefined>;
}

export const createCurrentUser = (deps: { readonly users: UserStore; readonly admission: Admission }): CurrentUser => ({
  find: async (userId, route) => {
    const user = userId === undefined ? undefined : await deps.users.find(userId);
    return user !== undefined && deps.admission.admits(user, route) ? user : undefined;
  },
});

import type { AccountStatus } from './account-stores.ts';

/** Whether a request came straight to us, or through a proxy, perhaps from another machine. */
export type RequestRoute = 'direct' | 'forwarded';

/** A user or a client. */
export interface Account {
  readonly status: AccountStatus;
  readonly sandbox: boolean;
}

/** Which accounts may be used now. */
export interface Admission {
  admits(account: Account, route: RequestRoute): boolean;
}

/** The passwords of the sandbox are public: its accounts are for direct requests only, and only while it is on. */
export const createAdmission = (options: { readonly sandbox: 'on' | 'off' }): Admission => ({
  admits: (account, route) =>
    account.status === 'active' && (!account.sandbox || (options.sandbox === 'on' && route === 'direct')),
});

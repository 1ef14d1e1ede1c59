import { ensureSandboxAccounts } from '../../src/app/accounts/sandbox-accounts.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { createCheapHasher } from './cheap-hasher.ts';
import { issuer, type OAuthApp } from './oauth-app.ts';

/** The users and clients of the sandbox, as the service makes them at its start. */
export const addSandboxAccounts = ({ stores, clock }: OAuthApp): Promise<void> =>
  ensureSandboxAccounts({
    ...{ stores, clock, publicUrl: issuer, hasher: createCheapHasher() },
    ...{ ids: createSystemIds(), log: silentLog },
  });

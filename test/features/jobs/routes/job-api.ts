import type { RequestListener } from 'node:http';
import { createCallRates } from '../../../../src/calls/call-rates.ts';
import { createJobsRouter } from '../../../../src/features/jobs/routes/jobs-router.ts';
import { InvalidTokenError } from '../../../../src/oauth/model/errors.ts';
import { permissionsOf, type Role, type Scope } from '../../../../src/oauth/model/permissions.ts';
import type { Principal, TokenVerifier } from '../../../../src/oauth/request/principal.ts';
import { createCallApi, PUBLIC_URL } from '../../../support/call-api.ts';
import { ScriptedJobs } from './scripted-jobs.ts';

const tokenOf = (name: string): Principal => {
  const [username = '', role = '', scopes = ''] = name.split('.');
  const names = scopes.split('+') as Scope[];
  const facts = { clientId: 'demo-app', scopes: names, familyId: 'family', tokenId: name };
  if (role === 'client') return { kind: 'client', ...facts, grantors: new Set([`user-${username}`]) };
  return {
    ...{ kind: 'user', ...facts, userId: `user-${username}`, username, role: role as Role },
    permissions: permissionsOf(names, role as Role),
  };
};

/** Tokens are `USER.ROLE.SCOPES`, and `USER.client.SCOPES` for one that stands for an application. */
const verifier: TokenVerifier = {
  verify: ({ token }) =>
    token.split('.').length === 3 ? Promise.resolve(tokenOf(token)) : Promise.reject(new InvalidTokenError()),
};

export interface JobApi {
  readonly app: RequestListener;
  readonly jobs: ScriptedJobs;
  close(): Promise<void>;
}

/** The HTTP face of the test calls. */
export const createJobApi = async ({ readsPerSecond = 0 } = {}): Promise<JobApi> => {
  const api = await createCallApi();
  const jobs = new ScriptedJobs();
  const limits = { callsPerSecondPerToken: 0, readsPerSecondPerToken: readsPerSecond };
  const rates = createCallRates(limits, api.clock);
  const router = createJobsRouter({ jobs, verifier, rates, publicUrl: PUBLIC_URL });
  return { app: api.createApp({ routers: [router] }), jobs, close: () => api.close() };
};

export { PUBLIC_URL };

export const nightly = {
  name: 'Nightly',
  scripts: [
    {
      name: 'answers',
      number: '+12025550100',
      expect: { outcome: 'completed' },
      steps: [{ wait_ms: 500 }, { dtmf: '1#' }],
    },
    { name: 'is busy', number: '+12025550101', expect: { outcome: 'busy', sip_status: 486 } },
  ],
};

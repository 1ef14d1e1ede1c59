import type { RequestListener } from 'node:http';
import { createCallRates } from '../../../../src/calls/call-rates.ts';
import { JobRunner } from '../../../../src/features/jobs/job-runner.ts';
import { JobService } from '../../../../src/features/jobs/job-service.ts';
import type { TestRun } from '../../../../src/features/jobs/model.ts';
import { createJobsRouter } from '../../../../src/features/jobs/routes/jobs-router.ts';
import { InvalidTokenError } from '../../../../src/oauth/model/errors.ts';
import { permissionsOf, type Role, type Scope } from '../../../../src/oauth/model/permissions.ts';
import type { Principal, TokenVerifier } from '../../../../src/oauth/request/principal.ts';
import { silentLog } from '../../../../src/shared/log.ts';
import { createCallApi, PUBLIC_URL } from '../../../support/call-api.ts';
import { readSound } from '../../../support/job-world.ts';

const tokenOf = (name: string): Principal => {
  const [username = '', role = '', scopes = ''] = name.split('.');
  const names = scopes.split('+') as Scope[];
  const reviewKey = { tokenHash: name, route: 'direct' } as const;
  const expiresAt = Number.MAX_SAFE_INTEGER;
  const facts = { clientId: 'demo-app', scopes: names, familyId: 'family', tokenId: name, expiresAt, reviewKey };
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

/** A runner that never looks: jobs stay as they are until the test ends them. */
class StillRunner extends JobRunner {
  /** How many requests wait for a change. */
  watching = 0;

  override hint(): void {
    // What was queued stays queued.
  }

  override on(...args: Parameters<JobRunner['on']>): this {
    this.watching += 1;
    return super.on(...args);
  }

  override off(...args: Parameters<JobRunner['off']>): this {
    this.watching -= 1;
    return super.off(...args);
  }

  tell(jobId: number): void {
    this.emit('changed', jobId);
  }
}

export interface JobApi {
  readonly app: RequestListener;
  readonly runner: StillRunner;
  /** Ends a job, its runs as is said of each. */
  end(id: number, changes: readonly Partial<TestRun>[]): Promise<void>;
  /** Ids of the jobs that are to be cancelled. */
  toCancel(): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** The HTTP face of the test calls, over the service and a database. Has the users demo, eve, op and root. */
export const createJobApi = async ({ readsPerSecond = 0 } = {}): Promise<JobApi> => {
  const api = await createCallApi();
  const { calls, clock, stores } = api;
  for (const username of ['eve', 'root']) await api.addUser(username);
  const runner = new StillRunner({
    ...{ store: stores.jobs, calls, clock, log: silentLog },
    ...{ hasRoom: () => true, isActive: () => Promise.resolve(true) },
  });
  const jobs = new JobService({ store: stores.jobs, calls, runner, readWav: readSound, clock });
  const limits = { callsPerSecondPerToken: 0, readsPerSecondPerToken: readsPerSecond };
  const rates = createCallRates(limits, clock);
  const router = createJobsRouter({ jobs, verifier, rates, publicUrl: PUBLIC_URL });
  const end: JobApi['end'] = async (id, changes) => {
    const at = clock.now();
    await stores.jobs.startJob(id, at);
    for (const [index, run] of (await stores.jobs.runs(id)).entries()) {
      await stores.jobs.changeRun({ ...run, startedAt: at, endedAt: at + 1500, ...changes[index] });
    }
    await stores.jobs.endJob(id, 'finished', at + 3000);
    runner.tell(id);
  };
  const toCancel = () => stores.jobs.cancelRequests();
  return { app: api.createApp({ routers: [router] }), runner, end, toCancel, close: () => api.close() };
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

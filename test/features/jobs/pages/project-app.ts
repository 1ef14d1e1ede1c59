import type { Agent } from 'supertest';
import { CallPolicy, type CallPolicyRules } from '../../../../src/calls/call-policy.ts';
import { CallService } from '../../../../src/calls/call-service.ts';
import { InMemoryCallRouter } from '../../../../src/calls/ownership/call-router.ts';
import { JobRunner } from '../../../../src/features/jobs/job-runner.ts';
import { JobService } from '../../../../src/features/jobs/job-service.ts';
import { createProjectRouter } from '../../../../src/features/jobs/pages/project-router.ts';
import { readWav } from '../../../../src/media/wav.ts';
import { createSystemIds } from '../../../../src/shared/ids.ts';
import { silentLog } from '../../../../src/shared/log.ts';
import { visitorOf } from '../../../support/management.ts';
import { createOAuthApp, type OAuthApp } from '../../../support/oauth-app.ts';
import { ScriptedEngine } from '../../../support/scripted-engine.ts';

const rules = {
  ...{ homeCountry: 'US', allowedCountries: ['US'], barredPrefixes: ['+1900'], costlyNumbers: 'barred' },
  ...{ maxOngoingCallsPerUser: 20, maxOngoingCalls: 0 },
} satisfies CallPolicyRules;

export interface ProjectApp {
  readonly oauth: OAuthApp;
  readonly jobs: JobService;
  readonly alice: Agent;
  readonly bob: Agent;
  readonly root: Agent;
}

/** The pages over the real service and database. Its runner is elsewhere, so that jobs stay queued until a test ends them. */
export const createProjectApp = async (): Promise<ProjectApp> => {
  let jobs: JobService | undefined;
  const oauth = await createOAuthApp({
    featurePages: (parts, { stores, clock }) => {
      const common = { clock, ids: createSystemIds(), log: silentLog };
      const calls = new CallService({
        ...{ closeWithinMs: 6000, store: stores.calls, engine: new ScriptedEngine(), phones: stores.phones },
        ...{ policy: new CallPolicy(rules), nodeId: 'node-1', router: new InMemoryCallRouter(), ...common },
      });
      const store = stores.jobs;
      const isActive = () => Promise.resolve(true);
      const runner = new JobRunner({ store, calls, hasRoom: () => false, isActive, ...common });
      // As where another process runs the jobs: this one tells nobody.
      const elsewhere = { hint: () => undefined, on: runner.on.bind(runner), off: runner.off.bind(runner) };
      jobs = new JobService({ store, calls, runner: elsewhere, readWav, clock });
      return createProjectRouter({ ...parts, jobs, calls });
    },
  });
  if (jobs === undefined) throw new Error('the pages were not made');
  const password = 'correct horse';
  for (const username of ['alice', 'bob']) await oauth.users.create({ username, password, role: 'user' });
  await oauth.users.create({ username: 'root', password, role: 'admin' });
  const [alice, bob, root] = [
    await visitorOf(oauth, 'alice'),
    await visitorOf(oauth, 'bob'),
    await visitorOf(oauth, 'root'),
  ];
  return { oauth, jobs, alice, bob, root };
};

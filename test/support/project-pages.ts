import type { Router } from 'express';
import type { FeaturePageParts } from '../../src/app/web.ts';
import { CallPolicy, type CallPolicyRules } from '../../src/calls/call-policy.ts';
import { CallService } from '../../src/calls/call-service.ts';
import { InMemoryCallRouter } from '../../src/calls/ownership/call-router.ts';
import { JobRunner } from '../../src/features/jobs/job-runner.ts';
import { JobService } from '../../src/features/jobs/job-service.ts';
import { createProjectRouter } from '../../src/features/jobs/pages/project-router.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { readSound } from './job-world.ts';
import type { OAuthApp } from './oauth-app.ts';
import { ScriptedEngine } from './scripted-engine.ts';

const rules = {
  ...{ homeCountry: 'US', allowedCountries: ['US'], barredPrefixes: ['+1900'], costlyNumbers: 'barred' },
  ...{ maxOngoingCallsPerUser: 20, maxOngoingCalls: 0, perDay: { calls: 0, minutes: 0 } },
} satisfies CallPolicyRules;

/** The pages of projects over the real service and database. Its runner is elsewhere: jobs stay queued until a test ends them. */
export const createProjectPages = (
  parts: FeaturePageParts,
  { stores, clock }: Pick<OAuthApp, 'stores' | 'clock'>,
): Router => {
  const common = { clock, ids: createSystemIds(), log: silentLog };
  const calls = new CallService({
    ...{ closeWithinMs: 6000, store: stores.calls, engine: new ScriptedEngine(), phones: stores.phones },
    ...{ policy: new CallPolicy(rules), nodeId: 'node-1', router: new InMemoryCallRouter(), ...common },
  });
  const store = stores.jobs;
  const isActive = (): Promise<boolean> => Promise.resolve(true);
  const runner = new JobRunner({ store, calls, hasRoom: () => false, isActive, ...common });
  // As where another process runs the jobs: this one tells nobody.
  const elsewhere = { hint: () => undefined, on: runner.on.bind(runner), off: runner.off.bind(runner) };
  const jobs = new JobService({ store, calls, runner: elsewhere, readWav: readSound, clock });
  return createProjectRouter({ ...parts, jobs, calls });
};

import { authorize } from '../../support/authorize.ts';
import { JobClient } from '../../support/job-client.ts';
import { startService } from '../../support/start-service.ts';
import { type JudgedCase, judgedCase } from './judged-case.ts';
import type { SandboxCase } from './sandbox-cases.ts';

export interface StageOptions {
  /** Calls at once. */
  readonly parallel: number;
}

/** Tries cases on the numbers of the sandbox, in a service of their own. */
export const trySandbox = async (
  cases: readonly SandboxCase[],
  { parallel }: StageOptions,
): Promise<readonly JudgedCase[]> => {
  const service = await startService({ env: { OFFHOOK_LOG_LEVEL: 'warn' } });
  try {
    const jobs = new JobClient(service.baseUrl, await authorize(service.baseUrl));
    const scripts = cases.map(({ name, script, digits }) => ({ name, number: `+12025550${digits}`, ...script }));
    const runs = await jobs.run('sandbox', scripts, parallel);
    return cases.map((each) => judgedCase(each, 'sandbox', runs));
  } finally {
    await service.stop();
  }
};

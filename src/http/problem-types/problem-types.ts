import { accessProblems } from './access-problems.ts';
import { callProblems } from './call-problems.ts';
import { jobProblems } from './job-problems.ts';
import type { ProblemType } from './problem-type.ts';
import { serviceProblems, webhookProblems } from './service-problems.ts';
import { streamProblems } from './stream-problems.ts';
import { telephonyProblems } from './telephony-problems.ts';

/** Every problem that this service can report, by its code. A code of the sources without an entry fails a test. */
export const problemTypes: ReadonlyMap<string, ProblemType> = new Map(
  Object.entries({
    ...callProblems,
    ...jobProblems,
    ...accessProblems,
    ...serviceProblems,
    ...streamProblems,
    ...telephonyProblems,
    ...webhookProblems,
  }),
);

/** The address that says what a problem means. It answers for every code that there is. */
export const problemTypeUrl = (publicUrl: string, code: string): string => `${publicUrl}/problems/${code}`;

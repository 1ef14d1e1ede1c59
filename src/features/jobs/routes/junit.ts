import { Builder } from 'xml2js';
import type { JobWithRuns } from '../job-service.ts';
import type { ExpectationResult, Job, TestRun } from '../model.ts';

/*
 * A job as JUnit XML, as Jenkins and GitLab read it: a test case for each run. `Fail` is a failure, `Error` an error, and
 * what did not run is skipped.
 */

/** What XML 1.0 section 2.2 does not allow, even escaped; the flag `u` makes the surrogates those that stand alone. */
const NOT_ALLOWED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\ud800-\udfff]/gu;

const allowed = (text: string): string => text.replace(NOT_ALLOWED, '');

const seconds = (from: number | null, to: number | null): string =>
  from === null || to === null ? '0.000' : (Math.max(0, to - from) / 1000).toFixed(3);

const sayExpectation = ({ name, expected, seen, verdict }: ExpectationResult): string =>
  `${verdict}: ${name} expected ${expected}, seen ${seen ?? 'nothing'}`;

const outcomeOf = ({ status, reason, result }: TestRun): object => {
  if (status === 'Pass') return {};
  if (status === 'Error') {
    const word = reason ?? 'unknown';
    return { error: { $: { type: allowed(word), message: allowed(word) } } };
  }
  if (status !== 'Fail') return { skipped: { $: { message: allowed(reason ?? status) } } };
  const failed = (result?.expectations ?? []).filter(({ verdict }) => verdict === 'Fail').map(sayExpectation);
  return {
    failure: { $: { type: 'expectation', message: allowed(failed[0] ?? status) }, _: allowed(failed.join('\n')) },
  };
};

/** What was seen, for a person who looks at the report. */
const wordsOf = ({ script, tokenCall, retries, result }: TestRun): string => {
  const facts = [
    `number: ${script.number}`,
    ...(tokenCall === null ? [] : [`call: ${tokenCall}`]),
    ...(retries === 0 ? [] : [`retries: ${retries}`]),
    ...(result === null || result.digits === '' ? [] : [`digits: ${result.digits}`]),
    ...(result?.expectations ?? []).map(sayExpectation),
  ];
  return allowed(facts.join('\n'));
};

const caseOf = (job: Job, run: TestRun): object => ({
  $: {
    name: allowed(run.script.name),
    classname: allowed(job.projectName),
    time: seconds(run.startedAt, run.endedAt),
  },
  ...outcomeOf(run),
  'system-out': wordsOf(run),
});

const DONE: ReadonlySet<TestRun['status']> = new Set(['Pass', 'Fail', 'Error']);

/** The report of a job, also of one that is under way. */
export const writeJunit = ({ job, runs }: JobWithRuns): string => {
  const countOf = (status: TestRun['status']): number => runs.filter((run) => run.status === status).length;
  const counts = { tests: runs.length, failures: countOf('Fail'), errors: countOf('Error') };
  const time = seconds(job.startedAt, job.endedAt);
  const name = allowed(job.projectName);
  const suite = {
    $: {
      ...{ name, ...counts, skipped: runs.filter(({ status }) => !DONE.has(status)).length, time },
      ...{ timestamp: new Date(job.startedAt ?? job.createdAt).toISOString(), id: job.id },
    },
    testcase: runs.map((run) => caseOf(job, run)),
  };
  const builder = new Builder({ xmldec: { version: '1.0', encoding: 'UTF-8' } });
  return builder.buildObject({ testsuites: { $: { name, ...counts, time }, testsuite: suite } });
};

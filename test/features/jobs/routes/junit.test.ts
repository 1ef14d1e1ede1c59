import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import type { Job, TestRun } from '../../../../src/features/jobs/model.ts';
import { writeJunit } from '../../../../src/features/jobs/routes/junit.ts';

const schema = XmlDocument.fromString(readFileSync(new URL('junit.xsd', import.meta.url), 'utf8'));
const validator = XsdValidator.fromDoc(schema);

const AT = Date.parse('2026-01-01T00:00:00Z');

const job = (changes: Partial<Job> = {}): Job => ({
  ...{ id: 7, projectId: 1, projectName: 'Nightly', owner: { userId: 'u', username: 'demo' }, clientId: 'demo-app' },
  ...{ origin: 'user', restartOf: null, status: 'finished', parallel: 1, createdAt: AT, startedAt: AT },
  ...{ endedAt: AT + 61_234, totalScripts: 1, completed: 1, passed: 1, failed: 0, version: 1, ...changes },
});

const run = (changes: Partial<TestRun> = {}, name = 'answers'): TestRun => ({
  ...{ id: 1, jobId: 7, position: 0, status: 'Pass', reason: null, startedAt: AT, endedAt: AT + 1500 },
  ...{ tokenCall: 'k3v', retries: 0, result: null },
  script: { name, number: '+12025550100', expect: {}, steps: [], retries: 0 },
  ...changes,
});

const result = {
  ...{ heard: null, digits: '5', steps: [], postDialMs: null, answerMs: null, talkMs: null },
  expectations: [
    { name: 'outcome', expected: 'completed', seen: 'busy', verdict: 'Fail' },
    { name: 'sip_status', expected: 486, seen: 486, verdict: 'Pass' },
    { name: 'tone_hz', expected: 425, seen: null, verdict: 'Fail' },
  ],
} as const;

/** The report, once the schema has taken it. */
const written = (of: { readonly job: Job; readonly runs: readonly TestRun[] }): XmlDocument => {
  const document = XmlDocument.fromString(writeJunit(of));
  validator.validate(document);
  return document;
};

const texts = (document: XmlDocument, xpath: string): string[] => document.find(xpath).map(({ content }) => content);

describe('a report for Jenkins and GitLab', () => {
  it('has a test case for each run, and says why it is not green', () => {
    const document = written({
      job: job(),
      runs: [
        run(),
        run({ status: 'Fail', result, retries: 1 }),
        run({ status: 'Error', reason: 'not-measured' }),
        run({ status: 'Cancelled', reason: 'cancelled', startedAt: null }),
      ],
    });
    const suite = ['tests', 'failures', 'errors', 'skipped', 'time', 'timestamp'];
    expect(suite.map((name) => texts(document, `/testsuites/testsuite/@${name}`)[0])).toEqual([
      ...['4', '1', '1', '1', '61.234', '2026-01-01T00:00:00.000Z'],
    ]);
    expect(texts(document, '//testcase/@time')).toEqual(['1.500', '1.500', '1.500', '0.000']);
    expect(texts(document, '//failure/@message')).toEqual(['Fail: outcome expected completed, seen busy']);
    expect(texts(document, '//failure')).toEqual([
      'Fail: outcome expected completed, seen busy\nFail: tone_hz expected 425, seen nothing',
    ]);
    expect(texts(document, '//testcase[error]/error/@type')).toEqual(['not-measured']);
    expect(texts(document, '//skipped/@message')).toEqual(['cancelled']);
    expect(texts(document, '//testcase[failure]/system-out')[0]).toContain('call: k3v\nretries: 1\ndigits: 5');
  });

  it('is one while the job still runs, too', () => {
    const runs = [
      run({ status: 'Running', endedAt: null }),
      run({ status: 'Pending', startedAt: null, endedAt: null }),
    ];
    const document = written({ job: job({ status: 'running', endedAt: null }), runs });
    expect(texts(document, '//skipped/@message')).toEqual(['Running', 'Pending']);
    written({ job: job({ status: 'queued', startedAt: null, endedAt: null }), runs });
  });

  it('stays XML whatever names are in it, and drops what XML cannot have', () => {
    const name = `<&>"']]> \u0000\u0008\ud800\ufffe \t\n\r é \u{1f4de} --> <!DOCTYPE x>`;
    const document = written({ job: job({ projectName: name }), runs: [run({ status: 'Fail', result }, name)] });
    const kept = `<&>"']]>  \t\n\r é \u{1f4de} --> <!DOCTYPE x>`;
    expect(texts(document, '//testcase/@name | //testcase/@classname')).toEqual([kept, kept]);
    const digits = { ...result, digits: ']]>&<' };
    expect(texts(written({ job: job(), runs: [run({ result: digits })] }), '//system-out')[0]).toContain(']]>&<');
  });
});

import type { JobStore } from '../features/jobs/job-store.ts';
import type { Script } from '../features/jobs/script.ts';
import type { UserStore } from '../oauth/model/account-stores.ts';
import type { WallClock } from '../shared/clock.ts';

/** A number of the sandbox's carrier by its last three digits, and what must happen there. */
const script = (name: string, digits: string, more: Partial<Script>): Script => ({
  name,
  number: `+12025550${digits}`,
  expect: {},
  steps: [],
  retries: 0,
  ...more,
});

/** One script for each thing that can be expected. All of them pass: a newcomer changes one, and sees what failure looks like. */
const scripts: readonly Script[] = [
  script('Answers, and is silent', '100', { expect: { outcome: 'completed', sip_status: 200, audio: 'silence' } }),
  script('Is busy', '101', { expect: { outcome: 'busy', sip_status: 486, q850_cause: 17 } }),
  script('Rings and is never answered', '102', { timeout: 5, expect: { outcome: 'no-answer', ringback: 'none' } }),
  script('Declines', '103', { expect: { outcome: 'declined', sip_status: 603 } }),
  script('Does not exist', '104', { expect: { outcome: 'unreachable', sip_status: 404, q850_cause: 1 } }),
  script('Brings back what it hears', '107', {
    expect: { audio: 'echo', mos_at_least: 3.5, talk_seconds_at_least: 5 },
  }),
  script('The network is heard before the answer', '108', { expect: { ringback: 'network', outcome: 'completed' } }),
  script('A menu that takes 1 and answers with 5', '109', {
    expect: { audio: 'tone', tone_hz: 1000 },
    steps: [{ wait_ms: 800 }, { dtmf: '1' }, { expect_dtmf: '5' }, { wait_ms: 3000 }],
  }),
  script('A tone of 425 Hz', '110', { expect: { audio: 'tone', tone_hz: 425 } }),
  script('Answers late', '112', { expect: { audio: 'sound', answer_ms_at_most: 15_000, post_dial_ms_at_most: 4000 } }),
  script('Loses one packet of twenty', '113', {
    expect: { audio: 'sound', loss_percent_at_most: 10, talk_seconds_at_least: 5 },
  }),
  script('Presses the keys that it hears', '114', { steps: [{ dtmf: '147#' }, { expect_dtmf: '147#' }] }),
];

interface TourParts {
  readonly jobs: Pick<JobStore, 'hasHadProject' | 'insertProject'>;
  readonly users: Pick<UserStore, 'findByUsername'>;
  readonly clock: WallClock;
}

/** Gives the demo user of the sandbox a project to look at, once: one that was changed or deleted stays so. */
export const ensureSandboxTour = async ({ jobs, users, clock }: TourParts): Promise<void> => {
  const user = await users.findByUsername('demo');
  if (user?.sandbox !== true || (await jobs.hasHadProject(user.id))) return;
  const draft = { name: 'Sandbox tour', scripts, parallel: 4, schedule: null, timeZone: 'UTC' };
  const options = { at: clock.now(), nextRunAt: null, most: 1 };
  await jobs.insertProject({ userId: user.id, username: user.username }, draft, options);
};

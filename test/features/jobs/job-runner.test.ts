import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { aDraft, aScript, JobWorld } from '../../support/job-world.ts';
import { seededRandom } from '../../support/seeded-random.ts';

let world: JobWorld;

beforeEach(async () => {
  world = await JobWorld.open();
});

afterEach(() => world.close());

const complete = (): void => {
  world.calls.engine.onTest = (call) => call.complete();
};

const statuses = async (id: number): Promise<string[]> => {
  const { job, runs } = await world.ended(id);
  return [job.status, ...runs.map(({ status }) => status)];
};

const busy = aScript({ name: 'is busy', number: '+12025550101', expect: { outcome: 'busy' } });

describe('a job', () => {
  it('runs each script once, judges it and counts', async () => {
    world.calls.engine.onTest = (call) =>
      call.plan.destinationDisplay.endsWith('101') ? call.refuse(486) : call.complete();
    const id = await world.run({ scripts: [aScript(), busy, aScript({ expect: { outcome: 'busy' } })] });
    expect(await statuses(id)).toEqual(['finished', 'Pass', 'Pass', 'Fail']);
    const { job, runs } = await world.service.job(world.actor, id);
    expect(job).toMatchObject({ totalScripts: 3, completed: 3, passed: 2, failed: 1, origin: 'user' });
    expect(runs.every(({ tokenCall, endedAt }) => tokenCall !== null && endedAt !== null)).toBe(true);
    expect(world.calls.engine.calls).toEqual([]);
  });

  it('places a call that is marked as a test, in the name of its owner, and rings no phone of his', async () => {
    complete();
    const id = await world.run({});
    const { runs } = await world.ended(id);
    const call = await world.calls.calls.info(runs[0]?.tokenCall ?? '', { ...world.actor, scope: 'own' });
    expect(call).toMatchObject({ purpose: 'test', username: 'demo', outcome: 'completed' });
    expect(call.legs[0]).toMatchObject({ address: 'test-phone', sipStatus: null });
  });

  it.each([1, 3, 50])('has %d runs at once at the most', async (parallel) => {
    let most = 0;
    let now = 0;
    world.calls.engine.onTest = (call) => {
      most = Math.max(most, (now += 1));
      world.calls.clock.setTimer(500, () => {
        now -= 1;
        call.complete();
      });
    };
    const id = await world.run({ parallel, scripts: Array.from({ length: 7 }, () => aScript()) });
    await world.ended(id);
    expect(most).toBe(Math.min(parallel, 7));
  });

  it('waits for another one of its project, and for none of another project', async () => {
    const project = await world.service.createProject(world.actor, aDraft());
    const first = await world.service.startJob(world.actor, project.id);
    const second = await world.service.startJob(world.actor, project.id);
    const other = await world.run({ name: 'Other' });
    await world.placed(2);
    await world.calls.clock.advanceAsync(5000);
    const open = await Promise.all([first.id, second.id, other].map((id) => world.service.job(world.actor, id)));
    expect(open.map(({ job: { status } }) => status)).toEqual(['running', 'queued', 'running']);
    for (const call of world.calls.engine.tests) call.complete();
    complete();
    expect(await statuses(second.id)).toEqual(['finished', 'Pass']);
    expect(await statuses(other)).toEqual(['finished', 'Pass']);
  });

  it('tries a run again that failed, as often as it says, and shows how often', async () => {
    let tries = 0;
    world.calls.engine.onTest = (call) => {
      tries += 1;
      if (tries < 3) call.refuse(503);
      else call.complete();
    };
    const id = await world.run({
      scripts: [aScript({ retries: 2 }), aScript({ retries: 1, expect: { outcome: 'busy' } })],
    });
    const { runs } = await world.ended(id);
    expect(runs.map(({ status, retries }) => [status, retries])).toEqual([
      ['Pass', 2],
      ['Fail', 1],
    ]);
    expect(runs[0]?.tokenCall).toBe(world.calls.engine.tests[2]?.plan.tokenCall);
  });
});

describe('a lack of room', () => {
  it('is waited for, however long it lasts', async () => {
    complete();
    world.hasRoom = false;
    const id = await world.run({});
    await world.calls.clock.advanceAsync(60_000);
    expect(world.calls.engine.tests).toEqual([]);
    world.hasRoom = true;
    expect(await statuses(id)).toEqual(['finished', 'Pass']);
  });

  it('under the limit of calls is waited for too', async () => {
    await world.close();
    world = await JobWorld.open({ maxOngoingCallsPerUser: 1 });
    const id = await world.run({ parallel: 2, scripts: [aScript(), aScript()] });
    const first = await world.placed(1);
    await world.calls.clock.advanceAsync(20_000);
    expect(world.calls.engine.tests).toHaveLength(1);
    complete();
    first.complete();
    expect(await statuses(id)).toEqual(['finished', 'Pass', 'Pass']);
  });
});

it('a database that does not answer for the moment is waited for', async () => {
  complete();
  world.calls.journal.lost = 2;
  const id = await world.run({});
  expect(await statuses(id)).toEqual(['finished', 'Pass']);
  expect(world.calls.engine.tests).toHaveLength(1);
});

it('a long job keeps no other project out: the next place is for who has fewest runs under way', async () => {
  await world.close();
  world = await JobWorld.open({ maxOngoingCallsPerUser: 100 });
  const scripts = Array.from({ length: 60 }, () => aScript());
  const long = await world.run({ parallel: 50, scripts });
  await world.placed(50);
  const other = await world.run({ name: 'Other' });
  await world.until(async () =>
    (await world.service.job(world.actor, other)).job.status === 'running' ? true : undefined,
  );
  expect(world.calls.engine.tests).toHaveLength(50);
  const [first] = world.calls.engine.tests;
  complete();
  first?.complete();
  const { runs } = await world.ended(other);
  expect(runs.map(({ status, tokenCall }) => [status, tokenCall])).toEqual([
    ['Pass', world.calls.engine.tests[50]?.plan.tokenCall],
  ]);
  for (const call of world.calls.engine.tests.slice(1, 50)) call.complete();
  await world.ended(long);
});

describe('a fault of ours', () => {
  it('is an Error with a word, and the other runs go on', async () => {
    world.calls.engine.onTest = (call) => {
      if (call.plan.destinationDisplay.endsWith('101')) {
        call.complete();
        return;
      }
      call.refuse(503);
    };
    const id = await world.run({ scripts: [aScript(), busy] });
    world.calls.engine.unreachable.add('+12025550100');
    const { runs } = await world.ended(id);
    expect(runs.map(({ status, reason }) => [status, reason])).toEqual([
      ['Error', 'no-route'],
      ['Fail', null],
    ]);
  });

  it('is none where the engine takes no calls for a moment: the run waits for it', async () => {
    world.calls.engine.onTest = (call) => call.complete();
    world.calls.engine.state = 'stopped';
    const id = await world.run({});
    await world.until(async () =>
      (await world.service.job(world.actor, id)).runs[0]?.status === 'Running' ? true : undefined,
    );
    await world.calls.clock.advanceAsync(20_000);
    world.calls.engine.state = 'running';
    const { runs } = await world.ended(id);
    expect(runs.map(({ status, reason }) => [status, reason])).toEqual([['Pass', null]]);
  });

  it('begins nothing before the runner has started, whatever hints come', async () => {
    const project = await world.service.createProject(world.actor, aDraft());
    const job = await world.service.startJob(world.actor, project.id);
    world.runner.hint();
    await world.calls.clock.advanceAsync(5000);
    expect((await world.service.job(world.actor, job.id)).job.status).toBe('queued');
  });

  it('in measuring is one too', async () => {
    world.calls.engine.onTest = (call) => {
      call.lost(new Error('the thread was lost'));
      call.finish({ by: 'request' });
    };
    const id = await world.run({});
    const { runs } = await world.ended(id);
    expect(runs.map(({ status, reason }) => [status, reason])).toEqual([['Error', 'not-measured']]);
  });

  it('in the last try shows nothing of an earlier one', async () => {
    let tries = 0;
    world.calls.engine.onTest = (call) => {
      tries += 1;
      if (tries === 1) {
        call.refuse(486);
        return;
      }
      call.lost(new Error('the thread was lost'));
      call.finish({ by: 'request' });
    };
    const id = await world.run({ scripts: [aScript({ retries: 1 })] });
    const { runs } = await world.ended(id);
    expect(runs).toMatchObject([{ status: 'Error', reason: 'not-measured', retries: 1, result: null }]);
  });

  it('a user who was disabled places no call', async () => {
    complete();
    await world.calls.stores.users.setStatus(world.actor.userId, 'disabled');
    const project = await world.service.createProject(world.actor, aDraft());
    const { id } = await world.service.startJob(world.actor, project.id);
    await world.runner.start();
    const { runs } = await world.ended(id);
    expect(runs.map(({ status, reason }) => [status, reason])).toEqual([['Error', 'user-disabled']]);
    expect(world.calls.engine.tests).toEqual([]);
  });
});

describe('cancelling a job', () => {
  it('ends its calls; runs that were pending never begin', async () => {
    const id = await world.run({ scripts: [aScript(), aScript()] });
    const call = await world.placed(1);
    world.calls.engine.onHangUp = (hungUp) => {
      queueMicrotask(() => {
        hungUp.finish({ by: 'request' });
        call.reported({ ...emptyReport });
      });
    };
    await world.service.cancelJob(world.actor, id);
    expect(await statuses(id)).toEqual(['cancelled', 'Cancelled', 'Cancelled']);
    expect(call.hangUps).toBe(1);
    expect(world.calls.engine.tests).toHaveLength(1);
  });

  it('that is queued ends it at once', async () => {
    const first = await world.run({});
    const call = await world.placed(1);
    const { projectId } = (await world.service.job(world.actor, first)).job;
    const { id } = await world.service.startJob(world.actor, projectId);
    await world.service.cancelJob(world.actor, id);
    expect(await statuses(id)).toEqual(['cancelled', 'Cancelled']);
    call.complete();
    expect(await statuses(first)).toEqual(['finished', 'Pass']);
  });

  it('that waits for room ends it at once', async () => {
    world.hasRoom = false;
    const id = await world.run({});
    await world.until(async () =>
      (await world.service.job(world.actor, id)).job.status === 'running' ? true : undefined,
    );
    await world.service.cancelJob(world.actor, id);
    expect(await statuses(id)).toEqual(['cancelled', 'Cancelled']);
    expect(world.calls.engine.tests).toEqual([]);
  });

  it('that is over changes nothing', async () => {
    complete();
    const id = await world.run({});
    await world.ended(id);
    expect((await world.service.cancelJob(world.actor, id)).status).toBe('finished');
  });

  it('by another process is found', async () => {
    world.hasRoom = false;
    const id = await world.run({});
    await world.calls.stores.jobs.requestCancel(id);
    expect(await statuses(id)).toEqual(['cancelled', 'Cancelled']);
  });
});

const emptyReport = {
  ...{ postDialMs: null, answerMs: null, talkMs: null, ringback: null, heard: null, digits: '' },
  steps: [],
} as const;

describe('the end of the service', () => {
  it('by a crash: what was under way is an Error, the rest goes on after the start', async () => {
    const id = await world.run({ scripts: [aScript(), aScript()] });
    await world.placed(1);
    complete();
    await world.restart();
    const { job, runs } = await world.ended(id);
    expect(job.status).toBe('finished');
    expect(runs.map(({ status, reason }) => [status, reason])).toEqual([
      ['Error', 'service-restarted'],
      ['Pass', null],
    ]);
  });

  it('in order: what was under way is an Error, and its call is ended', async () => {
    const id = await world.run({ scripts: [aScript(), aScript()] });
    const call = await world.placed(1);
    world.calls.engine.onHangUp = (hungUp) => {
      queueMicrotask(() => {
        hungUp.finish({ by: 'request' });
        call.reported({ ...emptyReport });
      });
    };
    let isStopped = false;
    const stopping = world.runner.stop().then(() => (isStopped = true));
    await world.until(() => (isStopped ? true : undefined));
    await stopping;
    const { job, runs } = await world.service.job(world.actor, id);
    expect(job.status).toBe('running');
    expect(runs.map(({ status, reason }) => [status, reason])).toEqual([
      ['Error', 'service-stopped'],
      ['Pending', null],
    ]);
    complete();
    await world.restart();
    expect(await statuses(id)).toEqual(['finished', 'Error', 'Pass']);
  });

  it('while a job is being begun: it is left for the next start, and places no call', async () => {
    const project = await world.service.createProject(world.actor, aDraft());
    const { id } = await world.service.startJob(world.actor, project.id);
    await world.runner.start();
    await world.runner.stop();
    const { runs } = await world.service.job(world.actor, id);
    expect(runs.map(({ status }) => status)).toEqual(['Pending']);
    expect(world.calls.engine.tests).toEqual([]);
    complete();
    await world.restart();
    expect(await statuses(id)).toEqual(['finished', 'Pass']);
  });
});

describe('a schedule', () => {
  const HOUR_MS = 3_600_000;
  const jobsOf = async (projectId: number) =>
    (await world.service.jobs(world.actor, { projectId, limit: 50 })).jobs.map(({ origin }) => origin);
  const scheduled = () => world.service.createProject(world.actor, aDraft({ schedule: '0 * * * *' }));

  it('starts a job when it is due', async () => {
    complete();
    const { id } = await scheduled();
    await world.runner.start();
    await world.calls.clock.advanceAsync(HOUR_MS + 5000);
    await world.until(async () => ((await jobsOf(id)).length === 1 ? true : undefined));
    expect(await jobsOf(id)).toEqual(['schedule']);
  });

  it('that cannot be read any more ends, and keeps no other waiting', async () => {
    complete();
    const now = world.calls.clock.now();
    const draft = aDraft({ schedule: '0 * * * *', timeZone: 'Gone/Nowhere' });
    const owner = { userId: world.actor.userId, username: world.actor.username };
    const gone = (await world.calls.stores.jobs.insertProject(owner, draft, {
      at: now,
      nextRunAt: now - 2,
      most: 100,
    }))!;
    const { id } = await scheduled();
    await world.runner.start();
    await world.calls.clock.advanceAsync(HOUR_MS + 5000);
    await world.until(async () => ((await jobsOf(id)).length === 1 ? true : undefined));
    expect(await world.service.project(world.actor, gone.id)).toMatchObject({ nextRunAt: null });
  });

  it('that was due while the service was down runs once', async () => {
    complete();
    const { id, nextRunAt } = await scheduled();
    await world.calls.clock.advanceAsync(10 * HOUR_MS);
    await world.runner.start();
    await world.until(async () => ((await jobsOf(id)).length > 0 ? true : undefined));
    await world.calls.clock.advanceAsync(5000);
    expect(await jobsOf(id)).toEqual(['schedule']);
    const { nextRunAt: next } = await world.service.project(world.actor, id);
    expect((next ?? 0) - (nextRunAt ?? 0)).toBe(10 * HOUR_MS);
  });

  it('whose last job is still queued is skipped, and said', async () => {
    world.hasRoom = false;
    const { id } = await scheduled();
    await world.runner.start();
    for (let hour = 0; hour < 4; hour += 1) {
      await world.calls.clock.advanceAsync(HOUR_MS);
      await world.until(async () => {
        const { nextRunAt } = await world.service.project(world.actor, id);
        return (nextRunAt ?? 0) > world.calls.clock.now() ? true : undefined;
      });
    }
    expect(await jobsOf(id)).toEqual(['schedule', 'schedule']);
    expect(world.log.lines.some(({ message }) => message.startsWith('a schedule was skipped'))).toBe(true);
  });
});

it('every run of many jobs ends once, whatever happens to them, and the counts agree', async () => {
  const random = seededRandom(11);
  world.calls.engine.onTest = (call) => {
    const chance = random();
    world.calls.clock.setTimer(Math.floor(random() * 3000), () => {
      if (chance < 0.6) call.complete();
      else call.refuse(486);
    });
  };
  world.calls.engine.onHangUp = (call) =>
    queueMicrotask(() => {
      call.finish({ by: 'request' });
      if ('reported' in call) call.reported({ ...emptyReport });
    });
  const ids: number[] = [];
  for (let project = 0; project < 6; project += 1) {
    const scripts = Array.from({ length: 1 + Math.floor(random() * 6) }, () =>
      aScript({ retries: Math.floor(random() * 2) }),
    );
    ids.push(await world.run({ scripts, parallel: 1 + Math.floor(random() * 4) }));
  }
  for (const id of ids.filter(() => random() < 0.3)) await world.service.cancelJob(world.actor, id);
  for (const id of ids) {
    const { job, runs } = await world.ended(id);
    const count = (...wanted: string[]): number => runs.filter(({ status }) => wanted.includes(status)).length;
    expect(count('Pending', 'Running')).toBe(0);
    expect(job).toMatchObject({ completed: runs.length, passed: count('Pass'), failed: count('Fail', 'Error') });
    expect(runs.every(({ endedAt }) => endedAt !== null)).toBe(true);
  }
  expect(world.calls.engine.tests.every(({ hangUps }) => hangUps <= 1)).toBe(true);
});

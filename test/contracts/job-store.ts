import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobStore, NewJob } from '../../src/features/jobs/job-store.ts';
import type { ProjectOwner } from '../../src/features/jobs/model.ts';
import type { UserStore } from '../../src/oauth/model/account-stores.ts';
import { aDraft, aScript } from '../support/job-world.ts';
import { aUser, HOUR, NOON } from './records.ts';

export interface JobStoreUnderTest {
  readonly jobs: JobStore;
  readonly users: Pick<UserStore, 'delete' | 'insert' | 'setStatus'>;
  readonly sweep: (now: number) => Promise<void>;
  close(): Promise<void>;
}

const YEAR = 366 * 24 * HOUR;
const owner: ProjectOwner = { userId: 'user-1', username: 'demo' };

const aJob = (projectId: number, changes: Partial<NewJob> = {}): NewJob => ({
  ...{ projectId, projectName: 'Nightly', owner, clientId: 'app', origin: 'user', restartOf: null, parallel: 1 },
  scripts: [aScript({ name: 'first' }), aScript({ name: 'second' })],
  createdAt: NOON,
  ...changes,
});

/** What every driver of `JobStore` does. */
export const describeJobStore = (driver: string, open: () => Promise<JobStoreUnderTest>): void => {
  describe(`${driver}: projects and jobs`, () => {
    let world: JobStoreUnderTest;
    let store: JobStore;
    beforeEach(async () => {
      world = await open();
      store = world.jobs;
      await world.users.insert(aUser(owner.userId, { username: owner.username }));
    });
    afterEach(() => world.close());

    const queued = async (changes: Partial<NewJob> = {}) => {
      const project = (await store.insertProject(owner, aDraft(), { at: NOON, nextRunAt: null, most: 100 }))!;
      const job = await store.insertJob(aJob(project.id, changes));
      return { project, id: job?.id ?? 0, runs: await store.runs(job?.id ?? 0) };
    };

    const pass = async (id: number): Promise<void> => {
      const times = { startedAt: NOON, endedAt: NOON + 1, tokenCall: 'token', retries: 0, result: null };
      await store.changeRun({ id, status: 'Pass', reason: null, ...times });
    };

    it('keeps a project as it was said, and gives no id twice', async () => {
      const draft = aDraft({ schedule: '0 3 * * *', timeZone: 'Europe/Berlin', scripts: [aScript({ retries: 2 })] });
      const first = (await store.insertProject(owner, draft, { at: NOON, nextRunAt: NOON + HOUR, most: 100 }))!;
      expect(await store.project(first.id)).toEqual({
        ...draft,
        ...{ id: first.id, owner, createdAt: NOON, changedAt: NOON, nextRunAt: NOON + HOUR },
      });
      await store.deleteProject(first.id, NOON);
      await world.sweep(NOON + 2 * YEAR);
      const second = (await store.insertProject(owner, draft, { at: NOON, nextRunAt: null, most: 100 }))!;
      expect(second.id).toBeGreaterThan(first.id);
    });

    it('shows a deleted project no more, and its jobs as before', async () => {
      const { project, id } = await queued();
      await store.deleteProject(project.id, NOON);
      expect([await store.project(project.id), await store.projects()]).toEqual([undefined, []]);
      expect(await store.hasHadProject(owner.userId)).toBe(true);
      expect(await store.job(id)).toMatchObject({ projectName: 'Nightly', totalScripts: 2 });
    });

    it('keeps the scripts of a job as they were', async () => {
      const { project, id } = await queued();
      await store.updateProject(project.id, aDraft({ name: 'Other', scripts: [] }), NOON + 1, null);
      const runs = await store.runs(id);
      expect(runs.map(({ position, script, status }) => [position, script.name, status])).toEqual([
        [0, 'first', 'Pending'],
        [1, 'second', 'Pending'],
      ]);
      expect(await store.job(id)).toMatchObject({ projectName: 'Nightly' });
    });

    it('counts the runs of a job at every moment, and grows its version with each change', async () => {
      const { id, runs } = await queued();
      const before = await store.job(id);
      await store.startJob(id, NOON);
      await pass(runs[0]?.id ?? 0);
      const during = await store.job(id);
      expect(during).toMatchObject({ status: 'running', totalScripts: 2, completed: 1, passed: 1, failed: 0 });
      expect(during?.version).toBe((before?.version ?? 0) + 2);
    });

    it('ends the pending runs of a cancelled job with it, and no job twice', async () => {
      const { id, runs } = await queued();
      await pass(runs[0]?.id ?? 0);
      await store.requestCancel(id);
      expect(await store.cancelRequests()).toEqual([id]);
      await store.endJob(id, 'cancelled', NOON + 5);
      await store.endJob(id, 'finished', NOON + 9);
      expect(await store.job(id)).toMatchObject({ status: 'cancelled', endedAt: NOON + 5, completed: 2, passed: 1 });
      expect((await store.runs(id)).map(({ status }) => status)).toEqual(['Pass', 'Cancelled']);
      expect([await store.cancelRequests(), await store.openJobs()]).toEqual([[], []]);
    });

    it('ends what was running, and only that, after the end of the service', async () => {
      const { id, runs } = await queued();
      const running = { startedAt: NOON, endedAt: null, tokenCall: null, retries: 0, result: null };
      await store.changeRun({ id: runs[0]?.id ?? 0, status: 'Running', reason: null, ...running });
      const interrupted = await store.interruptRuns('service-restarted', NOON + 1);
      expect(interrupted.map(({ position, status, reason }) => [position, status, reason])).toEqual([
        [0, 'Error', 'service-restarted'],
      ]);
      expect(await store.interruptRuns('service-restarted', NOON + 2)).toEqual([]);
      expect((await store.runs(id)).map(({ status }) => status)).toEqual(['Error', 'Pending']);
    });

    it('starts a job for a time that was due once, however often it is asked', async () => {
      const project = (await store.insertProject(owner, aDraft({ schedule: '0 * * * *' }), {
        at: NOON,
        nextRunAt: NOON + 1,
        most: 100,
      }))!;
      expect((await store.dueProjects(NOON + 1)).map(({ id }) => id)).toEqual([project.id]);
      const due = { dueAt: NOON + 1, nextRunAt: NOON + HOUR };
      const jobs = await Promise.all([1, 2, 3].map(() => store.insertJob(aJob(project.id), due)));
      expect(jobs.filter((job) => job !== undefined)).toHaveLength(1);
      expect(await store.dueProjects(NOON + 1)).toEqual([]);
      expect(await store.jobs({ limit: 10 })).toHaveLength(1);
    });

    it('has nothing due of a deleted project, nor of a user who is disabled', async () => {
      const gone = (await store.insertProject(owner, aDraft(), { at: NOON, nextRunAt: NOON, most: 100 }))!;
      await store.insertProject(owner, aDraft(), { at: NOON, nextRunAt: NOON, most: 100 });
      await store.deleteProject(gone.id, NOON);
      await world.users.setStatus(owner.userId, 'disabled');
      expect(await store.dueProjects(NOON)).toEqual([]);
      await world.users.setStatus(owner.userId, 'active');
      expect(await store.dueProjects(NOON)).toHaveLength(1);
    });

    it('knows the newest job of each of more projects than a statement takes values', async () => {
      const { project, id } = await queued();
      const many = Array.from({ length: 40_000 }, (_, index) => project.id + 40_000 - index);
      expect(await store.lastJobs([...many, project.id])).toEqual(new Map([[project.id, { id, status: 'queued' }]]));
    });

    it('deletes jobs that ended too long ago with their runs, many in steps, and none that is open', async () => {
      const scripts = Array.from({ length: 450 }, () => aScript());
      const { project, id, runs } = await queued({ scripts });
      const { id: second } = (await store.insertJob(aJob(project.id, { scripts }))) ?? { id: 0 };
      const { id: open } = (await store.insertJob(aJob(project.id))) ?? { id: 0 };
      for (const each of [id, second]) await store.endJob(each, 'finished', NOON);
      await world.sweep(NOON + HOUR);
      expect(await store.jobs({ limit: 10 })).toHaveLength(3);
      await world.sweep(NOON + YEAR);
      expect((await store.jobs({ limit: 10 })).map((job) => job.id)).toEqual([open]);
      expect([await store.run(runs[0]?.id ?? 0), await store.runs(second)]).toEqual([undefined, []]);
      expect(await store.runs(open)).toHaveLength(2);
    });

    it('keeps sounds by user and name, replaces them, and gives back what came', async () => {
      const file = Uint8Array.from([1, 2, 3]);
      const sound = { name: 'hello', durationMs: 1, bytes: 3, changedAt: NOON };
      await store.putSound(owner.userId, sound, { file: Uint8Array.from([9]), pcm: new Int16Array(1) }, 100);
      await store.putSound(owner.userId, sound, { file, pcm: Int16Array.from([-32_768, 0, 32_767]) }, 100);
      const found = await store.sound(owner.userId, 'hello');
      expect([found?.sound, [...(found?.file ?? [])], [...(found?.pcm ?? [])]]).toEqual([
        sound,
        [1, 2, 3],
        [-32_768, 0, 32_767],
      ]);
      expect([await store.sounds(owner.userId), await store.sounds('user-2')]).toEqual([[sound], []]);
      expect(await store.deleteSound('user-2', 'hello')).toBe(false);
      expect(await store.deleteSound(owner.userId, 'hello')).toBe(true);
      expect(await store.sound(owner.userId, 'hello')).toBeUndefined();
    });

    it('stores no more than a user may have, also of two that come at once', async () => {
      const options = { at: NOON, nextRunAt: null, most: 3 };
      const projects = await Promise.all(
        Array.from({ length: 5 }, () => store.insertProject(owner, aDraft(), options)),
      );
      expect(projects.filter((project) => project !== undefined)).toHaveLength(3);
      await store.deleteProject(projects[0]!.id, NOON);
      expect(await store.insertProject(owner, aDraft(), options)).toBeDefined();

      const content = { file: new Uint8Array(1), pcm: new Int16Array(1) };
      const put = (name: string): Promise<boolean> =>
        store.putSound(owner.userId, { name, durationMs: 1, bytes: 1, changedAt: NOON }, content, 2);
      expect(await Promise.all(['a', 'b', 'c', 'a', 'd'].map(put))).toEqual([true, true, false, true, false]);
      expect((await store.sounds(owner.userId)).map(({ name }) => name)).toEqual(['a', 'b']);
    });

    it('leaves nothing of a user who is deleted', async () => {
      const { id, runs } = await queued();
      const sound = { name: 'hello', durationMs: 1, bytes: 1, changedAt: NOON };
      await store.putSound(owner.userId, sound, { file: new Uint8Array(1), pcm: new Int16Array(1) }, 100);
      await world.users.delete(owner.userId);
      expect([await store.job(id), await store.run(runs[0]?.id ?? 0)]).toEqual([undefined, undefined]);
      expect([await store.projects(), await store.sounds(owner.userId)]).toEqual([[], []]);
    });
  });
};

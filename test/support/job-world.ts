import type { Requester } from '../../src/calls/call-command.ts';
import { JobRunner } from '../../src/features/jobs/job-runner.ts';
import { type Actor, JobService, type JobWithRuns } from '../../src/features/jobs/job-service.ts';
import type { ProjectDraft } from '../../src/features/jobs/model.ts';
import { type Script, scriptSchema } from '../../src/features/jobs/script.ts';
import type { ReadWav } from '../../src/features/jobs/sound-service.ts';
import { readWav } from '../../src/media/wav.ts';
import { type CallWorld, createCallWorld } from './call-world.ts';
import { RecordedLog } from './recorded-log.ts';

/** As the service does it, only not beside the event loop. */
export const readSound: ReadWav = async (file) => Promise.resolve(readWav(file));

export const aScript = (changes: Partial<Script> = {}): Script =>
  scriptSchema.parse({ name: 'answers', number: '+12025550100', ...changes });

export const aDraft = (changes: Partial<ProjectDraft> = {}): ProjectDraft => ({
  name: 'Nightly',
  scripts: [aScript()],
  parallel: 1,
  schedule: null,
  timeZone: 'UTC',
  ...changes,
});

/** The jobs of a service, over the real calls and a real database; what the far ends do is scripted. */
export class JobWorld {
  readonly calls: CallWorld;
  readonly log = new RecordedLog();
  readonly actor: Actor;
  runner: JobRunner;
  service: JobService;
  hasRoom = true;

  private constructor(calls: CallWorld, { userId, username, clientId }: Requester) {
    this.calls = calls;
    this.actor = { userId, username, clientId, reach: 'own' };
    this.runner = this.#newRunner();
    this.service = this.#newService();
  }

  static async open(rules?: Parameters<typeof createCallWorld>[0]): Promise<JobWorld> {
    const calls = await createCallWorld(rules);
    return new JobWorld(calls, await calls.addUser('demo'));
  }

  #newRunner(): JobRunner {
    const { stores, clock } = this.calls;
    return new JobRunner({
      store: stores.jobs,
      calls: this.calls.calls,
      hasRoom: () => this.hasRoom,
      isActive: async (userId) => (await stores.users.find(userId))?.status === 'active',
      clock,
      log: this.log,
    });
  }

  #newService(): JobService {
    const { stores, clock } = this.calls;
    return new JobService({
      store: stores.jobs,
      calls: this.calls.calls,
      runner: this.runner,
      readWav: readSound,
      clock,
    });
  }

  /** As after a kill -9: another runner over what is stored. The old one never hears of anything again. */
  async restart(): Promise<void> {
    this.runner = this.#newRunner();
    this.service = this.#newService();
    await this.runner.start();
  }

  /** Queues a job of a new project, and starts the runner. */
  async run(draft: Partial<ProjectDraft>): Promise<number> {
    const project = await this.service.createProject(this.actor, aDraft(draft));
    const job = await this.service.startJob(this.actor, project.id);
    await this.runner.start();
    return job.id;
  }

  /** Lets time go on until something is there. */
  async until<Value>(look: () => Promise<Value | undefined> | Value | undefined): Promise<Value> {
    for (let turn = 0; turn < 3000; turn += 1) {
      const value = await look();
      if (value !== undefined) return value;
      await this.calls.clock.advanceAsync(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error('It never came.');
  }

  /** The job once it is over. */
  ended(id: number): Promise<JobWithRuns> {
    return this.until(async () => {
      const found = await this.service.job(this.actor, id);
      return found.job.endedAt === null ? undefined : found;
    });
  }

  /** The test call that was placed as the n-th, once it was. */
  placed(number: number) {
    return this.until(() => this.calls.engine.tests[number - 1]);
  }

  async close(): Promise<void> {
    await this.runner.stop();
    await this.calls.close();
  }
}

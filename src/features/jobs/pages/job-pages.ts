import { Router } from 'express';
import { queryParametersOf } from '../../../http/oauth/form.ts';
import { forLoggedIn, type PageRequest, replyDone, seeOther, show } from '../../../web/login/page-request.ts';
import { readBody } from '../../../web/page/page-body.ts';
import { isoTime } from '../../../web/page/page-data.ts';
import { JobsNotFoundError } from '../errors.ts';
import type { JobWithRuns } from '../job-service.ts';
import { originWords } from './badges.ts';
import { jobAddress, progressOf } from './job-views.ts';
import { actorOf, makeOnce, newFormId, numberIn, type ProjectPageParts, PROJECTS } from './page-parts.ts';
import { runView } from './run-view.ts';

/** Under what a proxy waits for a reply. */
const WAIT_MS = 25_000;

/** A job of a project: begun, watched, cancelled, repeated, and each of its runs. */
export class JobPages {
  readonly #parts: ProjectPageParts;

  constructor(parts: ProjectPageParts) {
    this.#parts = parts;
  }

  routes(): Router {
    const loggedIn = forLoggedIn(this.#parts);
    const one = `${PROJECTS}/:id/jobs/:job`;
    return Router()
      .post(
        `${PROJECTS}/:id/jobs`,
        readBody,
        loggedIn((page) => this.#start(page)),
      )
      .get(
        one,
        loggedIn((page) => this.#show(page)),
      )
      .get(
        `${one}/progress`,
        loggedIn((page) => this.#watch(page)),
      )
      .post(
        `${one}/cancel`,
        readBody,
        loggedIn((page) => this.#cancel(page)),
      )
      .post(
        `${one}/restart`,
        readBody,
        loggedIn((page) => this.#restart(page)),
      )
      .get(
        `${one}/runs/:run`,
        loggedIn((page) => this.#showRun(page)),
      );
  }

  /** A job is found under its own project alone. */
  async #find(page: PageRequest): Promise<JobWithRuns> {
    const found = await this.#parts.jobs.job(actorOf(page), numberIn(page, 'job', 'job'));
    if (found.job.projectId !== numberIn(page, 'id', 'project')) throw new JobsNotFoundError('job');
    return found;
  }

  async #start(page: PageRequest): Promise<void> {
    const projectId = numberIn(page, 'id', 'project');
    const id = await makeOnce(this.#parts, page, () => this.#parts.jobs.startJob(actorOf(page), projectId));
    seeOther(page.response, jobAddress({ projectId, id }));
  }

  async #show(page: PageRequest): Promise<void> {
    const found = await this.#find(page);
    const { job } = found;
    const progress = progressOf(found);
    const data = {
      ...{ id: job.id, projectId: job.projectId, projectName: job.projectName, address: jobAddress(job) },
      ...{ origin: originWords(job), created_at: isoTime(job.createdAt), progress, formId: newFormId(this.#parts) },
    };
    show(this.#parts.renderPage, page, { page: { view: 'job', status: 200, data }, json: { id: job.id, ...progress } });
  }

  /** The job once it is another than `?version=`, or after a while. */
  async #watch(page: PageRequest): Promise<void> {
    const { request, response } = page;
    const { job } = await this.#find(page);
    const version = Number(queryParametersOf(request).get('version') ?? Number.NaN);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const options = { version, waitMs: WAIT_MS, signal: gone.signal };
    const found = await this.#parts.jobs.watchJob(actorOf(page), job.id, options);
    if (!gone.signal.aborted) response.json(progressOf(found));
  }

  async #cancel(page: PageRequest): Promise<void> {
    const { job } = await this.#find(page);
    await this.#parts.jobs.cancelJob(actorOf(page), job.id);
    replyDone(page, jobAddress(job));
  }

  async #restart(page: PageRequest): Promise<void> {
    const { job } = await this.#find(page);
    const id = await makeOnce(this.#parts, page, () => this.#parts.jobs.restartJob(actorOf(page), job.id));
    seeOther(page.response, jobAddress({ projectId: job.projectId, id }));
  }

  async #showRun(page: PageRequest): Promise<void> {
    const { job } = await this.#find(page);
    const { jobs, calls, renderPage } = this.#parts;
    const run = await jobs.testRun(actorOf(page), numberIn(page, 'run', 'test run'));
    if (run.jobId !== job.id) throw new JobsNotFoundError('test run');
    // It was placed for the owner of the job, whoever looks at it.
    const viewer = { ...job.owner, scope: 'own', clientId: job.clientId } as const;
    const call = run.tokenCall === null ? undefined : await calls.info(run.tokenCall, viewer).catch(() => undefined);
    const data = runView({ job, run, call });
    show(renderPage, page, { page: { view: 'test-run', status: 200, data }, json: data });
  }
}

import type { Request, Response, Router } from 'express';
import { refuseMethod } from '../../../http/refuse-method.ts';
import { noStore, send } from '../../../http/reply.ts';
import { admit, idIn, type JobRouteParts, refuseFields } from './admit.ts';
import { listParameters, nextLink, parseJobQuery } from './job-list.ts';
import { hasSeen, tagOf, waitIn, watchJob } from './job-watch.ts';
import { writeJunit } from './junit.ts';
import { replyWith, replyWithList } from './reply.ts';
import { representJob, representListedJob, representRun } from './representation.ts';

/** Where a job can be asked for. */
export const jobHref = (publicUrl: string, id: number): string => `${publicUrl}/api/v1/jobs/${id}.json`;

/** `/api/v1/jobs`, each job under it, and test runs. */
export class JobRoutes {
  readonly #parts: JobRouteParts;

  constructor(parts: JobRouteParts) {
    this.#parts = parts;
  }

  addTo(router: Router): void {
    router
      .route('/api/v1/jobs')
      .get((request, response) => this.#list(request, response))
      .all(refuseMethod('GET, HEAD, OPTIONS'));
    router
      .route('/api/v1/jobs/:id.junit.xml')
      .get((request, response) => this.#junit(request, response))
      .all(refuseMethod('GET, HEAD, OPTIONS'));
    router
      .route('/api/v1/jobs/:id')
      .get((request, response) => this.#read(request, response))
      .all(refuseMethod('GET, HEAD, OPTIONS'));
    router
      .route('/api/v1/jobs/:id/restart')
      .post((request, response) => this.#restart(request, response))
      .all(refuseMethod('POST, OPTIONS'));
    router
      .route('/api/v1/jobs/:id/cancel')
      .post((request, response) => this.#cancel(request, response))
      .all(refuseMethod('POST, OPTIONS'));
    router
      .route('/api/v1/test_runs/:id')
      .get((request, response) => this.#readRun(request, response))
      .all(refuseMethod('GET, HEAD, OPTIONS'));
  }

  async #list(request: Request, response: Response): Promise<void> {
    const needs = { permission: 'jobs:read', parameters: listParameters } as const;
    const { actor, query, format } = await admit(this.#parts, { request, response }, needs);
    const wanted = parseJobQuery(query);
    const { jobs, next } = await this.#parts.jobs.jobs(actor, wanted);
    const headers = next === null ? {} : { Link: nextLink(this.#parts.publicUrl, wanted, next) };
    replyWithList(response, jobs.map(representListedJob), { format, name: 'jobs', headers, next });
  }

  async #read(request: Request, response: Response): Promise<void> {
    const needs = { permission: 'jobs:read', parameters: ['wait'] } as const;
    const { actor, query, format } = await admit(this.#parts, { request, response }, needs);
    const wanted = { actor, id: idIn(request), format, waitMs: waitIn(query) };
    const job = await watchJob(this.#parts.jobs, { request, response }, wanted);
    if (job === undefined) return;
    const tag = tagOf(job, format);
    if (hasSeen(request, tag)) response.writeHead(304, { ETag: tag, ...noStore }).end();
    else replyWith(response, representJob(job), { format, name: 'job', headers: { ETag: tag } });
  }

  async #junit(request: Request, response: Response): Promise<void> {
    request.headers.accept = 'application/xml';
    const { actor } = await admit(this.#parts, { request, response }, { permission: 'jobs:read' });
    const job = await this.#parts.jobs.job(actor, idIn(request));
    send(response, { status: 200, contentType: 'application/xml; charset=utf-8', body: writeJunit(job) });
  }

  async #restart(request: Request, response: Response): Promise<void> {
    const { jobs, publicUrl } = this.#parts;
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:restart' });
    const before = idIn(request);
    await refuseFields(request, response);
    const { id } = await jobs.restartJob(actor, before);
    replyWith(response, { id }, { status: 201, format, name: 'job', headers: { Location: jobHref(publicUrl, id) } });
  }

  async #cancel(request: Request, response: Response): Promise<void> {
    const { jobs } = this.#parts;
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:write' });
    const id = idIn(request);
    await refuseFields(request, response);
    await jobs.cancelJob(actor, id);
    replyWith(response, representJob(await jobs.job(actor, id)), { format, name: 'job' });
  }

  async #readRun(request: Request, response: Response): Promise<void> {
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:read' });
    const run = await this.#parts.jobs.testRun(actor, idIn(request));
    replyWith(response, representRun(run), { format, name: 'test_run' });
  }
}

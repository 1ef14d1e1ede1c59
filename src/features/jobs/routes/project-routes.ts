import type { Request, Response, Router } from 'express';
import { refuseMethod } from '../../../http/refuse-method.ts';
import type { Actor } from '../job-service.ts';
import type { Project } from '../model.ts';
import { admit, idIn, type JobRouteParts, refuseFields } from './admit.ts';
import { jobHref } from './job-routes.ts';
import { readProject } from './project-body.ts';
import { replyWith, replyWithList, replyWithNothing } from './reply.ts';
import { representProject, representSummary } from './representation.ts';

/** `/api/v1/projects` and each project under it. */
export class ProjectRoutes {
  readonly #parts: JobRouteParts;

  constructor(parts: JobRouteParts) {
    this.#parts = parts;
  }

  addTo(router: Router): void {
    router
      .route('/api/v1/projects')
      .get((request, response) => this.#list(request, response))
      .post((request, response) => this.#create(request, response))
      .all(refuseMethod('GET, HEAD, POST, OPTIONS'));
    router
      .route('/api/v1/projects/:id')
      .get((request, response) => this.#read(request, response))
      .put((request, response) => this.#update(request, response))
      .delete((request, response) => this.#delete(request, response))
      .all(refuseMethod('GET, HEAD, PUT, DELETE, OPTIONS'));
    router
      .route('/api/v1/projects/:id/jobs')
      .post((request, response) => this.#start(request, response))
      .all(refuseMethod('POST, OPTIONS'));
  }

  async #list(request: Request, response: Response): Promise<void> {
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:read' });
    const projects = await this.#parts.jobs.projects(actor);
    replyWithList(response, projects.map(representSummary), { format, name: 'projects' });
  }

  async #create(request: Request, response: Response): Promise<void> {
    const { jobs, publicUrl } = this.#parts;
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:write' });
    const project = await jobs.createProject(actor, await readProject(request, response));
    const headers = { Location: `${publicUrl}/api/v1/projects/${project.id}.json` };
    replyWith(response, representProject(project, null), { status: 201, format, name: 'project', headers });
  }

  async #read(request: Request, response: Response): Promise<void> {
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:read' });
    const project = await this.#parts.jobs.project(actor, idIn(request));
    replyWith(response, await this.#shown(actor, project), { format, name: 'project' });
  }

  async #update(request: Request, response: Response): Promise<void> {
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:write' });
    const id = idIn(request);
    const project = await this.#parts.jobs.updateProject(actor, id, await readProject(request, response));
    replyWith(response, await this.#shown(actor, project), { format, name: 'project' });
  }

  async #delete(request: Request, response: Response): Promise<void> {
    const { actor } = await admit(this.#parts, { request, response }, { permission: 'jobs:write' });
    const id = idIn(request);
    await refuseFields(request, response);
    await this.#parts.jobs.deleteProject(actor, id);
    replyWithNothing(response);
  }

  async #start(request: Request, response: Response): Promise<void> {
    const { jobs, publicUrl } = this.#parts;
    const { actor, format } = await admit(this.#parts, { request, response }, { permission: 'jobs:write' });
    const projectId = idIn(request);
    await refuseFields(request, response);
    const { id } = await jobs.startJob(actor, projectId);
    replyWith(response, { id }, { status: 201, format, name: 'job', headers: { Location: jobHref(publicUrl, id) } });
  }

  async #shown(actor: Actor, project: Project): Promise<ReturnType<typeof representProject>> {
    const { jobs } = await this.#parts.jobs.jobs(actor, { projectId: project.id, limit: 1 });
    return representProject(project, jobs[0] ?? null);
  }
}

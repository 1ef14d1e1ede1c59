import { Router } from 'express';
import { queryParametersOf } from '../../../http/oauth/form.ts';
import { statusOf } from '../../../http/problem.ts';
import {
  forLoggedIn,
  noticeFor,
  type PageRequest,
  reloadOf,
  replyDone,
  seeOther,
  show,
} from '../../../web/login/page-request.ts';
import { readBody } from '../../../web/page/page-body.ts';
import type { FaultView, ProjectFormView } from '../../../web/page/project-page-data.ts';
import type { Job, ProjectSummary } from '../model.ts';
import { checkSchedule } from '../schedule.ts';
import { jobBadge } from './badges.ts';
import { jobAddress, jobRow, nextRunsInWords, timeZones } from './job-views.ts';
import { actorOf, makeOnce, newFormId, numberIn, type ProjectPageParts, PROJECTS } from './page-parts.ts';
import { draftOf, emptyForm, faultsOf, formOfProject, isRefusal, readProjectForm, typedForm } from './project-form.ts';

const notices = {
  created: 'The project is made. Run it when you like.',
  changed: 'The project is saved. The next job runs what it says now.',
  deleted: 'The project is deleted.',
};

const JOBS_SHOWN = 30;

interface Refused {
  readonly form: ProjectFormView;
  readonly faults: readonly FaultView[];
  readonly status: number;
}

interface Stored {
  readonly title: string;
  readonly form: ProjectFormView;
  readonly jobs: readonly Job[];
}

/** A project that is not made yet. */
const fresh: Stored = { title: 'New project', form: emptyForm, jobs: [] };

/** `/management/projects`: the list, and the editor of a project. */
export class ProjectPages {
  readonly #parts: ProjectPageParts;

  constructor(parts: ProjectPageParts) {
    this.#parts = parts;
  }

  routes(): Router {
    const loggedIn = forLoggedIn(this.#parts);
    const one = `${PROJECTS}/:id`;
    return Router()
      .get(
        PROJECTS,
        loggedIn((page) => this.#list(page)),
      )
      .get(
        `${PROJECTS}/new`,
        loggedIn((page) => this.#edit(page, undefined)),
      )
      .get(
        `${PROJECTS}/schedule`,
        loggedIn((page) => this.#schedule(page)),
      )
      .post(
        PROJECTS,
        readProjectForm,
        loggedIn((page) => this.#create(page)),
      )
      .get(
        one,
        loggedIn((page) => this.#edit(page, numberIn(page, 'id', 'project'))),
      )
      .post(
        one,
        readProjectForm,
        loggedIn((page) => this.#save(page)),
      )
      .get(
        `${one}/delete`,
        loggedIn((page) => this.#askToDelete(page)),
      )
      .post(
        `${one}/delete`,
        readBody,
        loggedIn((page) => this.#delete(page)),
      );
  }

  async #list(page: PageRequest): Promise<void> {
    const { jobs, clock, renderPage, publicUrl } = this.#parts;
    const actor = actorOf(page);
    const summaries = await jobs.projects(actor);
    const rows = await Promise.all(summaries.map((summary) => this.#row(page, summary)));
    const projects = rows.map(({ next, ...row }) => ({
      ...row,
      next_run: next && (nextRunsInWords(next, clock.now())[0] ?? null),
    }));
    const data = { projects, notice: noticeFor(page, notices), formId: newFormId(this.#parts), publicUrl };
    show(renderPage, page, { page: { view: 'projects', status: 200, data }, json: { projects } });
  }

  async #row(page: PageRequest, { project, lastJob }: ProjectSummary) {
    const last = lastJob && (await this.#parts.jobs.job(actorOf(page), lastJob.id)).job;
    return {
      id: project.id,
      name: project.name,
      owner: project.owner.userId === page.user.id ? undefined : project.owner.username,
      total_scripts: project.scripts.length,
      schedule: project.schedule,
      next: project.schedule === null ? null : project,
      last_job: last && { address: jobAddress(last), badge: jobBadge(last) },
    };
  }

  /** The next runs of a schedule that is being typed. */
  async #schedule({ request, response }: PageRequest): Promise<void> {
    await Promise.resolve();
    const query = queryParametersOf(request);
    const schedule = (query.get('schedule') ?? '').trim();
    const timeZone = query.get('time_zone') ?? 'UTC';
    const typed = { schedule: schedule === '' ? null : schedule, timeZone };
    const now = this.#parts.clock.now();
    try {
      checkSchedule({ name: '', scripts: [], parallel: 1, ...typed }, now);
      response.json({ next: nextRunsInWords(typed, now), fault: null });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      response.json({ next: [], fault: error.message });
    }
  }

  async #edit(page: PageRequest, id: number | undefined, refused?: Refused): Promise<void> {
    const stored = id === undefined ? fresh : await this.#stored(page, id);
    const { form, faults, status }: Refused = refused ?? { form: stored.form, faults: [], status: 200 };
    const schedule = { schedule: form.schedule.trim() || null, timeZone: form.timeZone };
    const data = {
      ...{ title: stored.title, id, form, faults, timeZones, jobs: stored.jobs.map(jobRow) },
      nextRuns: nextRunsInWords(schedule, this.#parts.clock.now()),
      sounds: (await this.#parts.jobs.sounds(actorOf(page))).map(({ name }) => name),
      notice: noticeFor(page, notices),
      formId: newFormId(this.#parts),
      ...reloadOf(status, `${PROJECTS}/${id ?? 'new'}`),
    };
    const json = { id: id ?? null, ...form, jobs: data.jobs, faults };
    show(this.#parts.renderPage, page, { page: { view: 'project', status, data }, json });
  }

  async #stored(page: PageRequest, id: number): Promise<Stored> {
    const { jobs } = this.#parts;
    const actor = actorOf(page);
    const project = await jobs.project(actor, id);
    const past = await jobs.jobs(actor, { projectId: id, limit: JOBS_SHOWN });
    return { title: project.name, form: formOfProject(project), jobs: past.jobs };
  }

  async #create(page: PageRequest): Promise<void> {
    const form = typedForm(page.request);
    const make = (): Promise<number> =>
      makeOnce(this.#parts, page, async () => this.#parts.jobs.createProject(actorOf(page), draftOf(form)));
    const id = await this.#orShow(page, undefined, { form, work: make });
    if (id !== undefined) seeOther(page.response, `${PROJECTS}/${id}?done=created`);
  }

  async #save(page: PageRequest): Promise<void> {
    const id = numberIn(page, 'id', 'project');
    const form = typedForm(page.request);
    const actor = actorOf(page);
    const work = async () => this.#parts.jobs.updateProject(actor, id, draftOf(form));
    const saved = await this.#orShow(page, id, { form, work });
    if (saved !== undefined) replyDone(page, `${PROJECTS}/${id}?done=changed`);
  }

  /** What was typed stays where something is wrong with it. */
  async #orShow<Made>(
    page: PageRequest,
    id: number | undefined,
    { form, work }: { readonly form: ProjectFormView; readonly work: () => Promise<Made> },
  ): Promise<Made | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isRefusal(error) || page.wants === 'json') throw error;
      await this.#edit(page, id, { form, faults: faultsOf(error), status: statusOf(error) });
      return undefined;
    }
  }

  async #askToDelete(page: PageRequest): Promise<void> {
    const id = numberIn(page, 'id', 'project');
    const { name } = await this.#parts.jobs.project(actorOf(page), id);
    const data = {
      title: `Delete ${name}?`,
      text: 'Its scripts and its schedule are gone for good. Its jobs stay readable for as long as jobs are kept.',
      action: `${PROJECTS}/${id}/delete`,
      button: 'Delete it',
      back: `${PROJECTS}/${id}`,
    };
    show(this.#parts.renderPage, page, { page: { view: 'confirm', status: 200, data }, json: { id, name } });
  }

  async #delete(page: PageRequest): Promise<void> {
    await this.#parts.jobs.deleteProject(actorOf(page), numberIn(page, 'id', 'project'));
    replyDone(page, `${PROJECTS}?done=deleted`);
  }
}

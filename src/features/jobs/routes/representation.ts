import type { XmlObject, XmlValue } from '../../../http/xml.ts';
import type { JobWithRuns } from '../job-service.ts';
import type { Job, Project, ProjectSummary, RunResult, Sound, TestRun } from '../model.ts';

/** What the API shows, before it is written as JSON or XML. */
type Shown = Readonly<Record<string, unknown>>;

const isoTime = (milliseconds: number | null): string | null =>
  milliseconds === null ? null : new Date(milliseconds).toISOString();

/** A project in the list. */
export const representSummary = ({ project, lastJob }: ProjectSummary): Shown => ({
  id: project.id,
  name: project.name,
  total_scripts: project.scripts.length,
  last_job: lastJob === null ? null : { id: lastJob.id, status: lastJob.status },
});

export const representProject = (project: Project, lastJob: ProjectSummary['lastJob']): Shown => ({
  id: project.id,
  name: project.name,
  scripts: project.scripts,
  parallel: project.parallel,
  schedule: project.schedule,
  time_zone: project.timeZone,
  next_run_at: isoTime(project.nextRunAt),
  total_scripts: project.scripts.length,
  last_job: lastJob === null ? null : { id: lastJob.id, status: lastJob.status },
  created_at: isoTime(project.createdAt),
  changed_at: isoTime(project.changedAt),
});

/** Exactly these fields, in this order: programs were written for them. */
export const representJob = ({ job, runs }: JobWithRuns): Shown => ({
  id: job.id,
  status: job.status,
  total_scripts: job.totalScripts,
  test_runs: runs.map(({ id, status }) => ({ id, status })),
  total_scripts_completed: job.completed,
});

/** A job in the list. */
export const representListedJob = (job: Job): Shown => ({
  id: job.id,
  project_id: job.projectId,
  status: job.status,
  total_scripts: job.totalScripts,
  total_scripts_completed: job.completed,
  passed: job.passed,
  failed: job.failed,
  started_at: isoTime(job.startedAt),
  ended_at: isoTime(job.endedAt),
});

const representHeard = (heard: RunResult['heard']): Shown | null =>
  heard && {
    level_dbov: heard.levelDbov,
    tone_hz: heard.toneHz,
    echo_delay_ms: heard.echoDelayMs,
    loss_percent: heard.lossPercent,
    jitter_ms: heard.jitterMs,
    r: heard.r,
    mos: heard.mos,
  };

/** Each step as the script has it, with what became of it. */
const representSteps = ({ script, result }: TestRun): readonly Shown[] =>
  (result?.steps ?? []).map(({ state, startedMs, endedMs, digits }, index) => ({
    ...script.steps[index],
    state,
    started_ms: startedMs,
    ended_ms: endedMs,
    digits,
  }));

export const representRun = (run: TestRun): Shown => ({
  id: run.id,
  job_id: run.jobId,
  script: run.script.name,
  number: run.script.number,
  status: run.status,
  reason: run.reason,
  started_at: isoTime(run.startedAt),
  ended_at: isoTime(run.endedAt),
  token_call: run.tokenCall,
  expectations: run.result?.expectations ?? [],
  steps: representSteps(run),
  heard: representHeard(run.result?.heard ?? null),
  levels: run.result?.heard?.levels ?? [],
  digits: run.result?.digits ?? '',
  retries: run.retries,
});

export const representSound = ({ name, durationMs, bytes, changedAt }: Sound): Shown => ({
  name,
  duration_ms: durationMs,
  bytes,
  changed_at: isoTime(changedAt),
});

const isObject = (value: unknown): value is Shown => typeof value === 'object' && value !== null;

/** A list of numbers is one element: its values, with blanks between them. */
const xmlValue = (value: unknown): XmlValue => {
  if (Array.isArray(value)) {
    return value.every(isObject) ? value.map(toXml) : value.map(String).join(' ');
  }
  return isObject(value) ? toXml(value) : (value as XmlValue);
};

/** The same for XML: what is null or not there is left out. */
export const toXml = (shown: Shown): XmlObject =>
  Object.fromEntries(
    Object.entries(shown)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, xmlValue(value)]),
  );

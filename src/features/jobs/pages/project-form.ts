import express, { type Request, type RequestHandler } from 'express';
import { FORM, formOf, UnsupportedFormError } from '../../../http/oauth/form.ts';
import { AppError } from '../../../shared/errors.ts';
import type { FaultView, ProjectFormView } from '../../../web/page/project-page-data.ts';
import { InvalidProjectError } from '../errors.ts';
import type { Project, ProjectDraft } from '../model.ts';
import { parseProject } from '../routes/project-body.ts';

/** 500 scripts of JSON, as a form writes them. */
const readText: RequestHandler = express.text({ type: FORM, limit: '3mb' });

/** Reads the body of the editor's form. */
export const readProjectForm: RequestHandler = (request, response, next) => {
  if (request.is(FORM) === false) next(new UnsupportedFormError());
  else readText(request, response, next);
};

export const emptyForm: ProjectFormView = { name: '', scripts: '[]', parallel: '1', schedule: '', timeZone: 'UTC' };

const writeScripts = (scripts: Project['scripts']): string => JSON.stringify(scripts, null, 2);

export const formOfProject = ({ name, scripts, parallel, schedule, timeZone }: Project): ProjectFormView => ({
  name,
  scripts: writeScripts(scripts),
  parallel: String(parallel),
  schedule: schedule ?? '',
  timeZone,
});

/** What was typed, as it was. */
export const typedForm = (request: Request): ProjectFormView => {
  const form = formOf(request);
  return {
    name: form.get('name') ?? '',
    scripts: form.get('scripts') ?? '',
    parallel: form.get('parallel') ?? '1',
    schedule: form.get('schedule') ?? '',
    timeZone: form.get('time_zone') ?? 'UTC',
  };
};

const parseScripts = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidProjectError('scripts', `is not JSON (${error instanceof Error ? error.message : ''})`, error);
  }
};

/**
 * What the form says of a project.
 * @throws InvalidProjectError where its scripts are no JSON
 * @throws InvalidRequestError as `parseProject` does
 */
export const draftOf = ({ name, scripts, parallel, schedule, timeZone }: ProjectFormView): ProjectDraft =>
  parseProject({
    name,
    scripts: parseScripts(scripts),
    parallel: /^\d+$/.test(parallel) ? Number(parallel) : parallel,
    schedule: schedule.trim() === '' ? null : schedule,
    time_zone: timeZone,
  });

/** What a person can mend; every other error is thrown on. */
export const isRefusal = (error: unknown): error is AppError =>
  error instanceof AppError && ['invalid', 'forbidden', 'conflict'].includes(error.kind);

/** Mistakes are told in one text, each sentence with its field at the front. */
const BETWEEN = /(?<=\.) (?=(?:name|scripts|parallel|schedule|time_zone)\b)/;
const FIELD = /^(?:name|scripts|parallel|schedule|time_zone)(?:\[\d+\]|\.\w+)*/;

/** Each mistake with its field. */
export const faultsOf = ({ message }: AppError): readonly FaultView[] =>
  message.split(BETWEEN).map((sentence) => ({ field: FIELD.exec(sentence)?.[0] ?? '', sentence }));

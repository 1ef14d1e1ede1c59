import { type Request, type Response, Router } from 'express';
import { NotFoundError } from '../errors.ts';
import { type Format, negotiateFormat, prefersHtml } from '../negotiate.ts';
import { send } from '../reply.ts';
import { writeXml, type XmlObject } from '../xml.ts';
import type { ProblemType } from './problem-type.ts';
import { problemTypes, problemTypeUrl } from './problem-types.ts';

/** A problem as its address shows it. */
export interface ProblemDescription extends ProblemType {
  readonly type: string;
  readonly code: string;
}

/** Shows a person one problem, or all of them. */
export type ShowProblems = (request: Request, response: Response, problems: readonly ProblemDescription[]) => void;

export interface ProblemTypesParts {
  /** Base of every address we hand out, without a slash at its end. */
  readonly publicUrl: string;
  readonly showPage: ShowProblems;
}

const contentTypes: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
};

/** It changes only with a new version of the service. */
const CACHEABLE = { 'Cache-Control': 'public, max-age=3600', Vary: 'Accept' };

const sendDocument = (request: Request, response: Response, name: string, content: XmlObject): void => {
  const format = negotiateFormat(request.headers.accept) ?? 'json';
  const body = format === 'json' ? JSON.stringify(content) : writeXml({ name, content });
  send(response, { status: 200, contentType: contentTypes[format], body, headers: CACHEABLE });
};

/** `GET /problems/<code>`: what a problem means and what to do about it; `GET /problems`: all of them. */
export const createProblemTypesRouter = ({ publicUrl, showPage }: ProblemTypesParts): Router => {
  const described = Array.from(problemTypes, ([code, { title, meaning, remedy }]) => {
    return { type: problemTypeUrl(publicUrl, code), code, title, meaning, remedy };
  });
  const router = Router();
  router.get('/problems', (request, response) => {
    if (prefersHtml(request)) showPage(request, response, described);
    else sendDocument(request, response, 'problems', { problems: described });
  });
  router.get('/problems/:code', (request, response) => {
    const problem = described.find(({ code }) => code === request.params.code);
    if (problem === undefined) throw new NotFoundError();
    if (prefersHtml(request)) showPage(request, response, [problem]);
    else sendDocument(request, response, 'problem_type', problem);
  });
  return router;
};

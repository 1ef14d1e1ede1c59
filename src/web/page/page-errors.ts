import type { ErrorRequestHandler, Request, Response } from 'express';
import { prefersHtml } from '../../http/negotiate.ts';
import { asAppError, statusOf } from '../../http/problem.ts';
import { pathOf } from '../../http/request-target.ts';
import type { Log } from '../../shared/log.ts';
import type { RenderPage, Visitor } from './page-renderer.ts';
import { createPageSecurityHeaders } from './security-headers.ts';

const titles: Readonly<Record<number, string>> = {
  400: 'This does not work',
  401: 'Please log in',
  403: 'This is not allowed',
  404: 'There is no such thing',
  405: 'This does not work',
  409: 'This is not possible now',
  413: 'That was too much',
  415: 'This does not work',
  421: 'This is not the right address',
  429: 'Too many attempts',
  503: 'Not available just now',
};

/** What is said of a fault of ours: nothing of our insides. */
const faultOfOurs = {
  title: 'Something went wrong here',
  detail: 'The fault is ours, and it was noted. Try again in a moment; if it stays, tell whoever runs this service.',
};

/** Where the form was that led to an error: a reload asks for that page, and does not send the form again. */
const pageBefore = (request: Request, publicUrl: string): string => {
  const referer = request.get('Referer') ?? '';
  if (!URL.canParse(referer)) return '/';
  return new URL(referer).origin === new URL(publicUrl).origin ? referer : '/';
};

/**
 * Shows a browser what was refused. Programs are answered by the handler of the whole application, which is next. With a
 * log, a fault of ours is logged and shown here too; without one it is left to the next.
 */
export const createPageErrorHandler = (deps: {
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
  readonly log?: Log;
}): ErrorRequestHandler => {
  const { renderPage, publicUrl, log } = deps;
  const setHeaders = createPageSecurityHeaders({ publicUrl, formTargets: 'own-pages' });

  const show = (thrown: unknown, request: Request, response: Response): void => {
    const error = asAppError(thrown);
    const status = statusOf(error);
    const said = error && { title: titles[status] ?? 'This does not work', detail: error.message };
    const retryAfter = error?.details?.['retryAfterSeconds'];
    if (typeof retryAfter === 'number') response.set('Retry-After', String(retryAfter));
    const reload = request.method === 'GET' ? {} : { reload: pageBefore(request, publicUrl) };
    const visitor = response.locals['visitor'] as Visitor | undefined;
    const page = { view: 'error', status, data: { ...(said ?? faultOfOurs), ...reload }, visitor } as const;
    void setHeaders(request, response, () => renderPage(response, page));
  };

  return (thrown: unknown, request, response, next) => {
    const isFault = asAppError(thrown) === undefined;
    if ((isFault && log === undefined) || response.headersSent || !prefersHtml(request)) {
      next(thrown);
      return;
    }
    if (isFault) log?.error({ err: thrown, method: request.method, path: pathOf(request.originalUrl) }, 'failed');
    show(thrown, request, response);
  };
};

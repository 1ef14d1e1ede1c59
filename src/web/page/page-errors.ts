import type { ErrorRequestHandler } from 'express';
import { prefersHtml } from '../../http/negotiate.ts';
import { asAppError, statusOf } from '../../http/problem.ts';
import type { RenderPage } from './page-renderer.ts';
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
};

/** Shows a browser what was refused. For programs, and faults of ours, the handler of the whole application is next. */
export const createPageErrorHandler = (deps: {
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
}): ErrorRequestHandler => {
  const setHeaders = createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'own-pages' });
  return (thrown: unknown, request, response, next) => {
    const error = asAppError(thrown);
    const status = statusOf(error);
    const title = titles[status];
    if (error === undefined || title === undefined || response.headersSent || !prefersHtml(request)) {
      next(thrown);
      return;
    }
    const { message: detail, details } = error;
    if (typeof details?.['retryAfterSeconds'] === 'number') {
      response.set('Retry-After', String(details['retryAfterSeconds']));
    }
    void setHeaders(request, response, () =>
      deps.renderPage(response, { view: 'error', status, data: { title, detail } }),
    );
  };
};

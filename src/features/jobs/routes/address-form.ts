import type { RequestHandler } from 'express';
import { pathOf, queryOf } from '../../../http/request-target.ts';

const BASE = /^\/api\/v1\//i;
/** JUnit's report is XML under any Accept; it has an address of its own. */
const FORM = /(?<!\.junit)\.(json|xml)\/?$/i;

/**
 * `/api/v1/jobs/7.xml` is `/api/v1/jobs/7` with the wish for XML: the end of the address takes the place of Accept, for
 * problems as well.
 */
export const readAddressForm: RequestHandler = (request, _response, next) => {
  const path = pathOf(request.url);
  const [end, form = ''] = (BASE.test(path) ? FORM.exec(path) : null) ?? [];
  if (end !== undefined) {
    const query = queryOf(request.url);
    request.url = path.slice(0, -end.length) + (query === '' ? '' : `?${query}`);
    request.headers.accept = `application/${form.toLowerCase()}`;
  }
  next();
};

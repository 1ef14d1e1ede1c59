import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { decodeBody, mediaTypeOf } from '../../../http/body.ts';
import { InvalidRequestError, UnsupportedMediaTypeError } from '../../../http/errors.ts';
import { receiveBody } from '../../../http/receive-body.ts';
import type { ProjectDraft } from '../model.ts';
import { scriptSchema } from '../script.ts';
import { faultsError, writePath } from './faults.ts';

const MAX_BYTES = 1024 * 1024;
const MOST_SCRIPTS = 500;
const MOST_AT_ONCE = 50;

/** What only the service says of a project: it is taken and ignored, so that what a GET gave can be sent back. */
const shown = z.unknown().optional();

/** The list is measured before its scripts are read: what is too long costs nothing. */
const scripts = z.array(z.unknown()).min(1).max(MOST_SCRIPTS).pipe(z.array(scriptSchema));

const projectSchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  scripts,
  parallel: z.number().int().min(1).max(MOST_AT_ONCE).default(1),
  schedule: z.string().trim().max(200).nullable().default(null),
  time_zone: z.string().trim().min(1).max(64).default('UTC'),
  id: shown,
  next_run_at: shown,
  total_scripts: shown,
  last_job: shown,
  created_at: shown,
  changed_at: shown,
});

/** No database and no XML keeps them: halves of characters, and what is no text at all. */
const UNPRINTABLE = /[\p{Cs}\p{Cc}]/u;

const refuseUnprintable = (value: unknown, path: readonly PropertyKey[]): void => {
  if (typeof value === 'string' && UNPRINTABLE.test(value)) {
    const field = writePath(path);
    throw new InvalidRequestError(`${field} has a character that cannot be printed.`, { details: { field } });
  }
  if (Array.isArray(value)) value.forEach((each, index) => refuseUnprintable(each, [...path, index]));
  else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) refuseUnprintable(each, [...path, key]);
  }
};

/**
 * Reads a project as its owner describes it.
 * @throws InvalidRequestError when a field is missing, wrong or unknown; it names it by its path
 */
export const parseProject = (body: unknown): ProjectDraft => {
  const parsed = projectSchema.safeParse(body);
  if (!parsed.success) throw faultsError(parsed.error, body);
  const { name, scripts: list, parallel, schedule, time_zone: timeZone } = parsed.data;
  refuseUnprintable({ name, scripts: list, schedule, time_zone: timeZone }, []);
  return { name, scripts: list, parallel, schedule: schedule === '' ? null : schedule, timeZone };
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidRequestError('The body is not JSON.', { cause });
  }
};

/**
 * Reads the body of a request as a project, up to 1 MiB of JSON.
 * @throws UnsupportedMediaTypeError when it is not JSON by its type
 * @throws BodyTooLargeError when it is longer
 * @throws InvalidRequestError when it is not a project
 */
export const readProject = async (request: IncomingMessage, response: ServerResponse): Promise<ProjectDraft> => {
  const contentType = request.headers['content-type'] ?? '';
  const mediaType = mediaTypeOf(contentType);
  if (mediaType !== 'application/json' && !mediaType.endsWith('+json')) {
    throw new UnsupportedMediaTypeError('A project is sent as JSON: add Content-Type: application/json.', {
      headers: { Accept: 'application/json' },
    });
  }
  const bytes = await receiveBody(request, { response, limitBytes: MAX_BYTES });
  return parseProject(parseJson(decodeBody(bytes, contentType)));
};

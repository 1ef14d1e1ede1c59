import express, { type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { formOf, readForm } from '../../http/oauth/form.ts';
import { InvalidFieldsError } from './errors.ts';

const readJson: RequestHandler = express.json({ limit: '32kb' });

/** Reads the body that a browser sends as a form, and a program perhaps as JSON; `fieldsOf` checks it. */
export const readBody: RequestHandler = (request, response, next) => {
  if (request.is('application/json') === false) readForm(request, response, next);
  else readJson(request, response, next);
};

/** Tells one form that was shown from others: what is sent twice was sent from the same one. */
export const formIdOf = (request: Request): string | undefined =>
  typeof request.body === 'string' ? formOf(request).get('form_id') : undefined;

/** Fields that a form may repeat become lists, as JSON has them. */
const formFields = (request: Request): Readonly<Record<string, unknown>> => {
  const form = formOf(request);
  return Object.fromEntries(
    Object.entries(form.toRecord()).map(([name, last]) => [name, form.isRepeated(name) ? form.all(name) : last]),
  );
};

/**
 * The fields of a body that `readBody` read.
 * @throws InvalidFieldsError that names each field which is missing or makes no sense
 */
export const fieldsOf = <Fields>(request: Request, schema: z.ZodType<Fields>): Fields => {
  const body: unknown = request.body;
  const parsed = schema.safeParse(typeof body === 'string' ? formFields(request) : (body ?? {}));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new InvalidFieldsError(faults.join('; '));
};
